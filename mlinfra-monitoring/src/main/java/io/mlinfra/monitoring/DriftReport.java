package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.TextTable;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link DriftTest} found. Immutable and thread-safe.
 *
 * @param reference what was expected
 * @param current what came
 * @param psiThreshold from which PSI on a column has drifted
 * @param ksThreshold from which KS statistic on a column has drifted
 * @param columns the columns that both have, the one with the highest PSI first and those that were
 *     not judged last
 * @param schemaChanges the columns that only one has, or that hold another sort of values now
 */
public record DriftReport(
    Profile reference,
    Profile current,
    double psiThreshold,
    double ksThreshold,
    List<ColumnDrift> columns,
    List<SchemaChange> schemaChanges) {
  /**
   * A column that cannot be compared.
   *
   * @param name the column
   * @param reference its type in the reference, null if it is new
   * @param current its type in the current profile, null if it is gone
   */
  public record SchemaChange(
      String name, ColumnProfile.@Nullable Type reference, ColumnProfile.@Nullable Type current) {
    /** {@code 'carrier' (string) is missing}. */
    @Override
    public String toString() {
      if (reference == null) {
        return "'" + name + "' (" + show(current) + ") is new";
      }
      if (current == null) {
        return "'" + name + "' (" + show(reference) + ") is missing";
      }
      return "'" + name + "' was " + show(reference) + " and is " + show(current);
    }

    private static String show(ColumnProfile.@Nullable Type type) {
      return String.valueOf(type).toLowerCase(Locale.ROOT);
    }
  }

  public DriftReport {
    columns = List.copyOf(columns);
    schemaChanges = List.copyOf(schemaChanges);
  }

  /** Whether any column drifted. Changes of the schema are for the caller to judge. */
  public boolean drifted() {
    return columns.stream().anyMatch(ColumnDrift::drifted);
  }

  /** The columns that drifted, the one with the highest PSI first. */
  public List<ColumnDrift> driftedColumns() {
    return columns.stream().filter(ColumnDrift::drifted).toList();
  }

  /**
   * The column of that name.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it was not compared; the message
   *     lists those that were
   */
  public ColumnDrift column(String name) {
    return columns.stream()
        .filter(column -> column.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new MlInfraException(
                    ErrorCode.NAME_UNKNOWN,
                    "no column '"
                        + name
                        + "' was compared; those that were are "
                        + columns.stream()
                            .map(ColumnDrift::name)
                            .collect(Collectors.joining(", "))));
  }

  /** A table, one column of the data a line, in the order of {@link #columns}. */
  @Override
  public String toString() {
    TextTable table = new TextTable("column", "level", ">psi", ">ks", ">missing", ">was");
    for (ColumnDrift column : columns) {
      table.row(
          column.name(),
          column.level().name().toLowerCase(Locale.ROOT),
          Format.statistic(column.psi()),
          Format.statistic(column.ks()),
          Format.percent(column.currentMissing()),
          Format.percent(column.referenceMissing()));
    }
    StringBuilder text = new StringBuilder();
    text.append(Format.count(reference.rows())).append(" reference rows, ");
    text.append(Format.count(current.rows())).append(" current rows, ");
    text.append(driftedColumns().size()).append(" of ").append(columns.size());
    text.append(" columns drifted\n").append(table);
    for (SchemaChange change : schemaChanges) {
      text.append("column ").append(change).append('\n');
    }
    return text.toString();
  }

  /** The same for a notebook, with histograms: a fragment of HTML that brings its own style. */
  public String toHtml() {
    return Page.fragment(DriftHtml.of(this));
  }
}
