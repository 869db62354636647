package io.mlinfra.warehouse;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What DuckDB says of a bad row, without what it advises to do with options that are not there. */
record CsvError(String file, long line, String column, String reason, String text) {
  static final int LONGEST_TEXT = 200;

  private static final Pattern LINE = Pattern.compile("CSV Error on Line: (\\d+)");
  private static final Pattern FILE = Pattern.compile("(?m)^  file = (.*)$");
  private static final Pattern COLUMN = Pattern.compile("column \"(.*?)\"");
  private static final Pattern REASON =
      Pattern.compile(
          "(?m)^(?:Error when converting column.*|Expected Number of Columns.*"
              + "|Value with unterminated quote.*|Invalid unicode.*|Maximum line size.*"
              + "|The CSV Parser state machine.*)$");
  private static final String ORIGINAL = "Original Line: ";
  private static final String MACHINE = "CSV Parser state machine reached an invalid state";

  /** Null: DuckDB does not speak of a row. */
  static @Nullable CsvError parse(String message) {
    Matcher line = LINE.matcher(message);
    boolean known = line.find();
    if (!known && !message.contains(MACHINE) && !message.contains("Error when sniffing file")) {
      return null;
    }
    Matcher file = FILE.matcher(message);
    Matcher column = COLUMN.matcher(message);
    Matcher reason = REASON.matcher(message);
    boolean reasoned = reason.find();
    int text = message.indexOf(ORIGINAL);
    int end = reasoned ? reason.start() : message.length();
    return new CsvError(
        file.find() ? file.group(1) : "",
        known ? Long.parseLong(line.group(1)) : 0,
        reasoned && reason.group().contains("column \"") && column.find(reason.start())
            ? column.group(1)
            : "",
        reasoned ? plain(reason.group()) : "a row is broken",
        text < 0 || end < text ? "" : message.substring(text + ORIGINAL.length(), end).strip());
  }

  boolean isConversion() {
    return reason.startsWith("Could not convert");
  }

  /** The reason without the column, which is told beside it. */
  static String plain(String reason) {
    String plain = reason.strip();
    if (plain.startsWith("Error when converting column")) {
      int dot = plain.indexOf("\". ");
      plain = dot < 0 ? plain : plain.substring(dot + 3);
    } else if (plain.startsWith("Expected Number of Columns")) {
      plain =
          plain
              .replace("Expected Number of Columns:", "expected columns:")
              .replace("Found:", "but found:");
    } else if (plain.contains(MACHINE)) {
      plain = "quotes or line breaks are not as RFC 4180 has them";
    } else if (plain.startsWith("Invalid unicode")) {
      plain = "not in the encoding of the file";
    } else if (plain.startsWith("Value with unterminated quote")) {
      plain = "a quote is never closed, or closed before the value ends";
    }
    return cut(plain, CsvError.LONGEST_TEXT);
  }

  /** Not more than that of it. */
  static String cut(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest) + "…";
  }

  /** {@code , line 3, column 'price': … (2,b,x)}, to stand after the file. */
  String told() {
    return (line > 0 ? ", line " + line : "")
        + (column.isEmpty() ? "" : ", column '" + column + "'")
        + ": "
        + reason
        + (text.isEmpty() ? "" : " (" + cut(text, LONGEST_TEXT) + ")");
  }
}
