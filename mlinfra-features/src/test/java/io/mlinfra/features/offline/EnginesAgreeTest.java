package io.mlinfra.features.offline;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.countDistinct;
import static io.mlinfra.features.view.Aggregate.first;
import static io.mlinfra.features.view.Aggregate.fraction;
import static io.mlinfra.features.view.Aggregate.last;
import static io.mlinfra.features.view.Aggregate.max;
import static io.mlinfra.features.view.Aggregate.mean;
import static io.mlinfra.features.view.Aggregate.min;
import static io.mlinfra.features.view.Aggregate.stddev;
import static io.mlinfra.features.view.Aggregate.sum;
import static io.mlinfra.features.view.Aggregate.variance;
import static io.mlinfra.features.view.Condition.atLeast;
import static io.mlinfra.features.view.Condition.atMost;
import static io.mlinfra.features.view.Condition.equal;
import static io.mlinfra.features.view.Condition.greaterThan;
import static io.mlinfra.features.view.Condition.isTrue;
import static io.mlinfra.features.view.Condition.lessThan;
import static io.mlinfra.features.view.Condition.missing;
import static io.mlinfra.features.view.Condition.notEqual;
import static io.mlinfra.features.view.Condition.oneOf;
import static io.mlinfra.features.view.Condition.present;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;

/**
 * The statement gives the values that the other engine gives. The columns bear the very names that
 * the statement uses.
 */
class EnginesAgreeTest {
  private static final double U = 0x1p-53;
  private static final long MINUTE = 60_000_000L;
  private static final Duration SHORT = Duration.ofMinutes(10);
  private static final Duration LONG = Duration.ofMinutes(45);

  /** Where times lie: 1970, both changes to and from summer time, 1938, both ends of time. */
  private static final long[] ANCHORS = {
    0,
    1_585_443_600_000_000L,
    1_603_587_600_000_000L,
    -1_000_000_000_000_000L,
    -9_223_372_022_000_000_000L,
    9_223_372_030_000_000_000L
  };

  private static Fixture fixture;

  @BeforeContainer
  static void open() {
    fixture = new Fixture();
  }

  @AfterContainer
  static void close() {
    fixture.close();
  }

  /** Draws tables; what it draws follows from a seed. */
  private static final class Draw {
    private final Random random;
    private final boolean zoned;
    private final boolean far;
    private final long anchor;

    Draw(long seed) {
      random = new Random(seed);
      zoned = random.nextBoolean();
      far = random.nextInt(4) == 0;
      anchor = ANCHORS[random.nextInt(ANCHORS.length)];
    }

    @SafeVarargs
    private <T> T one(T... of) {
      return of[random.nextInt(of.length)];
    }

    private Long time() {
      if (random.nextInt(12) == 0) {
        return null;
      }
      long base = far ? ANCHORS[random.nextInt(ANCHORS.length)] : anchor;
      if (far) {
        // Ages stay below 2^63 microseconds.
        base = Math.max(-4_000_000_000_000_000_000L, Math.min(4_000_000_000_000_000_000L, base));
      }
      return base + random.nextInt(20) * 5 * MINUTE + one(0, 0, 0, 1, -1);
    }

    private Double number() {
      return switch (random.nextInt(12)) {
        case 0 -> null;
        case 1 -> Double.NaN;
        case 2 -> one(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0);
        case 3 -> one(1e200, -3e160, 1e-200, 5e-324, 1e308);
        case 4, 5 -> 1e6 + random.nextGaussian();
        case 6, 7 -> one(0.0, -0.0);
        case 8 -> 1.0 + random.nextInt(2);
        default -> random.nextGaussian();
      };
    }

    private ArrowTable.Values times(String name, int rows, boolean present) {
      List<Long> times = new ArrayList<>();
      while (times.size() < rows) {
        Long time = time();
        if (time != null || !present) {
          times.add(time);
        }
      }
      return ArrowTable.column(
          name, new ArrowType.Timestamp(TimeUnit.MICROSECOND, zoned ? "UTC" : null), times);
    }

