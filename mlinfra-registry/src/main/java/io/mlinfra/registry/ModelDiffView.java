package io.mlinfra.registry;

import io.mlinfra.core.text.Html;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.ModelDiff.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Shows a {@link ModelDiff}: as text, and as HTML, from the same tables. */
final class ModelDiffView {
  /** So many rows of a table are shown; a graph may have thousands of constants. */
  private static final int ROWS = 50;

  /** So wide is a cell of text; HTML wraps. */
  private static final int WIDEST = 48;

  private static final String NOTHING = "–";

  private static final String STYLE =
      """
      .mlinfra-diff { font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, \
      "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
      .mlinfra-diff table { border-collapse: collapse; margin: 16px 0; }
      .mlinfra-diff caption { text-align: left; font-weight: 650; padding: 4px 0; }
      .mlinfra-diff th, .mlinfra-diff td { text-align: left; vertical-align: top; \
      padding: 3px 16px 3px 0; border-top: 1px solid rgba(128, 128, 128, 0.35); \
      overflow-wrap: anywhere; max-width: 40em; }
      .mlinfra-diff th { font-weight: 400; opacity: 0.7; }
      .mlinfra-diff .number { text-align: right; }
      """;

  private final ModelDiff diff;

  /** A heading that begins with {@code >} is that of a column of numbers. */
  private record Table(String title, List<String> headings, List<List<String>> rows) {
    boolean isNumber(int column) {
      return headings.get(column).startsWith(">");
    }

    String heading(int column) {
      return isNumber(column) ? headings.get(column).substring(1) : headings.get(column);
    }

    int left() {
      return Math.max(0, rows.size() - ROWS);
    }

    List<List<String>> shown() {
      return rows.subList(0, rows.size() - left());
    }
  }

  ModelDiffView(ModelDiff diff) {
    this.diff = diff;
  }

  private String verdict() {
    return diff.isSame() ? "the same bytes" : "other bytes";
  }

  private List<Table> tables() {
    List<Table> tables = new ArrayList<>();
    changes(tables, "inputs", diff.inputs());
    changes(tables, "outputs", diff.outputs());
    changes(tables, "settings", diff.settings());
    add(
        tables,
        "metrics",
        List.of("", ">before", ">after", ">difference"),
        diff.metrics(),
        metric ->
            List.of(
                metric.name(),
                orNothing(metric.before()),
                orNothing(metric.after()),
                metric.before() == null || metric.after() == null
                    ? NOTHING
                    : difference(metric.difference())));
    changes(tables, "environment", diff.environment());
    add(
        tables,
        "made from",
        List.of("", "before", "after", ""),
        diff.sources(),
        source ->
            List.of(
                source.kind().label() + " " + source.name(),
                show(source.before()),
                show(source.after()),
                source.isSame()
                    ? "same"
                    : source.before() == null
                        ? "only after"
                        : source.after() == null ? "only before" : "different"));
    add(
        tables,
        "operators",
        List.of("", ">before", ">after", ">difference"),
        diff.operators(),
        operator ->
            List.of(
                operator.operator(),
                "" + operator.before(),
                "" + operator.after(),
                String.format(Locale.ROOT, "%+d", operator.after() - operator.before())));
    add(
        tables,
        "constants and attributes",
        List.of("", "before", "after", ">values changed", ">largest difference"),
        diff.constants(),
        constant ->
            List.of(
                constant.name(),
                orNothing(constant.before()),
                orNothing(constant.after()),
                constant.changedValues() < 0 ? NOTHING : "" + constant.changedValues(),
                constant.changedValues() < 0
                    ? NOTHING
                    : String.format(Locale.ROOT, "%.4g", constant.largestDifference())));
    changes(tables, "operator sets", diff.operatorSets());
    changes(tables, "metadata", diff.metadata());
    return tables;
  }

  private static void changes(List<Table> tables, String title, List<Change> changes) {
    add(
        tables,
        title,
        List.of("", "before", "after"),
        changes,
        change -> List.of(change.name(), orNothing(change.before()), orNothing(change.after())));
  }

