package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON files: one, all below a folder, or those that match a pattern. Immutable.
 *
 * <p>A file is an array, a value per line (NDJSON), or values one after the other; which is found
 * out. An object is a row and its keys are columns, those of all objects of all files; a key that
 * an object lacks is null. Objects within become {@code STRUCT} or, where their keys vary a lot,
 * {@code MAP}; arrays become {@code LIST}. Types are found out from all values: a column of several
 * kinds is {@code JSON}, so that nothing is lost, and {@code col->'$.a'} and {@code json_extract}
 * reach into it. Whole numbers are {@code BIGINT}; with fractions among them, or beyond 64 bits,
 * {@code DOUBLE}, as JSON's numbers are: what must keep all digits is declared as {@code VARCHAR}
 * or {@code DECIMAL}.
 *
 * <p>Finding types out reads a file twice; declared columns are faster. A fraction in a column
 * declared as an integer is rounded, as DuckDB casts. DuckDB takes {@code NaN}, {@code Infinity}
 * and a comma too many at the end of an object or array for JSON.
 *
 * <p>A broken value fails the load, naming the file and, as far as DuckDB tells, the line; nothing
 * is kept, and no value is ever left out. A value takes 16 MiB at most, and {@value #DEEPEST}
 * levels of nesting: beyond some ten thousand DuckDB would crash. Folders such as {@code year=2024}
 * become columns, as for {@link ParquetSource}.
 */
public final class JsonSource extends FileSource {
  static final int DEEPEST = 500;

  /** Arrow takes types of 64 levels, and DuckDB takes seconds for 500. */
  private static final int DEEPEST_TYPE = 32;

  private static final String LABEL = "JSON";

  private final DeclaredColumns columns;
  private final boolean partitions;
  private final @Nullable Boolean records;
  private final int maximumDepth;

  JsonSource(FileSet files) {
    this(files, DeclaredColumns.NONE, true, null, DEEPEST_TYPE);
  }

  private JsonSource(
      FileSet files,
      DeclaredColumns columns,
      boolean partitions,
      @Nullable Boolean records,
      int maximumDepth) {
    super(files);
    this.columns = columns;
    this.partitions = partitions;
    this.records = records;
    this.maximumDepth = maximumDepth;
  }

  /**
   * Declares a column. Once one is declared, keys that are not are left out.
   *
   * @param name a key of the objects
   * @param type as DuckDB writes it
   */
  public JsonSource column(String name, String type) {
    return columns(Map.of(name, type));
  }

  /** Declares columns, in the order of the map. */
  public JsonSource columns(Map<String, String> types) {
    return new JsonSource(files(), this.columns.with(types), partitions, records, maximumDepth);
  }

  /**
   * Whether an object's keys are columns; otherwise there is one column named {@code json}. Found
   * out unless told.
   */
  public JsonSource records(boolean records) {
    return new JsonSource(files(), columns, partitions, records, maximumDepth);
  }

  /**
   * How many levels get types; what is deeper is {@code JSON}.
   *
   * @param levels 1 to {@value #DEEPEST_TYPE}, which it is unless told otherwise
   */
  public JsonSource maximumDepth(int levels) {
    if (levels < 1 || levels > DEEPEST_TYPE) {
      throw new IllegalArgumentException("levels (" + levels + ") must be 1 to " + DEEPEST_TYPE);
    }
    return new JsonSource(files(), columns, partitions, records, levels);
  }

  /** Whether folders such as {@code year=2024} become columns; they do unless told otherwise. */
  public JsonSource partitions(boolean partitions) {
    return new JsonSource(files(), columns, partitions, records, maximumDepth);
  }

  @Override
  String label() {
    return LABEL;
  }

  @Override
  Scan open(Scan.Context context) {
    FileSet.Found found = files().find(partitions);
    JsonScan scan = new JsonScan(found, columns, options(found));
    try {
      for (Path file : found.files()) {
        boolean empty = JsonDepth.require(file, DEEPEST, context.connection());
        if (empty && columns.isEmpty()) {
          throw new MlInfraException(
              ErrorCode.FILE_UNREADABLE,
              "'" + file.toAbsolutePath() + "' is empty: it has no value to tell the columns");
        }
      }
    } catch (SQLException e) {
      throw scan.failed(e);
    }
    return scan;
  }

  private String options(FileSet.Found found) {
    StringBuilder sql = new StringBuilder(", hive_partitioning = ").append(!found.keys().isEmpty());
    if (columns.isEmpty()) {
      // From a sample DuckDB would take late fractions for whole numbers and round them.
      sql.append(", sample_size = -1, union_by_name = ").append(!found.isOne());
      sql.append(", maximum_depth = ").append(maximumDepth);
    } else {
      sql.append(", columns = ").append(columns.sql());
    }
    if (records != null) {
      sql.append(", records = ").append(records);
    }
    return sql.toString();
  }

  private record JsonScan(FileSet.Found found, DeclaredColumns columns, String options)
      implements Scan {
    @Override
    public String from() {
      return found.from("read_json(" + found.marks() + options + ")");
    }

    @Override
    public List<@Nullable Object> parameters() {
      return found.patterns();
    }

    @Override
    public boolean guesses() {
      return columns.isEmpty();
    }

    @Override
    public String unit() {
      return "bytes";
    }

    @Override
    public long units() {
      return found.bytes();
    }

    @Override
    public RuntimeException failed(SQLException error) {
      RuntimeException mistake = columns.mistake(error);
      if (mistake != null) {
        return mistake;
      }
      if (!Errors.isOfAFile(error) || Errors.message(error).startsWith("Conversion Error")) {
        return Errors.of(error);
      }
      String message = Errors.message(error);
      for (Path file : found.files()) {
        if (found.isOne() || message.contains("\"" + Sql.path(file) + "\"")) {
          return Errors.reading(file, LABEL, error);
        }
      }
      return Errors.of(error);
    }
  }
}
