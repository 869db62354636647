package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.mlinfra.registry.TrackedRun.Metric;
import io.mlinfra.registry.TrackedRun.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunSearchTest {
  private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

  private static TrackedRun run(
      int number,
      Status status,
      Map<String, String> params,
      Map<String, Double> metrics,
      Map<String, String> tags) {
    Map<String, Metric> measured = new HashMap<>();
    metrics.forEach((name, value) -> measured.put(name, new Metric(value, 1, value, value, 1)));
    return new TrackedRun(
        "delay/" + number,
        status,
        "",
        number % 2 == 0 ? "ada" : "grace",
        START.plusSeconds(number),
        status == Status.RUNNING
            ? Optional.empty()
            : Optional.of(START.plusSeconds(number).plusMillis(1500L * number)),
        number > 3 ? Optional.of("sweep/1") : Optional.empty(),
        params,
        measured,
        tags,
        Map.of("java.version", "17.0.15", "org.bytedeco:openblas", "0.3.31"),
        List.of(),
        Map.of(),
        List.of());
  }

  private static final List<TrackedRun> RUNS =
      List.of(
          run(
              1,
              Status.FINISHED,
              Map.of("trainer", "mlp", "epochs", "10", "learning rate", "0.1"),
              Map.of("auc", 0.7, "loss", Double.NaN),
              Map.of("ticket", "ML-17")),
          run(
              2,
              Status.FAILED,
              Map.of("trainer", "logistic", "epochs", "9", "note", "50% of it's data"),
              Map.of("auc", 0.8),
              Map.of("ticket", "ml-18", "a`b\"c", "x")),
          run(3, Status.RUNNING, Map.of("trainer", "MLP"), Map.of(), Map.of()),
          run(
              4,
              Status.FINISHED,
              Map.of("trainer", "mlp", "epochs", "many"),
              Map.of("auc", 0.75, "loss", -1.0),
              Map.of()));

  private static String numbers(String search) {
    return RunSearch.parse(search).of(RUNS).stream()
        .map(run -> Integer.toString(run.number()))
        .collect(Collectors.joining(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "~~|4 3 2 1",
        "metrics.auc > 0.7|4 2",
        "metrics.auc >= 0.7 and params.trainer = 'mlp'|4 1",
        "metrics.auc > 0.7 and params.trainer = 'mlp' order by metrics.auc desc limit 10|4",
        "not metrics.auc > 0.7|3 1",
        "metrics.auc != 0.7|4 2",
        "metrics.auc < +.75e0|1",
        "metrics.auc <= 0.75|4 1",
        "metrics.loss != 5|4 1",
        "metrics.loss = -1|4",
        "metrics.loss is null|3 2",
        "metrics.loss is not null|4 1",
        "params.epochs > 9|1",
        "params.epochs = 10.0|1",
        "params.epochs > '9'|4",
        "params.epochs not in (9, 10)|4",
        "params.epochs in ('9', 10)|2 1",
        "params.trainer like 'm%'|4 1",
        "params.trainer ilike 'm_p'|4 3 1",
        "params.trainer not like '%l%'|3",
        "params.note = '50% of it''s data'|2",
        "params.note like '%''s%'|2",
        "params.`learning rate` = 0.1|1",
        "params.\"learning rate\" = 0.1|1",
        "tags.`a``b\"c` = 'x'|2",
        "tags.ticket ilike 'ML-1%'|2 1",
        "environment.java.version like '17.%' and number = 2|2",
        "environment.org.bytedeco:openblas = '0.3.31' limit 1|4",
        "status = 'finished'|4 1",
        "status in ('RUNNING', 'FAILED')|3 2",
        "started > '2026-11-22T12:00:02Z'|4 3",
        "started >= '2026-11-22' and ended < '2026-11-23'|4 2 1",
        "started > '2026-11-22T14:00:02+02:00'|4 3",
        "ended is null|3",
        "duration > 2|4 2",
        "duration = 1.5|1",
        "experiment = 'delay' and number > 2|4 3",
        "actor = 'ada'|4 2",
        "parent = 'sweep/1'|4",
        "parent is null|3 2 1",
        "number = 1 or number = 2 and actor = 'grace'|1",
        "(number = 1 or number = 2) and actor = 'ada'|2",
        "NOT (number=1 OR number=2) AND NOT NOT actor='ada'|4",
        "order by metrics.auc|1 4 2 3",
        "order by metrics.auc desc|2 4 1 3",
        "order by metrics.loss asc|4 3 2 1",
        "order by params.epochs|2 1 4 3",
        "order by params.epochs desc|1 2 4 3",
        "order by actor, number desc|4 2 3 1",
        "order by ended desc limit 2|4 2",
        "limit 1|4",
      })
  void finds(String search, String expected) {
    assertThat(numbers(search)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "metrics.auc >|expected a number at character 14, found the end",
        "metrics.auc > 'x'|expected a number at character 15, found the text 'x'",
        "auc > 1|expected params.…, metrics.…, tags.…, environment.…, status, started, ended, duration,"
            + " experiment, number, actor or parent at character 1, found 'auc'",
        "metrics = 1|at character 1, found 'metrics'",
        "metrics. = 1|expected a name right after 'metrics.' at character 10, found '='",
        "status = 'done'|expected one of [RUNNING, FINISHED, FAILED, LOST] at character 10",
        "status = 1|expected a text in single quotes at character 10, found '1'",
        "started > 'yesterday'|expected a time such as '2026-11-22'",
        "number like '1%'|for number is no text at character 8, found 'like'",
        "params.a = b|expected a number or a text in single quotes at character 12, found 'b'",
        "params.a == 'b'|at character 11, found '='",
        "params.a = 'b|the quote at character 12 has no end",
        "params.a 'b'|expected an operator such as =, <, like, in or is at character 10",
        "params.a not = 1|expected in, like or ilike at character 14",
        "params.a in ()|at character 14, found ')'",
        "params.a in (1|expected , or ) at character 15, found the end",
        "params.a is 1|expected 'null' at character 13",
        "(number = 1|expected and, or or ) at character 12, found the end",
        "number = 1)|expected and, or, order by, limit or the end at character 11, found ')'",
        "number = 1 number = 2|at character 12, found 'number'",
        "and|expected a name such as metrics.auc or status at character 1, found 'and'",
        "number = 1 and|expected a name such as metrics.auc or status at character 15",
        "order number|expected 'by' at character 7",
        "limit 0|expected a whole number from 1 to 999999999 at character 7, found '0'",
        "limit 1.5|found '1.5'",
        "limit -1|found '-1'",
        "number = 1e999|expected a number that is not too large at character 10",
        "number = 1.2.3|expected a number at character 10, found '1.2.3'",
        "number ; 1|expected a name, a value or an operator at character 8, found ';'",
      })
  void saysWhatItDoesNotUnderstand(String search, String message) {
    assertThatThrownBy(() -> RunSearch.parse(search))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("search: ")
        .hasMessageContaining(message);
  }

  @Test
  void neverOverflowsTheStack() {
    String deep = "(".repeat(100) + "number = 1" + ")".repeat(100);
    assertThat(numbers(deep)).isEqualTo("1");
    assertThatThrownBy(() -> RunSearch.parse("(".repeat(100_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("up to 100 times; at character 101");
    assertThat(numbers("not ".repeat(100_001) + "number = 1")).isEqualTo("4 3 2");
    assertThat(numbers("number = 1" + " or number = 2".repeat(100_000))).isEqualTo("2 1");
    assertThat(numbers("number = 1" + " and actor = 'grace'".repeat(100_000))).isEqualTo("1");
  }

  @Test
  void takesNoTimeOverAPatternOfManyPercents() {
    TrackedRun run = run(9, Status.FINISHED, Map.of("a", "x".repeat(10_000)), Map.of(), Map.of());
    assertThat(RunSearch.parse("params.a like '" + "%x".repeat(500) + "y'").of(List.of(run)))
        .isEmpty();
  }

  @Property(tries = 3000)
  void throwsNothingButIllegalArgument(@ForAll("fragments") String search) {
    Throwable thrown = catchThrowable(() -> RunSearch.parse(search).of(RUNS));
    if (thrown != null) {
      assertThat(thrown)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("search: ");
    }
  }

  @Provide
  Arbitrary<String> fragments() {
    Arbitrary<String> words =
        Arbitraries.of(
            "and",
            "or",
            "not",
            "(",
            ")",
            "in",
            "is",
            "null",
            "like",
            "ilike",
            "order",
            "by",
            "limit",
            "asc",
            "desc",
            "=",
            "!=",
            "<",
            ">=",
            ",",
            "'x'",
            "'2026-11-22'",
            "1",
            "-2.5e3",
            "metrics.auc",
            "params.epochs",
            "tags.",
            "`a b`",
            "status",
            "started",
            "number",
            "'",
            "\"",
            "`",
            ".",
            "-",
            "1e",
            "\u0000",
            "é",
            "\uD83D");
    Arbitrary<String> anything = Arbitraries.strings().ofMaxLength(4);
    return Arbitraries.frequencyOf(Tuple.of(9, words), Tuple.of(1, anything))
        .list()
        .ofMaxSize(12)
        .map(parts -> String.join(" ", parts));
  }

  /** A condition as text, and as plain Java says it. */
  private record Wanted(String text, Predicate<TrackedRun> holds) {}

  @Property(tries = 1000)
  void agreesWithPlainJava(@ForAll("wanted") Wanted wanted, @ForAll("runs") List<TrackedRun> runs) {
    assertThat(RunSearch.parse(wanted.text()).of(runs))
        .as(wanted.text())
        .isEqualTo(runs.stream().filter(wanted.holds()).sorted(NEWEST).toList());
  }

  private static final Comparator<TrackedRun> NEWEST =
      Comparator.comparingInt(TrackedRun::number).reversed();

  @Property(tries = 300)
  void ordersAsPlainJavaDoes(@ForAll("runs") List<TrackedRun> runs, @ForAll boolean descending) {
    List<TrackedRun> expected = new ArrayList<>(runs);
    expected.sort(NEWEST);
    expected.sort(
        (one, other) -> {
          double a = last(one);
          double b = last(other);
          if (Double.isNaN(a) || Double.isNaN(b)) {
            return Boolean.compare(Double.isNaN(a), Double.isNaN(b));
          }
          return a == b ? 0 : (a < b) == descending ? 1 : -1;
        });
    String search = "order by metrics.auc" + (descending ? " desc" : "");
    assertThat(RunSearch.parse(search).of(runs)).isEqualTo(expected);
  }

  private static double last(TrackedRun run) {
    Metric metric = run.metrics().get("auc");
    return metric == null ? Double.NaN : metric.last();
  }

  @Provide
  Arbitrary<List<TrackedRun>> runs() {
    Arbitrary<Optional<Double>> metric =
        Arbitraries.of(0.0, -0.0, 0.5, 0.7, -3.0, Double.NaN, Double.POSITIVE_INFINITY)
            .optional(0.8);
    Arbitrary<Optional<String>> param =
        Arbitraries.of("mlp", "MLP", "", "10", "9", "1e1", "it's", "m%p").optional(0.8);
    return Combinators.combine(metric, param, Arbitraries.of(Status.class))
        .as(
            (auc, trainer, status) ->
                run(
                    1,
                    status,
                    trainer.map(value -> Map.of("a b", value)).orElse(Map.of()),
                    auc.map(value -> Map.of("auc", value)).orElse(Map.of()),
                    Map.of()))
        .list()
        .ofMaxSize(12)
        .map(
            runs -> {
              List<TrackedRun> numbered = new ArrayList<>();
              for (TrackedRun each : runs) {
                Map<String, Double> metrics = new HashMap<>();
                each.metrics().forEach((name, value) -> metrics.put(name, value.last()));
                numbered.add(
                    run(numbered.size() + 1, each.status(), each.params(), metrics, each.tags()));
              }
              return numbered;
            });
  }

  @Provide
  Arbitrary<Wanted> wanted() {
    Arbitrary<Wanted> leaf = Arbitraries.oneOf(onMetrics(), onParams(), onStatus());
    return Arbitraries.lazyOf(
        () -> leaf,
        () -> leaf,
        () ->
            Combinators.combine(wanted(), wanted())
                .as(
                    (a, b) ->
                        new Wanted(
                            "(" + a.text() + ") AND (" + b.text() + ")", a.holds().and(b.holds()))),
        () ->
            Combinators.combine(leaf, leaf, leaf)
                .as(
                    (a, b, c) ->
                        new Wanted(
                            a.text() + " or " + b.text() + " and " + c.text(),
                            a.holds().or(b.holds().and(c.holds())))),
        () -> wanted().map(a -> new Wanted("not (" + a.text() + ")", a.holds().negate())));
  }

  private static Arbitrary<Wanted> onMetrics() {
    return Combinators.combine(
            Arbitraries.of("=", "!=", "<", "<=", ">", ">="), Arbitraries.of(0.0, 0.5, 0.7, -3.0))
        .as(
            (operator, value) ->
                new Wanted(
                    "metrics.auc" + operator + value,
                    run -> run.metrics().containsKey("auc") && holds(last(run), operator, value)));
  }

  private static boolean holds(double left, String operator, double right) {
    return switch (operator) {
      case "=" -> left == right;
      case "!=" -> left != right;
      case "<" -> left < right;
      case "<=" -> left <= right;
      case ">" -> left > right;
      default -> left >= right;
    };
  }

  private static Arbitrary<Wanted> onParams() {
    Arbitrary<String> values = Arbitraries.of("mlp", "MLP", "", "10", "it's");
    return Arbitraries.oneOf(
        values.map(
            value ->
                new Wanted(
                    "params.`a b` != '" + value.replace("'", "''") + "'",
                    run -> run.params().containsKey("a b") && !run.params().containsValue(value))),
        values
            .list()
            .ofMinSize(1)
            .ofMaxSize(3)
            .map(
                list ->
                    new Wanted(
                        list.stream()
                            .map(value -> "'" + value.replace("'", "''") + "'")
                            .collect(Collectors.joining(", ", "params.\"a b\" in (", ")")),
                        run -> list.contains(run.params().get("a b")))),
        Arbitraries.of("m%", "%p", "_LP", "%", "m\\%p", "%1%")
            .map(
                pattern ->
                    new Wanted(
                        "params.`a b` like '" + pattern + "'",
                        run ->
                            run.params().containsKey("a b")
                                && run.params().get("a b").matches(regex(pattern)))),
        Arbitraries.just(new Wanted("params.`a b` is null", run -> run.params().isEmpty())),
        Arbitraries.just(
            new Wanted(
                "params.`a b` = 10",
                run -> List.of("10", "1e1").contains(run.params().getOrDefault("a b", "")))));
  }

  private static String regex(String pattern) {
    return pattern
        .chars()
        .mapToObj(c -> c == '%' ? ".*" : c == '_' ? "." : Pattern.quote("" + (char) c))
        .collect(Collectors.joining());
  }

  private static Arbitrary<Wanted> onStatus() {
    return Arbitraries.of(Status.class)
        .list()
        .ofMinSize(1)
        .ofMaxSize(2)
        .map(
            list ->
                new Wanted(
                    "status not in "
                        + Arrays.toString(list.stream().map(each -> "'" + each + "'").toArray())
                            .replace('[', '(')
                            .replace(']', ')'),
                    run -> !list.contains(run.status())));
  }
}
