package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/** The rows of CSV files. */
final class CsvScan implements Scan {
  private final CsvSource source;
  private final Scan.Context context;
  private final FileSet.Found found;
  private final CsvHeads heads;
  private final CsvRejects rejects = new CsvRejects();

  CsvScan(CsvSource source, Scan.Context context, FileSet.Found found, CsvHeads heads) {
    this.source = source;
    this.context = context;
    this.found = found;
    this.heads = heads;
  }

  /**
   * One read of all files where they are alike; otherwise, and because DuckDB does not put rows
   * aside while it matches columns by name, one for each.
   */
  @Override
  public String from() {
    boolean found = isSniffed(heads.first());
    boolean several = heads.heads().size() > 1;
    if (!several || (heads.areAlike() && !(found && source.attempt().rejecting()))) {
      return read(this.found.marks(), heads.first(), found && several);
    }
    List<String> reads = new ArrayList<>();
    heads.heads().forEach(head -> reads.add("SELECT * FROM " + read("[?]", head, false)));
    return "(" + String.join(" UNION ALL BY NAME ", reads) + ")";
  }

  private boolean isSniffed(CsvHead head) {
    return !head.isEmpty()
        && (source.columns().isEmpty()
            || (source.format().header()
                && head.names().stream().anyMatch(name -> source.columns().type(name) == null)));
  }

  private String read(String files, CsvHead head, boolean byName) {
    DeclaredColumns columns = source.columns();
    CsvAttempt attempt = source.attempt();
    StringBuilder sql = new StringBuilder("read_csv(").append(files);
    sql.append(source.format().sql(head.delimiter()));
    sql.append(", hive_partitioning = ").append(!found.keys().isEmpty());
    if (!isSniffed(head)) {
      sql.append(", auto_detect = false, columns = ")
          .append(source.format().header() ? columns.sql(head.names()) : columns.sql());
    } else if (!columns.isEmpty()) {
      sql.append(", types = ").append(columns.sql(head.names()));
    }
    if (byName) {
      sql.append(", union_by_name = true");
    }
    if (attempt.allRows() && isSniffed(head)) {
      sql.append(", sample_size = -1");
    }
    if (attempt.oneThread()) {
      sql.append(", parallel = false");
    }
    if (attempt.rejecting()) {
      sql.append(rejects.sql());
    }
    return found.from(sql.append(')').toString());
  }

  @Override
  public List<@Nullable Object> parameters() {
    return found.patterns();
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
  public List<RejectedRow> rejected() throws SQLException {
    return source.attempt().rejecting() ? rejects.read(context.connection(), source) : List.of();
  }

  /** Refuses what one thread would lose. */
  void audit() throws SQLException {
    for (int i = 0; i < heads.heads().size(); i++) {
      Optional<RejectedRow> endless =
          CsvAudit.look(
              found.files().get(i),
              source.format(),
              heads.heads().get(i).delimiter(),
              context.connection());
      if (endless.isPresent()) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, "'" + endless.get().file() + "'" + told(endless.get()));
      }
    }
  }

  private static String told(RejectedRow row) {
    return new CsvError(row.file(), row.line(), row.column(), row.reason(), row.text()).told();
  }

  @Override
  public RuntimeException failed(SQLException error) {
    RuntimeException mistake = source.columns().mistake(error);
    if (mistake != null) {
      return mistake;
    }
    String message = Errors.message(error);
    CsvError bad = CsvError.parse(message);
    if (bad == null || bad.line() == 0) {
      MlInfraException found = Errors.isOfAFile(error) ? look(error) : null;
      if (found != null) {
        return found;
      }
    }
    if (bad == null) {
      boolean converted = message.startsWith("Conversion Error");
      return Errors.isOfAFile(error) && !converted && found.isOne()
          ? Errors.reading(found.files().get(0), source.label(), error)
          : Errors.of(error);
    }
    return unreadable(
        bad.file().isEmpty() ? found.files().get(0) : Path.of(bad.file()), bad, error);
  }

  private static MlInfraException unreadable(Path file, CsvError bad, SQLException error) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE,
        "'"
            + file.toAbsolutePath()
            + "'"
            + (bad.line() > 0 ? "" : " is not readable as CSV")
            + bad.told(),
        error);
  }

  /** Where DuckDB gave up while it looked for types, it does not say at which row. */
  private @Nullable MlInfraException look(SQLException error) {
    try (DuckDBConnection connection = context.database().connect()) {
      for (int i = 0; i < heads.heads().size(); i++) {
        CsvHead head = heads.heads().get(i);
        if (head.isEmpty()) {
          continue;
        }
        Path file = found.files().get(i);
        Optional<RejectedRow> lost =
            CsvAudit.look(file, source.format(), head.delimiter(), connection);
        StringJoiner text = new StringJoiner(", ", "{", "}");
        for (int c = 0; c < head.names().size(); c++) {
          text.add("'column" + c + "': 'VARCHAR'");
        }
        try (PreparedStatement read =
            connection.prepareStatement(
                "SELECT max(hash(t)) FROM read_csv(?"
                    + source.format().sql(head.delimiter())
                    + ", auto_detect = false, parallel = false, hive_partitioning = false,"
                    + " columns = "
                    + text
                    + ") t")) {
          read.setString(1, Sql.pattern(file));
          drain(read);
        } catch (SQLException e) {
          CsvError bad = CsvError.parse(Errors.message(e));
          return bad == null ? Errors.reading(file, source.label(), e) : unreadable(file, bad, e);
        }
        if (lost.isPresent()) {
          return new MlInfraException(
              ErrorCode.FILE_UNREADABLE, "'" + lost.get().file() + "'" + told(lost.get()), error);
        }
      }
    } catch (SQLException e) {
      error.addSuppressed(e);
    }
    return null;
  }

  /** Results are lazy: a statement whose rows nobody asks for does not run. */
  static void drain(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        // There is one.
      }
    }
  }
}
