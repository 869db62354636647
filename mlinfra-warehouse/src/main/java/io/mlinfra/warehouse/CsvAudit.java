package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import org.duckdb.DuckDBConnection;

/**
 * Looks for a row that has no end: its quote is open until the file ends, or for more than {@value
 * CsvHead#LONGEST_LINE} characters. Where DuckDB 1.5.6 reads with one thread it neither loads nor
 * rejects such rows, nor some of those that follow.
 */
final class CsvAudit {
  private static final int LONGEST_TEXT = 1_000;

  private final CsvFormat format;
  private final char delimiter;
  private final StringBuilder text = new StringBuilder();
  private boolean quoted;
  private boolean valueStarts = true;
  private boolean closing;
  private boolean escaped;
  private long length;
  private long line = 1;
  private long started = 1;

  private CsvAudit(CsvFormat format, char delimiter) {
    this.format = format;
    this.delimiter = delimiter;
  }

  /**
   * The first such row.
   *
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} for Zstandard, which Java does not
   *     have
   */
  static Optional<RejectedRow> look(
      Path file, CsvFormat format, char delimiter, DuckDBConnection connection)
      throws SQLException {
    if (CsvHead.isZstandard(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'"
              + file.toAbsolutePath()
              + "' has a bad row, and those of Zstandard files cannot be told one by one");
    }
    CsvAudit audit = new CsvAudit(format, delimiter);
    try (Reader reader = CsvHead.open(file, format.encoding(), connection)) {
      char[] chars = new char[1 << 15];
      for (int read = reader.read(chars); read >= 0; read = reader.read(chars)) {
        for (int i = 0; i < read; i++) {
          audit.take(chars[i]);
        }
        if (audit.length > CsvHead.LONGEST_LINE) {
          break;
        }
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'" + file.toAbsolutePath() + "' is not readable as CSV: " + e.getMessage(),
          e);
    }
    return audit.rest(Sql.path(file));
  }

  private void take(char c) {
    if (c == '\n') {
      line++;
    }
    if (!quoted && (c == '\n' || c == '\r')) {
      text.setLength(0);
      length = 0;
      started = line;
      valueStarts = true;
      return;
    }
    length++;
    if (text.length() < LONGEST_TEXT) {
      text.append(c);
    }
    if (!quoted) {
      quoted = valueStarts && c == format.quote();
      closing = false;
      escaped = false;
      valueStarts = c == delimiter || (valueStarts && c == ' ');
    } else if (escaped) {
      escaped = false;
    } else if (closing) {
      quotedAfterQuote(c);
    } else if (c == format.quote()) {
      closing = true;
    } else {
      escaped = c == format.escape();
    }
  }

  private void quotedAfterQuote(char c) {
    closing = false;
    if (c == format.quote() && format.escape() == format.quote()) {
      return;
    }
    // The value has ended, as it should or not.
    quoted = false;
    valueStarts = c == delimiter;
    if (c == '\n' || c == '\r') {
      text.setLength(0);
      length = 0;
      started = line;
      valueStarts = true;
    }
  }

  private Optional<RejectedRow> rest(String file) {
    boolean open = quoted && !closing;
    if (!open && length <= CsvHead.LONGEST_LINE) {
      return Optional.empty();
    }
    String reason = open ? "a quote is never closed" : CsvHead.tooLong();
    return Optional.of(
        new RejectedRow(file, started, "", reason, text + (length > text.length() ? "…" : "")));
  }
}