    private <T> List<T> some(int rows, java.util.function.Supplier<T> draw) {
      List<T> values = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        values.add(draw.get());
      }
      return values;
    }

    private ArrowTable.Values text(int rows) {
      return ArrowTable.text(
          "k1", some(rows, () -> one("it's", "\uD83D\uDE00", "\uFFFD", "", null)));
    }

    private ArrowTable.Values key(int rows) {
      return ArrowTable.int64("k0", some(rows, () -> one(-1L, 7L, 7L, Long.MAX_VALUE, null)));
    }

    void load() throws Exception {
      int rows = random.nextInt(60);
      fixture.load(
          "join_e0",
          key(rows),
          text(rows),
          times("n", rows, false),
          times("e", rows, false),
          ArrowTable.float64("v0", some(rows, this::number)),
          ArrowTable.int64("v1", some(rows, () -> one(1L, -2L, 3L, 1L << 50, -(1L << 50), null))),
          ArrowTable.bool("v2", some(rows, () -> one(true, false, null))),
          ArrowTable.text("v3", some(rows, () -> one("it's", "\uD83D\uDE00", "\uFFFD", "b", null))),
          ArrowTable.timestamp("r", some(rows, () -> one(1L, -5L, 77L, null))));
      int asking = random.nextInt(30);
      fixture.load(
          "join_l",
          key(asking),
          text(asking),
          times("t", asking, true),
          ArrowTable.int64("r", some(asking, random::nextLong)),
          ArrowTable.text("c0", some(asking, () -> one("a", null))));
    }

