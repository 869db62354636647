package io.mlinfra.warehouse;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The first rows of a result, for people: {@link #toString()} for a shell, {@link #toHtml()} for a
 * notebook. Immutable; it keeps no more than what it shows, where long values are cut, control
 * characters replaced, and at most 50 columns there. Moments are in UTC.
 */
public final class Preview {
  private static final int MOST_COLUMNS = 50;
  private static final int WIDEST = 200;
  private static final long MOST_COUNTED = 100_000;

  private static final Set<String> NUMBERS =
      Set.of(
          "TINYINT",
          "SMALLINT",
          "INTEGER",
          "BIGINT",
          "HUGEINT",
          "UTINYINT",
          "USMALLINT",
          "UINTEGER",
          "UBIGINT",
          "UHUGEINT",
          "FLOAT",
          "DOUBLE");

  private static final String STYLE =
      """
      .mlinfra-preview { font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, \
      "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; \
      overflow-x: auto; }
      .mlinfra-preview table { border-collapse: collapse; margin: 8px 0; }
      .mlinfra-preview th, .mlinfra-preview td { text-align: left; vertical-align: top; \
      padding: 3px 16px 3px 0; border-top: 1px solid rgba(128, 128, 128, 0.35); \
      overflow-wrap: anywhere; max-width: 40em; }
      .mlinfra-preview th span { display: block; font-weight: 400; opacity: 0.7; }
      .mlinfra-preview .number { text-align: right; }
      .mlinfra-preview i, .mlinfra-preview p { opacity: 0.7; }
      """;

  private final List<String> names;
  private final List<String> types;
  private final List<@Nullable String[]> rows;
  private final long count;
  private final int columns;

  private Preview(
      List<String> names,
      List<String> types,
      List<@Nullable String[]> rows,
      long count,
      int columns) {
    this.names = names;
    this.types = types;
    this.rows = rows;
    this.count = count;
    this.columns = columns;
  }

  /** So many rows are read in order to show these. */
  static long most(int rows) {
    return Math.max(MOST_COUNTED, rows) + 1;
  }

  /** Reads so many rows, and counts the rest. */
  static Preview of(Call call, int most) throws SQLException {
    try (ResultSet rows = call.rows()) {
      Values values = new Values(rows, call.columns(rows));
      int columns = values.names().size();
      int width = Math.min(columns, MOST_COLUMNS);
      List<@Nullable String[]> shown = new ArrayList<>();
      long count = 0;
      while (count < most(most) && rows.next()) {
        if (count++ < most) {
          @Nullable String[] row = new @Nullable String[width];
          for (int i = 0; i < width; i++) {
            row[i] = text(rows, values, i);
          }
          shown.add(row);
        }
      }
      return new Preview(
          tame(values.names().subList(0, width)),
          tame(values.types().subList(0, width)),
          shown,
          count,
          columns);
    }
  }

  private static @Nullable String text(ResultSet rows, Values values, int column)
      throws SQLException {
    String type = values.types().get(column);
    if (values.isNested(column) || type.equals("DATE") || type.startsWith("TIMESTAMP")) {
      return time(rows, values, column);
    }
    Object value = values.get(column);
    if (value == null) {
      return null;
    }
    if (value instanceof byte[] bytes) {
      // As DuckDB writes a BLOB, but for what can be read.
      String hex = HexFormat.of().formatHex(Arrays.copyOf(bytes, Math.min(bytes.length, WIDEST)));
      return tame(hex.replaceAll("(..)", "\\\\x$1"), WIDEST);
    }
    return tame(value.toString(), WIDEST);
  }

  /** The driver writes nested values in full; other times depend on the machine's zone there. */
  private static @Nullable String time(ResultSet rows, Values values, int column)
      throws SQLException {
    if (values.isNested(column)) {
      String text = rows.getString(column + 1);
      return text == null ? null : tame(text, WIDEST);
    }
    String type = values.types().get(column);
    if (type.equals("DATE")) {
      Object date = rows.getObject(column + 1);
      return date == null ? null : date.toString();
    }
    if (type.endsWith("TIME ZONE")) {
      OffsetDateTime moment = rows.getObject(column + 1, OffsetDateTime.class);
      return moment == null
          ? null
          : written(moment.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime()) + "Z";
    }
    LocalDateTime time = rows.getObject(column + 1, LocalDateTime.class);
    return time == null ? null : written(time);
  }

  private static String written(LocalDateTime time) {
    return time.toLocalDate() + " " + time.toLocalTime();
  }

  private static List<String> tame(List<String> texts) {
    return texts.stream().map(text -> tame(text, WIDEST)).toList();
  }

  /** On one line, nothing that a shell or the writing direction obeys, at most so long. */
  static String tame(String text, int longest) {
    StringBuilder out = new StringBuilder();
    int points = 0;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      i += Character.charCount(point);
      if (points == longest - 1 && i < text.length()) {
        return out.append('…').toString();
      }
      points++;
      out.appendCodePoint(point == '\n' ? '↵' : isHarmless(point) ? point : 0xFFFD);
    }
    return out.toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  private boolean isNumber(int column) {
    String type = types.get(column);
    return NUMBERS.contains(type) || type.startsWith("DECIMAL(") && !type.endsWith("]");
  }

  private String footer() {
    String all =
        count > MOST_COUNTED && count > rows.size()
            ? "more than " + Format.count(count - 1)
            : Format.count(count);
    String unit = count == 1 ? " row" : " rows";
    String text =
        rows.size() == count ? all + unit : Format.count(rows.size()) + " of " + all + unit;
    return names.size() == columns
        ? text
        : text + ", " + names.size() + " of " + Format.count(columns) + " columns";
  }

  /** A table with the columns' types, and how many rows there are. */
  @Override
  public String toString() {
    String[] alignment = new String[names.size()];
    for (int i = 0; i < alignment.length; i++) {
      alignment[i] = isNumber(i) ? ">" : "";
    }
    TextTable table = new TextTable(alignment);
    table.row(names.toArray(String[]::new));
    table.row(types.toArray(String[]::new));
    for (@Nullable String[] row : rows) {
      table.row(
          Arrays.stream(row).map(cell -> cell == null ? "NULL" : cell).toArray(String[]::new));
    }
    // The headings are a row, since one of them may begin with the mark of a number.
    return table.toString().substring(1) + footer() + "\n";
  }

  /** The same as a piece of HTML that brings its style and needs nothing else. */
  public String toHtml() {
    Html html = new Html();
    html.markup("<div class=\"mlinfra-preview\"><style>\n" + STYLE + "</style>\n<table><tr>");
    for (int i = 0; i < names.size(); i++) {
      html.markup("<th" + style(i) + ">{}<span>{}</span></th>", names.get(i), types.get(i));
    }
    html.markup("</tr>\n");
    for (@Nullable String[] row : rows) {
      html.markup("<tr>");
      for (int i = 0; i < row.length; i++) {
        String cell = row[i];
        html.markup("<td" + style(i) + ">");
        if (cell == null) {
          html.markup("<i>NULL</i>");
        } else {
          html.text(cell);
        }
        html.markup("</td>");
      }
      html.markup("</tr>\n");
    }
    return html.markup("</table>\n<p>{}</p>\n</div>\n", footer()).toString();
  }

  private String style(int column) {
    return isNumber(column) ? " class=\"number\"" : "";
  }
}
