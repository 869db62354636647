package io.mlinfra.warehouse;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a CSV file is written.
 *
 * @param delimiter null: found out from the first line
 * @param escape that makes the next character plain inside quotes
 * @param nullText that stands for null; null: only nothing does
 * @param dateFormat as strftime has it; null: found out
 * @param timestampFormat as strftime has it; null: found out
 */
record CsvFormat(
    @Nullable Character delimiter,
    char quote,
    char escape,
    boolean header,
    @Nullable String nullText,
    Charset encoding,
    @Nullable String dateFormat,
    @Nullable String timestampFormat) {
  static final CsvFormat DEFAULT =
      new CsvFormat(null, '"', '"', true, null, StandardCharsets.UTF_8, null, null);

  /** A format that is being changed. */
  static final class Draft {
    @Nullable Character delimiter;
    char quote;
    char escape;
    boolean header;
    @Nullable String nullText;
    Charset encoding;
    @Nullable String dateFormat;
    @Nullable String timestampFormat;

    private Draft(CsvFormat format) {
      delimiter = format.delimiter;
      quote = format.quote;
      escape = format.escape;
      header = format.header;
      nullText = format.nullText;
      encoding = format.encoding;
      dateFormat = format.dateFormat;
      timestampFormat = format.timestampFormat;
    }
  }

  /** This format with changes. */
  CsvFormat with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new CsvFormat(
        draft.delimiter,
        draft.quote,
        draft.escape,
        draft.header,
        draft.nullText,
        draft.encoding,
        draft.dateFormat,
        draft.timestampFormat);
  }

  /**
   * What DuckDB is told. All that it would find out for itself in ways that lose data stands here:
   * it turns quotes off where one is never closed, skips first lines that have too few columns, and
   * takes broken rows for comments.
   */
  String sql(char found) {
    StringBuilder sql = new StringBuilder(", delim = ").append(literal(found));
    sql.append(", quote = ").append(literal(quote));
    sql.append(", escape = ").append(literal(escape));
    sql.append(", header = ").append(header);
    sql.append(", skip = 0, comment = '', strict_mode = true, null_padding = false");
    if (nullText != null) {
      sql.append(", nullstr = ['', ").append(Sql.literal(nullText)).append(']');
    }
    if (!encoding.equals(StandardCharsets.UTF_8)) {
      sql.append(", encoding = ")
          .append(encoding.equals(StandardCharsets.ISO_8859_1) ? "'latin-1'" : "'utf-16'");
    }
    if (dateFormat != null) {
      sql.append(", dateformat = ").append(Sql.literal(dateFormat));
    }
    if (timestampFormat != null) {
      sql.append(", timestampformat = ").append(Sql.literal(timestampFormat));
    }
    return sql.toString();
  }

  private static String literal(char c) {
    return Sql.literal(String.valueOf(c));
  }
}
