package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/**
 * Parquet files: one, all below a folder, or those that match a pattern. Immutable.
 *
 * <p>Many files are read in the order of their paths and must have the same columns, in any order;
 * a load that {@linkplain Load evolves} takes files with more or fewer columns and fills up with
 * nulls. A column that has another type in another file is always an error: DuckDB would silently
 * round or cut its values. Folders such as {@code year=2024/month=01} become columns; their types
 * are found out, and stay text where a number would lose a leading zero. Files and folders that
 * begin with {@code .} or {@code _} are left out, unless a pattern names them; links to folders are
 * not followed.
 */
public final class ParquetSource extends FileSource {
  private static final String LABEL = "Parquet";

  private final boolean partitions;

  ParquetSource(FileSet files) {
    this(files, true);
  }

  private ParquetSource(FileSet files, boolean partitions) {
    super(files);
    this.partitions = partitions;
  }

  /** Whether folders such as {@code year=2024} become columns; they do unless told otherwise. */
  public ParquetSource partitions(boolean partitions) {
    return new ParquetSource(files(), partitions);
  }

  @Override
  String label() {
    return LABEL;
  }

  @Override
  Scan open(Scan.Context context) {
    FileSet.Found found = files().find(partitions);
    ParquetScan scan = new ParquetScan(context, found);
    if (!found.isOne() || !found.keys().isEmpty()) {
      try {
        ParquetColumns.require(context.connection(), found, context.evolve());
      } catch (SQLException e) {
        throw scan.failed(e);
      }
    }
    return scan;
  }

  private record ParquetScan(Scan.Context context, FileSet.Found found) implements Scan {
    @Override
    public List<@Nullable Object> parameters() {
      return found.patterns();
    }

    @Override
    public String from() {
      return found.from(
          "read_parquet("
              + found.marks()
              + ", hive_partitioning = "
              + !found.keys().isEmpty()
              + (context.evolve() && !found.isOne() ? ", union_by_name = true)" : ")"));
    }

    @Override
    public boolean prunes() {
      return true;
    }

    @Override
    public String unit() {
      return "rows";
    }

    /** How many rows the files say they have. */
    @Override
    public long units() throws SQLException {
      try (DuckDBPreparedStatement count =
          context
              .connection()
              .prepare("SELECT sum(num_rows) FROM parquet_file_metadata(" + found.marks() + ")")) {
        Parameters.bind(count, found.patterns().toArray());
        try (ResultSet rows = count.executeQuery()) {
          return rows.next() ? rows.getLong(1) : 0;
        }
      }
    }

    /** DuckDB does not always name the file, so each is read alone until one fails. */
    @Override
    public RuntimeException failed(SQLException error) {
      // Reading Parquet converts nothing; the table does.
      if (!Errors.isOfAFile(error) || Errors.message(error).startsWith("Conversion Error")) {
        return Errors.of(error);
      }
      if (found.isOne()) {
        return Errors.reading(found.files().get(0), LABEL, error);
      }
      try (DuckDBConnection connection = context.database().connect()) {
        for (Path file : found.files()) {
          try (PreparedStatement read =
              connection.prepareStatement(
                  "SELECT max(hash(t)) FROM read_parquet(?, hive_partitioning = false) t")) {
            read.setString(1, Sql.pattern(file));
            CsvScan.drain(read);
          } catch (SQLException e) {
            return Errors.reading(file, LABEL, e);
          }
        }
      } catch (SQLException e) {
        error.addSuppressed(e);
      }
      return Errors.of(error);
    }
  }
}
