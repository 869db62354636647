package io.mlinfra.core.text;

import java.util.ArrayList;
import java.util.List;

/** A table for a shell: texts to the left, numbers to the right. Not thread-safe. */
public final class TextTable {
  private static final int WIDEST = 40;

  private final List<String[]> rows = new ArrayList<>();
  private final boolean[] right;

  /** A heading that begins with {@code >} makes its column one of numbers. */
  public TextTable(String... headings) {
    right = new boolean[headings.length];
    String[] plain = headings.clone();
    for (int i = 0; i < plain.length; i++) {
      right[i] = plain[i].startsWith(">");
      plain[i] = right[i] ? plain[i].substring(1) : plain[i];
    }
    rows.add(plain);
  }

  /** Adds a line; a cell longer than 40 characters is cut when the table is written. */
  public void row(String... cells) {
    rows.add(cells.clone());
  }

  @Override
  public String toString() {
    int[] widths = new int[right.length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        row[i] = tidy(row[i]);
        widths[i] = Math.max(widths[i], row[i].codePointCount(0, row[i].length()));
      }
    }
    StringBuilder out = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        String padding = " ".repeat(widths[i] - row[i].codePointCount(0, row[i].length()));
        line.append(i == 0 ? "" : "  ").append(right[i] ? padding + row[i] : row[i] + padding);
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  /** Values come from data: no line breaks, no control characters, no endless texts. */
  private static String tidy(String cell) {
    String clean = cell.replaceAll("\\p{Cntrl}", "�");
    int points = clean.codePointCount(0, clean.length());
    return points <= WIDEST
        ? clean
        : clean.substring(0, clean.offsetByCodePoints(0, WIDEST - 1)) + "…";
  }
}
