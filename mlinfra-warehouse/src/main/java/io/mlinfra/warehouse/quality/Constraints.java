package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.ConstraintResult.Severity;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A suite of constraints on a table or a query, in the spirit of Deequ and Great Expectations.
 * Immutable and thread-safe: every method gives a new suite.
 *
 * <pre>{@code
 * Constraints rules = Constraints.on("flights")
 *     .notNull("date", "origin")
 *     .primaryKey("date", "origin", "destination")
 *     .range("distance", 0, 5_000).allowing(0.01)
 *     .matches("origin", "[A-Z]{3}").asWarning()
 *     .when("delay IS NOT NULL", c -> c.notNull("landed"));
 * rules.check(warehouse).enforce();
 * }</pre>
 *
 * <p><b>Missing values.</b> As in SQL's CHECK, a constraint that is neither true nor false for a
 * row holds: a missing value passes every constraint but {@link #notNull} and {@link #primaryKey}.
 * A key or foreign key with a missing column is not compared. NaN is greater than every number, so
 * that it fails a range with a highest value. A share counts only rows for which its predicate is
 * true.
 *
 * <p><b>An empty table</b> passes everything but {@link #rowCount}, {@link #fresh} and a {@link
 * #fraction} whose lowest value is above 0.
 *
 * <p><b>Names and SQL.</b> Columns and tables are names, values are parameters: whatever they
 * contain is harmless. Predicates, conditions and queries are SQL, which the caller vouches for.
 * Patterns are those of RE2, which takes time linear in the text.
 *
 * <p>Two suites with the same {@link #definition} are equal.
 */
public final class Constraints {
  private final Relation relation;
  private final List<Constraint> constraints;

  /** How many at the end the last call has added, for {@link #allowing} and its like. */
  private final int latest;

  private Constraints(Relation relation, List<Constraint> constraints, int latest) {
    this.relation = relation;
    this.constraints = List.copyOf(constraints);
    this.latest = latest;
  }

  /** An empty suite for a table or view. */
  public static Constraints on(String table) {
    return on(Relation.table(table));
  }

  /** An empty suite for what a query gives. */
  public static Constraints onQuery(String sql) {
    return on(Relation.query(sql));
  }

  static Constraints on(Relation relation) {
    return new Constraints(relation, List.of(), 0);
  }

  /**
   * A first suite from what a profile found, each constraint with its reason. All hold for the data
   * they come from; a column without any value gets none:
   *
   * <ul>
   *   <li>a column without missing values: not null
   *   <li>whole numbers, texts or UUIDs, counted to be all different, of at least 2 rows: unique
   *   <li>at most 20 different texts, each at least 10 times on average: in that set
   *   <li>numbers of which none is below 0: at least 0
   *   <li>texts all of one length: that length
   * </ul>
   */
  public static Constraints suggest(TableProfile profile) {
    return Suggestions.of(profile);
  }

  /** None of these columns has a missing value; one constraint for each. */
  public Constraints notNull(String... columns) {
    return add(Arrays.stream(columns).map(Rules::notNull).toList());
  }

  /** No two rows have the same values in these columns together. */
  public Constraints unique(String... columns) {
    return add(Rules.key(List.of(columns), false));
  }

  /** These columns together are unique, and none has a missing value. */
  public Constraints primaryKey(String... columns) {
    return add(Rules.key(List.of(columns), true));
  }

  /** Every value of a column is one of a column in another table of the warehouse. */
  public Constraints foreignKey(String column, String table, String referenced) {
    return foreignKey(List.of(column), table, List.of(referenced));
  }

  /** The same for several columns together. */
  public Constraints foreignKey(List<String> columns, String table, List<String> referenced) {
    return add(Rules.foreignKey(columns, table, referenced));
  }

  /** Every value is one of these. */
  public Constraints inSet(String column, Object... values) {
    return inSet(column, Arrays.asList(values));
  }

  /** Every value is one of these. */
  public Constraints inSet(String column, Collection<?> values) {
    return add(Rules.inSet(column, values));
  }

  /** Every number lies between these, bounds included. */
  public Constraints range(String column, Number lowest, Number highest) {
    return add(Rules.range(column, lowest, highest));
  }

  /** Every date, time or moment lies between these, bounds included. */
  public Constraints range(String column, Temporal lowest, Temporal highest) {
    return add(Rules.range(column, lowest, highest));
  }

  /** No number, date or time is smaller. */
  public Constraints atLeast(String column, Object lowest) {
    return add(Rules.range(column, Objects.requireNonNull(lowest, "lowest"), null));
  }

  /** No number, date or time is greater. */
  public Constraints atMost(String column, Object highest) {
    return add(Rules.range(column, null, Objects.requireNonNull(highest, "highest")));
  }

  /** The whole of every text matches a pattern of RE2. */
  public Constraints matches(String column, String pattern) {
    return add(Rules.matches(column, pattern));
  }

  /** Every text has so many characters, counted as Unicode code points. */
  public Constraints length(String column, int shortest, int longest) {
    return add(Rules.length(column, shortest, longest));
  }

  /**
   * Two columns of a row are in this order.
   *
   * @param operator one of {@code <}, {@code <=}, {@code =}, {@code <>}, {@code >=} and {@code >}
   */
  public Constraints compare(String left, String operator, String right) {
    return add(Rules.compare(left, operator, right));
  }

  /**
   * A predicate holds for every row.
   *
   * @param name for people
   * @param predicate in SQL, of the columns of a row; trusted
   * @param parameters for its {@code ?}
   */
  public Constraints sql(String name, String predicate, Object... parameters) {
    return add(Rules.sql(name, predicate, parameters));
  }

  /** There are so many rows. */
  public Constraints rowCount(long lowest, long highest) {
    return add(Rules.rows(lowest, highest));
  }

  /**
   * The newest value is at most so old when it is checked. Times without a zone are UTC, a date is
   * its first moment; infinite ones do not count, and one in the future is fresh.
   */
  public Constraints fresh(String column, Duration age) {
    return add(Rules.fresh(column, age));
  }

  /** A predicate is true for a share of the rows between these, bounds included. */
  public Constraints fraction(String predicate, double lowest, double highest) {
    return add(Rules.share(predicate, lowest, highest));
  }

  /** Constraints that hold where a condition is true; elsewhere rows do not count. */
  public Constraints when(String condition, UnaryOperator<Constraints> rules) {
    Rules.requireText("condition", condition);
    List<Constraint> added = new ArrayList<>();
    for (Constraint constraint : rules.apply(on(relation)).constraints) {
      List<String> conditions = new ArrayList<>(List.of(condition));
      conditions.addAll(constraint.conditions());
      added.add(constraint.when(conditions));
    }
    return append(added);
  }

  /** Lets a share of the rows fail what the call before has added, rows or keys. */
  public Constraints allowing(double share) {
    // Written so that NaN is refused.
    if (!(share >= 0 && share < 1)) {
      throw new IllegalArgumentException("share (" + share + ") must be >= 0 and < 1");
    }
    return change(
        "allowing",
        constraint -> {
          if (!(constraint.rule() instanceof Rule.Row || constraint.rule() instanceof Rule.Key)) {
            throw new IllegalArgumentException(
                "'" + constraint.text() + "' is about the table as a whole; no share may fail it");
          }
          return constraint.allowing(share);
        });
  }

  /** Makes what the call before has added a warning, which does not stop {@code enforce}. */
  public Constraints asWarning() {
    return change("asWarning", constraint -> constraint.with(Severity.WARNING));
  }

  /** Says why the call before has added something; shown by {@link #toString}. */
  public Constraints because(String reason) {
    return change("because", constraint -> constraint.because(Constraint.oneLine(reason)));
  }

  private Constraints change(String call, UnaryOperator<Constraint> change) {
    if (latest == 0) {
      throw new IllegalStateException(call + " goes behind a call that adds constraints");
    }
    List<Constraint> changed = new ArrayList<>(constraints);
    changed.subList(changed.size() - latest, changed.size()).replaceAll(change);
    return new Constraints(relation, changed, latest);
  }

  private Constraints add(Rule rule) {
    return add(List.of(rule));
  }

  private Constraints add(List<Rule> rules) {
    return append(rules.stream().map(Constraint::of).toList());
  }

  private Constraints append(List<Constraint> added) {
    if (added.isEmpty()) {
      throw new IllegalArgumentException("there must be at least one constraint to add");
    }
    List<Constraint> all = new ArrayList<>(constraints);
    all.addAll(added);
    return new Constraints(relation, all, added.size());
  }

  /** Checks it now, see {@link #check(Warehouse, Instant)}. */
  public ConstraintReport check(Warehouse warehouse) {
    return check(warehouse, Instant.now());
  }

  /**
   * Checks everything. One statement does it, so that all verdicts and counts are of one state of
   * the table; see {@link ConstraintReport#scans}. Sample rows of what failed are fetched by a
   * second statement and may, if somebody writes meanwhile, be of a later state.
   *
   * @param now what {@link #fresh} counts from
   * @throws MlInfraException before anything is read: {@link ErrorCode#NAME_UNKNOWN} for a table or
   *     column that is not there, listing those that are; {@link ErrorCode#DATA_UNSUITABLE} for a
   *     column whose type does not suit its constraint; {@link ErrorCode#QUERY_FAILED} for a
   *     pattern, predicate or condition that DuckDB refuses, naming the constraint. The last may
   *     also come while rows are read, if a predicate fails on one.
   */
  public ConstraintReport check(Warehouse warehouse, Instant now) {
    return new ConstraintCheck(warehouse, relation, constraints).run(now);
  }

  /** How many constraints there are. */
  public int size() {
    return constraints.size();
  }

  /**
   * The suite as text: what it is on, then a line per constraint. It stays the same for the same
   * suite and is meant to be kept beside results, and compared; it cannot be read back.
   */
  public String definition() {
    return constraints.stream()
        .map(constraint -> constraint.text() + "\n")
        .collect(Collectors.joining("", relation.definition() + "\n", ""));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Constraints that && definition().equals(that.definition());
  }

  @Override
  public int hashCode() {
    return definition().hashCode();
  }

  /** The definition, with the reasons that were given. */
  @Override
  public String toString() {
    return constraints.stream()
        .map(
            constraint ->
                constraint.text()
                    + (constraint.reason() == null ? "" : "  (" + constraint.reason() + ")")
                    + "\n")
        .collect(Collectors.joining("", relation.definition() + "\n", ""));
  }
}
