package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.duckdb.DuckDBConnection;

/**
 * The first line of a CSV file, read before DuckDB does: where a row is broken, DuckDB's own guess
 * at the delimiter is a table of one column.
 *
 * @param names of the columns, unique; {@code column0} and so on where there is no header
 * @param isEmpty whether there is no line at all
 */
record CsvHead(char delimiter, List<String> names, boolean isEmpty) {
  /** What DuckDB takes at most. */
  static final int LONGEST_LINE = 2_000_000;

  private static final String DELIMITERS = ",\t;|";

  private static final class BadLine extends IOException {
    private static final long serialVersionUID = 1;

    BadLine(long line, String what) {
      super("line " + line + ": " + what);
    }
  }

  /**
   * Reads a file's first line.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE}
   */
  static CsvHead read(Path file, CsvFormat format, DuckDBConnection connection)
      throws SQLException {
    try (Reader reader = open(file, format.encoding(), connection)) {
      String line = line(reader, format);
      if (line.isEmpty()) {
        char delimiter = format.delimiter() == null ? ',' : format.delimiter();
        return new CsvHead(delimiter, List.of(), true);
      }
      OptionalLong tooLong = CsvLines.tooLong(file, LONGEST_LINE);
      if (tooLong.isPresent()) {
        throw new BadLine(tooLong.getAsLong(), tooLong());
      }
      char delimiter = format.delimiter() == null ? delimiter(line, format) : format.delimiter();
      List<String> values = values(line, delimiter, format);
      return new CsvHead(delimiter, names(values, format.header()), false);
    } catch (BadLine e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file.toAbsolutePath() + "', " + e.getMessage(), e);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'" + file.toAbsolutePath() + "' is not readable as CSV: " + e.getMessage(),
          e);
    }
  }

  static Reader open(Path file, Charset encoding, DuckDBConnection connection)
      throws IOException, SQLException {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    if (isZstandard(file)) {
      return new StringReader(zstandard(file, connection));
    }
    InputStream in = Files.newInputStream(file);
    try {
      PushbackInputStream start =
          new PushbackInputStream(name.endsWith(".gz") ? new GZIPInputStream(in) : in, 3);
      byte[] mark = start.readNBytes(3);
      boolean little = mark.length > 1 && mark[0] == (byte) 0xFF && mark[1] == (byte) 0xFE;
      boolean big = mark.length > 1 && mark[0] == (byte) 0xFE && mark[1] == (byte) 0xFF;
      boolean wide = encoding.equals(StandardCharsets.UTF_16);
      if (big || (little && !wide)) {
        // DuckDB gives no rows for the one, and nonsense for the other.
        throw new IOException(
            big
                ? "it is UTF-16 with the high byte first, which DuckDB does not read"
                : "it is UTF-16; declare encoding(UTF_16)");
      }
      boolean utf8 =
          mark.length == 3
              && mark[0] == (byte) 0xEF
              && mark[1] == (byte) 0xBB
              && mark[2] == (byte) 0xBF;
      if (little) {
        start.unread(mark, 2, mark.length - 2);
      } else if (!utf8 || wide) {
        start.unread(mark);
      }
      return new BufferedReader(
          new InputStreamReader(start, wide ? StandardCharsets.UTF_16LE : encoding));
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  static boolean isZstandard(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".zst");
  }

  /** The first lines by DuckDB, as Java has no Zstandard. */
  private static String zstandard(Path file, DuckDBConnection connection) throws SQLException {
    StringBuilder lines = new StringBuilder();
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT line FROM read_csv(?, auto_detect = false, columns = {'line': 'VARCHAR'},"
                + " delim = '\u001f', quote = '', escape = '', header = false, skip = 0,"
                + " ignore_errors = true, hive_partitioning = false) LIMIT 20")) {
      statement.setString(1, Sql.pattern(file));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String line = rows.getString(1);
          lines.append(line == null ? "" : line).append('\n');
        }
      }
    }
    return lines.toString();
  }

  /** Up to the first line break outside quotes. */
  private static String line(Reader reader, CsvFormat format) throws IOException {
    StringBuilder line = new StringBuilder();
    boolean quoted = false;
    for (int c = reader.read(); c >= 0; c = reader.read()) {
      if (!quoted && (c == '\n' || c == '\r')) {
        if (c == '\r') {
          reader.mark(1);
          if (reader.read() != '\n') {
            reader.reset();
          }
        }
        if (line.toString().isBlank()) {
          throw new IOException("its first line is blank");
        }
        return line.toString();
      }
      if (c == format.quote()) {
        quoted = !quoted;
      }
      line.append((char) c);
      if (line.length() > LONGEST_LINE) {
        throw new BadLine(1, tooLong());
      }
    }
    if (quoted) {
      throw new BadLine(1, "a quote is never closed");
    }
    return line.toString();
  }

  static String tooLong() {
    return String.format(Locale.ROOT, "it has more than %,d characters", LONGEST_LINE);
  }

  /** The one that is there most often outside quotes. */
  private static char delimiter(String line, CsvFormat format) {
    int[] counts = new int[DELIMITERS.length()];
    boolean quoted = false;
    for (char c : line.toCharArray()) {
      if (c == format.quote()) {
        quoted = !quoted;
      } else if (!quoted && DELIMITERS.indexOf(c) >= 0) {
        counts[DELIMITERS.indexOf(c)]++;
      }
    }
    int best = 0;
    for (int i = 1; i < counts.length; i++) {
      if (counts[i] > counts[best]) {
        best = i;
      }
    }
    return DELIMITERS.charAt(best);
  }

  private static List<String> values(String line, char delimiter, CsvFormat format) {
    List<String> values = new ArrayList<>();
    StringBuilder value = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      char next = i + 1 < line.length() ? line.charAt(i + 1) : '\0';
      if (quoted && c == format.escape() && next == format.quote()) {
        value.append(next);
        i++;
      } else if (c == format.quote()) {
        quoted = !quoted;
      } else if (c == delimiter && !quoted) {
        values.add(value.toString());
        value.setLength(0);
      } else {
        value.append(c);
      }
    }
    values.add(value.toString());
    return values;
  }

  /** As DuckDB makes them unique. */
  private static List<String> names(List<String> values, boolean header) {
    List<String> names = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    for (String value : values) {
      String plain = header && !value.isEmpty() ? value : "column" + names.size();
      String name = plain;
      for (int i = 1; !taken.add(Sql.folded(name)); i++) {
        name = plain + "_" + i;
      }
      names.add(name);
    }
    return List.copyOf(names);
  }
}
