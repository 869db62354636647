package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.TextTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * A data set's summary: per column the counts, extremes, mean, spread, quantiles, number of
 * different values and frequent values of {@link ColumnProfile}. It takes one pass over data of any
 * size and some 30 KB per column, and profiles of parts merge to the profile of the whole.
 * Immutable and thread-safe.
 *
 * <p>Columns are those that a model takes ({@link io.mlinfra.core.data.ColumnType}), dates and
 * timestamps.
 *
 * <p>Equal rows in equal order give equal profiles with equal bytes, in whatever batches they come
 * and on whatever machine. Rows in another order, and parts that were merged, agree in the counts,
 * the extremes, the number of different values and everything {@linkplain ColumnProfile#isExact()
 * exact}; the rest agrees within the bounds that {@link ColumnProfile} states.
 *
 * <pre>{@code
 * Profile january = Profile.of(reader);
 * Profile winter = january.merge(february);
 * double median = winter.column("delay").quantile(0.5);
 * }</pre>
 */
public final class Profile {
  private final long rows;
  private final List<ColumnProfile> columns;

  Profile(long rows, List<ColumnProfile> columns) {
    this.rows = rows;
    this.columns = List.copyOf(columns);
  }

  /**
   * Summarises the batches that the reader has yet to give. The reader is borrowed: the caller
   * closes it. Dictionary-encoded columns are decoded.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column has a type without a
   *     summary or two have the same name; {@link ErrorCode#IO_FAILED} if reading fails
   */
  public static Profile of(ArrowReader reader) {
    try {
      Builder builder = builder();
      VectorSchemaRoot root = reader.getVectorSchemaRoot();
      builder.open(root, reader);
      while (reader.loadNextBatch()) {
        builder.accept(root, reader);
      }
      return builder.build();
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the rows to profile failed: " + e.getMessage(), e);
    }
  }

