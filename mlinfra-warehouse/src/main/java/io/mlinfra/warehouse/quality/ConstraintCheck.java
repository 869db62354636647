package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.Relation.Column;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One check of a suite. Used once. */
final class ConstraintCheck {
  private final Warehouse warehouse;
  private final Relation relation;
  private final List<Constraint> constraints;
  private final List<Column> columns;
  private final CheckPlan plan;

  ConstraintCheck(Warehouse warehouse, Relation relation, List<Constraint> constraints) {
    this.warehouse = warehouse;
    this.relation = relation;
    this.constraints = constraints;
    this.columns = relation.columns(warehouse);
    this.plan = new CheckPlan(relation, columns);
  }

  /** Where the results of a constraint stand in the row of verdicts; -1 for what it has not. */
  private record Places(int rows, int value, int key) {}

  ConstraintReport run(Instant now) {
    requireSuited();
    List<Places> places = constraints.stream().map(this::place).toList();
    Fragment statement = plan.verdicts();
    List<@Nullable Object> verdicts;
    try {
      verdicts = Rows.single(warehouse, statement.sql(), statement.parameters());
    } catch (MlInfraException e) {
      throw blamed(e, now);
    }
    List<ConstraintResult> results = new ArrayList<>();
    for (int i = 0; i < constraints.size(); i++) {
      results.add(result(constraints.get(i), places.get(i), verdicts, now));
    }
    int scans = plan.scans() + sample(results);
    return new ConstraintReport(relation.label(), number(verdicts, 0), scans, results);
  }

  private Places place(Constraint constraint) {
    int rows = plan.rows(constraint);
    Rule rule = constraint.rule();
    Fragment predicate = CheckPlan.predicate(rule);
    int value = -1;
    if (predicate != null) {
      value = plan.failing(constraint, predicate);
    } else if (rule instanceof Rule.Share share) {
      value = plan.holding(constraint, share.predicate());
    } else if (rule instanceof Rule.Fresh fresh) {
      value = plan.newest(constraint, fresh.column());
    }
    int key = rule instanceof Rule.Key k ? plan.key(constraint, k.columns()) : -1;
    return new Places(rows, value, key);
  }

  private ConstraintResult result(
      Constraint constraint, Places at, List<@Nullable Object> verdicts, Instant now) {
    long rows = number(verdicts, at.rows());
    Rule rule = constraint.rule();
    if (rule instanceof Rule.Count count) {
      boolean passed = rows >= count.lowest() && rows <= count.highest();
      return whole(constraint, passed, rows, rows, Format.count(rows) + " rows");
    }
    if (rule instanceof Rule.Share share) {
      double observed = rows == 0 ? 0 : (double) number(verdicts, at.value()) / rows;
      boolean passed = observed >= share.lowest() && observed <= share.highest();
      String message = "true for " + Format.percent(observed) + " of " + Format.count(rows);
      return whole(constraint, passed, rows, observed, message + " rows");
    }
    if (rule instanceof Rule.Fresh fresh) {
      if (verdicts.get(at.value()) == null) {
        return whole(constraint, false, rows, Double.NaN, "there is no value");
      }
      Instant newest = Instant.EPOCH.plus(number(verdicts, at.value()), ChronoUnit.MICROS);
      Duration age = Duration.between(newest, now);
      String message = "the newest is " + newest + ", " + age.truncatedTo(ChronoUnit.SECONDS);
      boolean passed = age.compareTo(fresh.age()) <= 0;
      return whole(constraint, passed, rows, age.toMillis() / 1e3, message + " old");
    }
    long failing = at.value() < 0 ? 0 : number(verdicts, at.value());
    String detail = "";
    List<Map<String, @Nullable String>> samples = List.of();
    if (rule instanceof Rule.Key key) {
      long repeated = number(verdicts, plan.keyResult(at.key()));
      detail = key.primary() && failing > 0 ? " (" + Format.count(failing) + " lack a value)" : "";
      failing += repeated;
      List<String> names = new ArrayList<>();
      key.columns().forEach(name -> names.add(relation.column(columns, name).name()));
      names.add("count(*)");
      samples = samples(names, verdicts.get(plan.keyResult(at.key()) + 1));
    }
    double share = rows == 0 ? 0 : (double) failing / rows;
    boolean passed = share <= constraint.allowed();
    String allowed =
        constraint.allowed() == 0 ? "" : "; allowed are " + Format.percent(constraint.allowed());
    String message =
        failing == 0
            ? "all of " + Format.count(rows) + " rows"
            : Format.count(failing)
                + " of "
                + Format.count(rows)
                + " rows fail ("
                + Format.percent(share)
                + ")"
                + detail
                + allowed;
    return new ConstraintResult(
        constraint.text(),
        constraint.severity(),
        passed,
        rows,
        failing,
        share,
        passed ? List.of() : samples,
        message);
  }

  private static ConstraintResult whole(
      Constraint constraint, boolean passed, long rows, double observed, String message) {
    return new ConstraintResult(
        constraint.text(), constraint.severity(), passed, rows, 0, observed, List.of(), message);
  }