    FeatureView view() {
      FeatureView.Builder view =
          FeatureView.named("v")
              .fromSql("SELECT *, abs(v0) AS a, v0 * v0 AS s, v1::DOUBLE AS d FROM join_e0")
              .eventTime("n");
      view = random.nextBoolean() ? view.entity("k0", "k1") : view.entity(one("k0", "k1"));
      if (random.nextBoolean()) {
        view.knownAt("e");
      }
      if (random.nextBoolean()) {
        view.ttl(one(LONG, Duration.ofDays(1)));
      }
      if (random.nextInt(3) == 0) {
        view.tieBreak(one("v1", "v3", "r"));
      }
      if (random.nextBoolean()) {
        view.sinceLast();
      }
      if (random.nextBoolean()) {
        view.latest("v0", "v1", "v2", "v3", "r");
      }
      if (random.nextInt(3) == 0) {
        view.lag("v0", 1).lag("v3", 3);
      }
      if (random.nextInt(4) > 0) {
        view.windows(
            List.of(SHORT, LONG),
            count(),
            count().where(present("v0")),
            sum("a"),
            sum("s"),
            sum("v0"),
            mean("v0"),
            variance("v0"),
            stddev("v0"),
            sum("v1"),
            mean("v1"),
            sum("d"),
            sum("v2"),
            mean("v2"),
            min("v0"),
            max("v0"),
            min("v1"),
            max("r"),
            first("v0"),
            last("v0"),
            first("v3"),
            last("r"),
            last("v2"),
            countDistinct("v0"),
            countDistinct("v3"),
            countDistinct("v2"));
        view.window(
            SHORT,
            count().where(equal("v3", "it's")).named("i0"),
            count().where(notEqual("v1", 1L)).named("i1"),
            count().where(lessThan("v1", 1.5)).named("i2"),
            count().where(atMost("v0", 0L)).named("i3"),
            count().where(greaterThan("v3", "\uFFFD")).named("i4"),
            last("v3").where(atLeast("v0", 1e6)).named("i5"),
            first("r").where(missing("v1")).named("i6"),
            fraction(isTrue("v2")),
            fraction(oneOf("v3", "b", "\uFFFD")),
            min("v1").where(notEqual("v2", true)).named("i7"));
      }
      try {
        return view.build();
      } catch (IllegalStateException e) {
        return view.latest("v0").build();
      }
    }
  }

  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void theStatementGivesTheValuesOfTheOtherEngine(@ForAll long seed) throws Exception {
    Draw draw = new Draw(seed);
    draw.load();
    FeatureView view = draw.view();
    String labels = "SELECT * FROM join_l -- all of them";
    FeaturePlan plan = FeaturePlan.of(view, EventReader.schema(fixture.warehouse, view));
    try (FeatureStore store = FeatureStore.open(fixture.warehouse, view);
        TrainingSet set = store.trainingSet(labels, "t");
        ArrowReader expected = set.reader();
        ArrowReader actual = SqlJoin.open(fixture.warehouse, List.of(plan), labels, "t")) {
      List<List<Object>> wanted = Fixture.rows(expected);
      List<List<Object>> given = Fixture.rows(actual);
      assertThat(given).hasSameSizeAs(wanted);
      for (int row = 0; row < wanted.size(); row++) {
        compare(plan, wanted.get(row), given.get(row));
      }
    }
  }

  private static void compare(FeaturePlan plan, List<Object> wanted, List<Object> given) {
    int columns = wanted.size() - plan.features().size();
    assertThat(given).hasSameSizeAs(wanted);
    assertThat(given.subList(0, columns)).isEqualTo(wanted.subList(0, columns));
    Map<String, Object> exact = new HashMap<>();
    for (int f = 0; f < plan.features().size(); f++) {
      exact.put(plan.features().get(f).name(), wanted.get(columns + f));
    }
    for (int f = 0; f < plan.features().size(); f++) {
      FeaturePlan.Planned feature = plan.features().get(f);
      Object want = wanted.get(columns + f);
      Object give = given.get(columns + f);
      String what = feature + " of " + wanted;
      boolean rounded =
          feature.name().matches("v__(sum|mean|variance|stddev)_(a|s|v0)_.*") && want != null;
      if (!rounded || !Double.isFinite((Double) want)) {
        if (!overflows(feature, exact)) {
          assertThat(give).as(what).isEqualTo(want);
        }
      } else {
        double bound = bound(feature, exact);
        if (Double.isFinite(bound)) {
          assertThat(give).as(what).isNotNull();
          assertThat(Math.abs((Double) give - (Double) want)).as(what).isLessThanOrEqualTo(bound);
        }
      }
    }
  }

  /** Whether a sum of absolute values or squares is infinite, so that nothing is promised. */
  private static boolean overflows(FeaturePlan.Planned feature, Map<String, Object> exact) {
    return feature.name().matches("v__(sum|mean)_(a|s|v0)_.*")
        && !Double.isFinite(magnitude(feature, exact));
  }

  private static double of(
      String aggregate, FeaturePlan.Planned feature, Map<String, Object> exact) {
    String name = feature.name();
    Object value = exact.get("v__" + aggregate + name.substring(name.lastIndexOf('_')));
    return value == null ? 0 : ((Number) value).doubleValue();
  }

  private static double magnitude(FeaturePlan.Planned feature, Map<String, Object> exact) {
    return of(feature.name().contains("_s_") ? "sum_s" : "sum_a", feature, exact);
  }

  private static double bound(FeaturePlan.Planned feature, Map<String, Object> exact) {
    double n = of("count_if_v0", feature, exact);
    double sum = magnitude(feature, exact);
    switch (feature.function()) {
      case SUM:
        return (n + 2) * U * sum;
      case MEAN:
        return (n + 4) * U * sum / n;
      default:
        double variance = of("variance_v0", feature, exact);
        double squares = of("sum_s", feature, exact);
        double bound =
            (8 * n * U * Math.sqrt(variance * squares * (n - 1)) + 64 * n * n * U * U * squares)
                    / (n - 1)
                + n * Double.MIN_NORMAL * U;
        double deviation = of("stddev_v0", feature, exact);
        return feature.function() == Function.VARIANCE
            ? bound
            : Math.min(Math.sqrt(bound), bound / deviation) + 2 * U * deviation;
    }
  }
}