  /** A profile made batch by batch. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The profile of the rows of both.
   *
   * @throws IllegalArgumentException if the columns differ in name, type or order; the message
   *     names them
   */
  public Profile merge(Profile other) {
    if (!names().equals(other.names())) {
      Set<String> missing = new LinkedHashSet<>(names());
      other.names().forEach(missing::remove);
      Set<String> added = new LinkedHashSet<>(other.names());
      names().forEach(added::remove);
      throw new IllegalArgumentException(
          "the profiles have different columns: "
              + (missing.isEmpty() && added.isEmpty()
                  ? "the same in another order"
                  : "only the first has " + missing + ", only the second has " + added));
    }
    List<ColumnProfile> merged = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      ColumnProfile mine = columns.get(i);
      ColumnProfile theirs = other.columns.get(i);
      if (mine.type() != theirs.type()) {
        throw new IllegalArgumentException(
            "column '"
                + mine.name()
                + "' is "
                + mine.type()
                + " in the first profile and "
                + theirs.type()
                + " in the second");
      }
      merged.add(mine.merge(theirs));
    }
    return new Profile(rows + other.rows, merged);
  }

  public long rows() {
    return rows;
  }

  /** In the order of the data. */
  public List<ColumnProfile> columns() {
    return columns;
  }

  /**
   * The column of that name.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none; the message lists
   *     those there are
   */
  public ColumnProfile column(String name) {
    ColumnProfile found = find(name);
    if (found == null) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "the profile has no column '"
              + name
              + "'; its columns are "
              + String.join(", ", names()));
    }
    return found;
  }

  @Nullable ColumnProfile find(String name) {
    for (ColumnProfile column : columns) {
      if (column.name().equals(name)) {
        return column;
      }
    }
    return null;
  }

  private List<String> names() {
    return columns.stream().map(ColumnProfile::name).toList();
  }

  /** The profile as bytes, to be kept; equal profiles give equal bytes. */
  public byte[] toBytes() {
    return ProfileFormat.write(this);
  }

  /**
   * Reads what {@link #toBytes} gave, of this version of the library or an earlier one.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if the bytes are no profile, or a
   *     damaged one
   */
  public static Profile read(byte[] bytes) {
    return ProfileFormat.read(bytes);
  }

  /** Whether the other one is a profile with the same bytes. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Profile that
        && rows == that.rows
        && names().equals(that.names())
        && Arrays.equals(toBytes(), that.toBytes());
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(rows) + names().hashCode();
  }

  /** A table, one column of the data a line. */
  @Override
  public String toString() {
    TextTable table =
        new TextTable(
            "column",
            "type",
            ">missing",
            ">min",
            ">median",
            ">mean",
            ">max",
            ">std",
            ">distinct",
            "most frequent");
    for (ColumnProfile column : columns) {
      table.row(
          column.name(),
          column.type().name().toLowerCase(Locale.ROOT),
          Format.percent(column.missingRate()),
          column.show(column.min()),
          column.show(column.quantile(0.5)),
          column.show(column.mean()),
          column.show(column.max()),
          column.type() == ColumnProfile.Type.TIMESTAMP
              ? "–"
              : Format.number(column.standardDeviation()),
          (column.isExact() ? "" : "~") + Format.count(column.distinct()),
          column.mostFrequent(3).stream()
              .map(ColumnProfile.ValueCount::value)
              .collect(Collectors.joining(", ")));
    }
    return Format.count(rows) + " rows\n" + table;
  }

  /** The same for a notebook: a fragment of HTML that brings its own style. */
  public String toHtml() {
    return Page.fragment(ProfileHtml.of(this));
  }

  /**
   * Takes batches one by one. It may be asked for the profile so far at any time, and go on. Not
   * thread-safe; threads build profiles of their own and merge them.
   */
  public static final class Builder {
    private List<ArrowColumn> columns = List.of();
    private boolean open;
    private boolean broken;
    private long rows;

    private Builder() {}

    /**
     * Adds the rows of a batch, which is borrowed. The first batch says which columns there are.
     *
     * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a column has a type without a
     *     summary, two have the same name, or the columns are not those of the first batch
     */
    public Builder accept(VectorSchemaRoot batch) {
      return add(batch, null);
    }

    /** As {@link #accept(VectorSchemaRoot)}, with the dictionaries of encoded columns. */
    public Builder accept(VectorSchemaRoot batch, DictionaryProvider dictionaries) {
      return add(batch, dictionaries);
    }

    private Builder add(VectorSchemaRoot batch, @Nullable DictionaryProvider dictionaries) {
      requireUsable();
      open(batch, dictionaries);
      for (int i = 0; i < columns.size(); i++) {
        columns.get(i).check(batch.getVector(i), batch.getRowCount(), dictionaries);
      }
      broken = true;
      for (int i = 0; i < columns.size(); i++) {
        columns.get(i).read(batch.getVector(i), batch.getRowCount(), dictionaries);
      }
      broken = false;
      rows += batch.getRowCount();
      return this;
    }

    private void open(VectorSchemaRoot batch, @Nullable DictionaryProvider dictionaries) {
      List<Field> fields = batch.getSchema().getFields();
      if (!open) {
        Set<String> names = new HashSet<>();
        List<ArrowColumn> made = new ArrayList<>();
        for (Field field : fields) {
          if (!names.add(field.getName())) {
            throw new MlInfraException(
                ErrorCode.DATA_UNSUITABLE, "the column '" + field.getName() + "' is there twice");
          }
          made.add(new ArrowColumn(field, dictionaries));
        }
        columns = made;
        open = true;
        return;
      }
      boolean same = fields.size() == columns.size();
      for (int i = 0; same && i < fields.size(); i++) {
        same = columns.get(i).takes(fields.get(i));
      }
      if (!same) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the batch has the columns "
                + fields
                + ", and the first one had "
                + columns.stream().map(ArrowColumn::field).toList());
      }
    }

    /**
     * The profile of all rows so far.
     *
     * @throws IllegalStateException if no batch was taken, so that the columns are unknown, or
     *     reading one failed half-way
     */
    public Profile build() {
      requireUsable();
      if (!open) {
        throw new IllegalStateException("no batch was taken yet, so the columns are unknown");
      }
      return new Profile(rows, columns.stream().map(ArrowColumn::profile).toList());
    }

    private void requireUsable() {
      if (broken) {
        throw new IllegalStateException("reading an earlier batch failed half-way; start afresh");
      }
    }
  }
}
