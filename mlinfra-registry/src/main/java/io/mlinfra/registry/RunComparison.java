package io.mlinfra.registry;

import io.mlinfra.core.text.Html;
import io.mlinfra.registry.TrackedRun.Metric;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Runs side by side, for people to look at: what differs between them, what came out, and then what
 * they have in common. Immutable and thread-safe; it shows the runs as they were when it was made.
 *
 * <p>The best value of each metric is marked, where they differ. Less is taken for better where the
 * metric's name says loss, error, a cost or a time ({@code loss, error, mae, mse, rmse, mape,
 * brier, perplexity, cost, latency, seconds, millis}); everywhere else more is.
 */
public final class RunComparison {
  private static final Set<String> LESS_IS_BETTER =
      Set.of(
          "loss",
          "error",
          "mae",
          "mse",
          "rmse",
          "mape",
          "brier",
          "perplexity",
          "cost",
          "latency",
          "seconds",
          "millis");

  private static final int MAX_CELL = 48;
  private static final String BEST = " *";

  private final List<TrackedRun> runs;
  private final List<Map<String, Curve>> curves;
  private final List<Row> rows;

  /** A line of the table; {@code best} marks cells. */
  private record Row(String name, List<String> cells, List<Boolean> best, boolean same) {}

  RunComparison(List<TrackedRun> runs, List<Map<String, Curve>> curves) {
    this.runs = List.copyOf(runs);
    this.curves = List.copyOf(curves);
    this.rows = rows();
  }

  /** The runs, in the order of the columns. */
  public List<TrackedRun> runs() {
    return runs;
  }

  private List<Row> rows() {
    List<Row> params = texts("params.", TrackedRun::params);
    List<Row> rows = new ArrayList<>(params.stream().filter(row -> !row.same()).toList());
    rows.addAll(metrics());
    rows.add(row("status", run -> run.status().name()));
    rows.add(row("started", run -> run.started().truncatedTo(ChronoUnit.SECONDS).toString()));
    rows.add(row("duration", run -> run.duration().map(RunComparison::show).orElse("")));
    texts("tags.", TrackedRun::tags).forEach(rows::add);
    texts("environment.", TrackedRun::environment).stream()
        .filter(row -> !row.same())
        .forEach(rows::add);
    params.stream().filter(Row::same).forEach(rows::add);
    return List.copyOf(rows);
  }

  private Row row(String name, Function<TrackedRun, String> cell) {
    List<String> cells = runs.stream().map(cell).toList();
    boolean same = cells.stream().distinct().count() == 1;
    return new Row(name, cells, runs.stream().map(run -> false).toList(), same);
  }

  private List<Row> texts(String prefix, Function<TrackedRun, Map<String, String>> texts) {
    Set<String> names = new TreeSet<>();
    runs.forEach(run -> names.addAll(texts.apply(run).keySet()));
    return names.stream()
        .map(name -> row(prefix + name, run -> texts.apply(run).getOrDefault(name, "")))
        .toList();
  }

