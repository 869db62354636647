package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.duckdb.DuckDBConnection;

/** The rows that one read of CSV files put aside, in temporary tables of its connection. */
final class CsvRejects {
  private static final int LONGEST_TEXT = 1_000;
  private static final int SHOWN = 3;

  /** DuckDB takes no name that needs quotes. */
  private final String suffix = UUID.randomUUID().toString().replace('-', '_');

  private final String errors = "mlinfra_rejected_rows_" + suffix;
  private final String scans = "mlinfra_rejecting_scans_" + suffix;

  /** What has DuckDB put them aside. */
  String sql() {
    return ", store_rejects = true, rejects_table = "
        + Sql.literal(errors)
        + ", rejects_scan = "
        + Sql.literal(scans);
  }

  /**
   * The rows, in the order of files and lines.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if they are too many
   * @throws CsvAttempt.Guessed if a value did not fit a type that was guessed from the first rows
   */
  List<RejectedRow> read(DuckDBConnection connection, CsvSource source) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      requireDeclared(statement, source);
      long rows = count(statement);
      List<RejectedRow> all = rows(statement, source, rows > source.mostRejected() ? SHOWN : rows);
      if (rows <= source.mostRejected()) {
        return all;
      }
      StringJoiner first = new StringJoiner("; ");
      all.stream().limit(SHOWN).forEach(row -> first.add(row.toString()));
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          String.format(
              Locale.ROOT,
              "%s has %,d bad rows, more than the %,d that may be rejected: %s%s",
              source.files(),
              rows,
              source.mostRejected(),
              first,
              rows > SHOWN ? "; …" : ""));
    }
  }

  /** A row of several bad values stands there several times. */
  private String distinct() {
    return " FROM (SELECT DISTINCT file_path, line FROM "
        + Sql.quoted(errors)
        + " JOIN "
        + Sql.quoted(scans)
        + " USING (scan_id, file_id)";
  }

  private long count(Statement statement) throws SQLException {
    try (ResultSet count = statement.executeQuery("SELECT count(*)" + distinct() + ")")) {
      return count.next() ? count.getLong(1) : 0;
    }
  }

  private void requireDeclared(Statement statement, CsvSource source) throws SQLException {
    if (source.attempt().allRows()) {
      return;
    }
    try (ResultSet columns =
        statement.executeQuery(
            "SELECT DISTINCT column_name FROM "
                + Sql.quoted(errors)
                + " WHERE error_type = 'CAST'")) {
      while (columns.next()) {
        String column = columns.getString(1);
        if (source.columns().type(column) == null) {
          throw new CsvAttempt.Guessed("the type of column '" + column + "' was guessed");
        }
      }
    }
  }

  private List<RejectedRow> rows(Statement statement, CsvSource source, long most)
      throws SQLException {
    List<RejectedRow> all = new ArrayList<>();
    List<Long> starts = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "SELECT file_path, line, min(line_byte_position),"
                + " coalesce(first(column_name ORDER BY column_idx)"
                + " FILTER (error_type IN ('CAST', 'INVALID ENCODING')), ''),"
                + " string_agg(DISTINCT error_message, '\n' ORDER BY error_message),"
                + " left(first(csv_line ORDER BY column_idx), "
                + LONGEST_TEXT
                + "), max(length(csv_line)),"
                + " max(length(csv_line) - length(replace(rtrim(csv_line, chr(10) || chr(13)),"
                + " chr(10), ''))) FROM (SELECT DISTINCT file_path, line, line_byte_position,"
                + " column_idx, column_name, error_type, error_message, csv_line FROM "
                + Sql.quoted(errors)
                + " JOIN "
                + Sql.quoted(scans)
                + " USING (scan_id, file_id)) GROUP BY file_path, line ORDER BY file_path, line"
                + " LIMIT "
                + most)) {
      while (rows.next()) {
        StringJoiner reasons = new StringJoiner("; ");
        rows.getString(5).lines().forEach(reason -> reasons.add(CsvError.plain(reason)));
        String text = rows.getString(6);
        all.add(
            new RejectedRow(
                rows.getString(1),
                rows.getLong(2),
                rows.getString(4),
                CsvError.cut(reasons.toString(), LONGEST_TEXT),
                text == null ? "" : rows.getLong(7) > LONGEST_TEXT ? text + "…" : text));
        starts.add(rows.getLong(3) - 1);
      }
    }
    return source.format().encoding().equals(StandardCharsets.UTF_8) ? inLines(all, starts) : all;
  }

  /** DuckDB counts rows, and a row may have several lines. */
  private static List<RejectedRow> inLines(List<RejectedRow> rows, List<Long> starts) {
    List<RejectedRow> placed = new ArrayList<>(rows.size());
    int from = 0;
    while (from < rows.size()) {
      int to = from;
      while (to < rows.size() && rows.get(to).file().equals(rows.get(from).file())) {
        to++;
      }
      long[] lines = lines(Path.of(rows.get(from).file()), starts.subList(from, to));
      for (int i = from; i < to; i++) {
        RejectedRow row = rows.get(i);
        long line = lines.length == 0 ? row.line() : lines[i - from];
        placed.add(new RejectedRow(row.file(), line, row.column(), row.reason(), row.text()));
      }
      from = to;
    }
    return placed;
  }

  /** The lines at these offsets; none where that cannot be told. */
  private static long[] lines(Path file, List<Long> starts) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".zst")) {
      return new long[0];
    }
    long[] lines = new long[starts.size()];
    try (InputStream plain = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        InputStream in =
            name.endsWith(".gz")
                ? new BufferedInputStream(new GZIPInputStream(plain), 1 << 16)
                : plain) {
      long at = 0;
      long line = 1;
      for (int i = 0; i < lines.length; i++) {
        for (; at < starts.get(i); at++) {
          int c = in.read();
          if (c < 0) {
            return new long[0];
          }
          if (c == '\n') {
            line++;
          }
        }
        if (line == 1 && starts.get(i) > 0) {
          // Line breaks are of another kind.
          return new long[0];
        }
        lines[i] = line;
      }
      return lines;
    } catch (IOException e) {
      // The numbers are a help for people; DuckDB's are near.
      return new long[0];
    }
  }
}