  /** Fetches failing rows for what failed and shows none yet; gives the number of scans. */
  private int sample(List<ConstraintResult> results) {
    List<Integer> wanted = new ArrayList<>();
    List<Constraint> failed = new ArrayList<>();
    List<Fragment> predicates = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      Fragment predicate = CheckPlan.predicate(constraints.get(i).rule());
      ConstraintResult result = results.get(i);
      if (!result.passed() && result.samples().isEmpty() && predicate != null) {
        wanted.add(i);
        failed.add(constraints.get(i));
        predicates.add(predicate);
      }
    }
    if (failed.isEmpty()) {
      return 0;
    }
    Fragment statement = plan.samples(failed, predicates);
    List<@Nullable Object> found = Rows.single(warehouse, statement.sql(), statement.parameters());
    for (int i = 0; i < failed.size(); i++) {
      ConstraintResult result = results.get(wanted.get(i));
      results.set(
          wanted.get(i),
          new ConstraintResult(
              result.constraint(),
              result.severity(),
              result.passed(),
              result.rows(),
              result.failing(),
              result.observed(),
              samples(plan.sampleColumns(failed.get(i)), found.get(i)),
              result.message()));
    }
    return 1;
  }

  private static List<Map<String, @Nullable String>> samples(
      List<String> names, @Nullable Object found) {
    List<Map<String, @Nullable String>> samples = new ArrayList<>();
    if (found instanceof List<?> rows) {
      for (Object row : rows) {
        Map<String, @Nullable String> sample = new LinkedHashMap<>();
        List<?> values = (List<?>) row;
        for (int i = 0; i < names.size(); i++) {
          sample.put(names.get(i), (String) values.get(i));
        }
        samples.add(sample);
      }
    }
    return samples;
  }

  private void requireSuited() {
    for (Constraint constraint : constraints) {
      Rule rule = constraint.rule();
      if (rule instanceof Rule.Row row) {
        requireSuited(constraint, row);
      } else if (rule instanceof Rule.Key key) {
        key.columns().forEach(column -> relation.column(columns, column));
      } else if (rule instanceof Rule.Fresh fresh) {
        requireSuited(
            constraint, new Rule.Need(fresh.column(), ColumnKind::isMoment, "a date or timestamp"));
      }
    }
    requirePredicates();
  }

  private void requireSuited(Constraint constraint, Rule.Row row) {
    row.needs().forEach(need -> requireSuited(constraint, need));
    Rule.Reference reference = row.reference();
    if (reference != null) {
      Relation other = Relation.table(reference.table());
      List<Column> there = other.columns(warehouse);
      reference.columns().forEach(column -> other.column(there, column));
    }
    if (row.pattern() != null) {
      try {
        Rows.single(warehouse, "SELECT regexp_full_match('', ?)", List.of(row.pattern()));
      } catch (MlInfraException e) {
        throw refused(constraint, e);
      }
    }
  }

  private void requireSuited(Constraint constraint, Rule.Need need) {
    Column column = relation.column(columns, need.column());
    if (!need.suits().test(column.kind())) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "'"
              + constraint.text()
              + "' needs "
              + need.what()
              + "; column '"
              + column.name()
              + "' of "
              + relation.label()
              + " is "
              + column.type());
    }
  }

  /** DuckDB takes a number for a truth value, and an aggregate would be about no row. */
  private void requirePredicates() {
    for (Constraint constraint : constraints) {
      for (String condition : constraint.conditions()) {
        requirePredicate(constraint, Fragment.of(Fragment.enclosed(condition)));
      }
      if (constraint.rule() instanceof Rule.Row row && row.custom()) {
        requirePredicate(constraint, row.holds());
      } else if (constraint.rule() instanceof Rule.Share share) {
        requirePredicate(constraint, share.raw());
      }
    }
  }

  private void requirePredicate(Constraint constraint, Fragment predicate) {
    String type;
    try {
      // The column beside it makes DuckDB refuse an aggregate.
      type =
          Rows.schema(
                  warehouse,
                  relation.with(false)
                      + "SELECT "
                      + predicate.sql()
                      + " AS p, "
                      + Fragment.quoted(columns.get(0).name())
                      + " AS c FROM "
                      + Relation.NAME
                      + " LIMIT 0",
                  predicate.parameters())
              .getFields()
              .get(0)
              .getType()
              .toString();
    } catch (MlInfraException e) {
      throw refused(constraint, e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + constraint.text() + "': " + e.getMessage(), e);
    }
    if (!type.equals("Bool")) {
      throw new MlInfraException(
          ErrorCode.QUERY_FAILED,
          "'" + constraint.text() + "' has an expression of type " + type + ", no predicate");
    }
  }

  /** The constraint at fault, where it is one alone. */
  private MlInfraException blamed(MlInfraException error, Instant now) {
    if (error.code() == ErrorCode.QUERY_FAILED && constraints.size() > 1) {
      for (Constraint constraint : constraints) {
        try {
          new ConstraintCheck(warehouse, relation, List.of(constraint)).run(now);
        } catch (MlInfraException e) {
          return e;
        }
      }
    }
    return error.code() == ErrorCode.QUERY_FAILED && constraints.size() == 1
        ? refused(constraints.get(0), error)
        : error;
  }

  private static MlInfraException refused(Constraint constraint, MlInfraException error) {
    return new MlInfraException(
        error.code(),
        "'" + constraint.text() + "' cannot be checked: " + error.getMessage(),
        error);
  }

  private static long number(List<@Nullable Object> row, int at) {
    return ((Number) Objects.requireNonNull(row.get(at), "a count")).longValue();
  }
}