  private List<Row> metrics() {
    Set<String> names = new TreeSet<>();
    runs.forEach(run -> names.addAll(run.metrics().keySet()));
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      int sign = isLessBetter(name) ? -1 : 1;
      double best = Double.NEGATIVE_INFINITY;
      for (TrackedRun run : runs) {
        double value = value(run, name);
        best = Double.isNaN(value) ? best : Math.max(best, sign * value);
      }
      double marked = sign * best;
      boolean same = runs.stream().allMatch(run -> value(run, name) == marked);
      rows.add(
          new Row(
              "metrics." + name,
              runs.stream().map(run -> show(run.metrics().get(name))).toList(),
              runs.stream().map(run -> !same && value(run, name) == marked).toList(),
              false));
    }
    return rows;
  }

  private static double value(TrackedRun run, String name) {
    Metric metric = run.metrics().get(name);
    return metric == null ? Double.NaN : metric.last();
  }

  /** By the words of the name: {@code train.logLoss} is a loss, {@code lossless} is none. */
  static boolean isLessBetter(String name) {
    for (String word : name.split("[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")) {
      if (LESS_IS_BETTER.contains(word.toLowerCase(Locale.ROOT))
          || word.equalsIgnoreCase("logloss")) {
        return true;
      }
    }
    return false;
  }

  private static String show(@Nullable Metric metric) {
    return metric == null ? "" : show(metric.last());
  }

  /** Six digits, which is what eyes compare. */
  static String show(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
    return rounded.signum() == 0
        ? "0"
        : rounded.scale() < 16 && rounded.precision() - rounded.scale() <= 12
            ? rounded.toPlainString()
            : rounded.toString();
  }

  private static String show(Duration duration) {
    return show(duration.toMillis() / 1e3) + " s";
  }

  /** A table in plain text: a line for each param, metric and so on, a column for each run. */
  @Override
  public String toString() {
    List<List<String>> lines = new ArrayList<>();
    lines.add(line("", runs.stream().map(TrackedRun::id).toList()));
    for (Row row : rows) {
      List<String> cells = new ArrayList<>();
      for (int i = 0; i < row.cells().size(); i++) {
        cells.add(oneLine(row.cells().get(i)) + (row.best().get(i) ? BEST : ""));
      }
      lines.add(line(oneLine(row.name()), cells));
    }
    int[] widths =
        IntStream.range(0, runs.size() + 1)
            .map(
                column ->
                    lines.stream().mapToInt(line -> width(line.get(column))).max().orElseThrow())
            .toArray();
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder padded = new StringBuilder();
      for (int column = 0; column < line.size(); column++) {
        String cell = line.get(column);
        padded.append(cell).append(" ".repeat(widths[column] - width(cell) + 2));
      }
      text.append(padded.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private static List<String> line(String name, List<String> cells) {
    List<String> line = new ArrayList<>(List.of(name));
    line.addAll(cells);
    return line;
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  private static String oneLine(String cell) {
    StringBuilder line = new StringBuilder();
    cell.codePoints()
        .limit(MAX_CELL)
        .map(point -> Character.isISOControl(point) ? ' ' : point)
        .forEach(line::appendCodePoint);
    return width(cell) > MAX_CELL ? line + "…" : line.toString();
  }

  /** The same table in HTML, and below it, for each metric with a curve, the curves of all runs. */
  public String toHtml() {
    StringBuilder html = new StringBuilder("<div class=\"mlinfra-runs\">\n<style>\n");
    html.append(
        """
        .mlinfra-runs { --r-line: #d9dfe8; --r-muted: #5a6677; --r-best: #e6f4ea; \
        font: 13px/1.4 system-ui, sans-serif; overflow-x: auto; }
        @media (prefers-color-scheme: dark) { .mlinfra-runs { --r-line: #344053; \
        --r-muted: #9aa7b9; --r-best: #1d3a2a; } }
        .mlinfra-runs table { border-collapse: collapse; }
        .mlinfra-runs th, .mlinfra-runs td { padding: 3px 10px; text-align: left; \
        vertical-align: top; border-bottom: 1px solid var(--r-line); overflow-wrap: anywhere; }
        .mlinfra-runs th { white-space: nowrap; }
        .mlinfra-runs th.run { border-bottom: 3px solid; }
        .mlinfra-runs tr.same { color: var(--r-muted); }
        .mlinfra-runs td.best { font-weight: bold; background: var(--r-best); }
        """);
    html.append(RunChart.CSS).append("</style>\n<table>\n<tr><th></th>");
    for (int i = 0; i < runs.size(); i++) {
      html.append("<th class=\"run\" style=\"border-bottom-color:")
          .append(RunChart.color(i))
          .append("\">")
          .append(Html.escape(runs.get(i).id()))
          .append("</th>");
    }
    html.append("</tr>\n");
    for (Row row : rows) {
      html.append(row.same() ? "<tr class=\"same\"><th>" : "<tr><th>")
          .append(Html.escape(row.name()))
          .append("</th>");
      for (int i = 0; i < row.cells().size(); i++) {
        html.append(row.best().get(i) ? "<td class=\"best\">" : "<td>")
            .append(Html.escape(row.cells().get(i)))
            .append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</table>\n");
    Set<String> metrics = new TreeSet<>();
    for (Map<String, Curve> of : curves) {
      of.forEach(
          (metric, curve) -> {
            if (curve.size() > 1) {
              metrics.add(metric);
            }
          });
    }
    List<String> names = runs.stream().map(TrackedRun::id).toList();
    for (String metric : metrics) {
      List<Optional<Curve>> of = new ArrayList<>();
      curves.forEach(each -> of.add(Optional.ofNullable(each.get(metric))));
      html.append(RunChart.svg(metric, names, of));
    }
    return html.append("</div>\n").toString();
  }
}