  private static <T> void add(
      List<Table> tables,
      String title,
      List<String> headings,
      List<T> things,
      Function<T, List<String>> row) {
    if (!things.isEmpty()) {
      tables.add(new Table(title, headings, things.stream().map(row).toList()));
    }
  }

  private static String orNothing(@Nullable Object value) {
    return value == null ? NOTHING : value.toString();
  }

  private static String show(@Nullable VersionId id) {
    return id == null ? NOTHING : id.number() + " (" + id.hash().abbreviated() + ")";
  }

  private static String difference(double difference) {
    return difference == 0 ? "0" : String.format(Locale.ROOT, "%+.4g", difference);
  }

  String toText() {
    StringBuilder out = new StringBuilder();
    out.append("before  ").append(diff.before().id()).append('\n');
    out.append("after   ").append(diff.after().id()).append('\n');
    out.append(verdict()).append('\n');
    for (Table table : tables()) {
      out.append('\n').append(table.title()).append('\n');
      appendText(out, table);
    }
    if (!diff.notes().isEmpty()) {
      out.append('\n');
      diff.notes().forEach(note -> out.append("note: ").append(clean(note)).append('\n'));
    }
    return out.toString();
  }

  private static void appendText(StringBuilder out, Table table) {
    int columns = table.headings().size();
    List<List<String>> lines = new ArrayList<>();
    lines.add(IntStream.range(0, columns).mapToObj(table::heading).toList());
    for (List<String> row : table.shown()) {
      lines.add(row.stream().map(ModelDiffView::cut).toList());
    }
    int[] widths = new int[columns];
    for (List<String> line : lines) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], length(line.get(i)));
      }
    }
    for (List<String> line : lines) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String padding = " ".repeat(widths[i] - length(line.get(i)));
        text.append("  ");
        text.append(table.isNumber(i) ? padding + line.get(i) : line.get(i) + padding);
      }
      out.append(text.toString().stripTrailing()).append('\n');
    }
    if (table.left() > 0) {
      out.append("  and ").append(table.left()).append(" more\n");
    }
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Names and values come from files: no line breaks, no control characters, no endless texts. */
  private static String cut(String text) {
    String clean = clean(text);
    return length(clean) <= WIDEST
        ? clean
        : clean.substring(0, clean.offsetByCodePoints(0, WIDEST - 1)) + "…";
  }

  private static String clean(String text) {
    return text.replaceAll("\\p{Cntrl}", "\uFFFD");
  }

  String toHtml() {
    StringBuilder out = new StringBuilder();
    out.append("<div class=\"mlinfra-diff\">\n<style>\n").append(STYLE).append("</style>\n<p>");
    out.append(Html.escape(diff.before().id() + " → " + diff.after().id() + ": " + verdict()));
    out.append("</p>\n");
    for (Table table : tables()) {
      appendHtml(out, table);
    }
    for (String note : diff.notes()) {
      out.append("<p>");
      out.append(Html.escape(note));
      out.append("</p>\n");
    }
    return out.append("</div>\n").toString();
  }

  private static void appendHtml(StringBuilder out, Table table) {
    out.append("<table>\n<caption>");
    out.append(Html.escape(table.title()));
    out.append("</caption>\n<tr>");
    for (int i = 0; i < table.headings().size(); i++) {
      cell(out, "th", table.isNumber(i), table.heading(i));
    }
    out.append("</tr>\n");
    for (List<String> row : table.shown()) {
      out.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        cell(out, "td", table.isNumber(i), row.get(i));
      }
      out.append("</tr>\n");
    }
    out.append("</table>\n");
    if (table.left() > 0) {
      out.append("<p>and ").append(table.left()).append(" more</p>\n");
    }
  }

  private static void cell(StringBuilder out, String tag, boolean isNumber, String text) {
    out.append('<').append(tag).append(isNumber ? " class=\"number\">" : ">");
    out.append(Html.escape(text));
    out.append("</").append(tag).append('>');
  }
}
