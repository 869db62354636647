package io.mlinfra.features.internal;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.Aggregate;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A feature view made ready for the columns that its source really has. Immutable.
 *
 * <p>Events are ordered by event time, known-at and their inputs in order; a tie break column is
 * the first of the inputs.
 */
public final class FeaturePlan {
  /** "For ever", where a length in microseconds is asked for. */
  public static final long FOREVER = Long.MAX_VALUE;

  /** A column of the events that is read. */
  public record Input(String name, ValueType type) {}

  /**
   * A feature.
   *
   * @param type of its values
   * @param input which of the inputs it is computed from; -1 for none
   * @param test which events of the window count; null for all
   * @param window in microseconds; {@link #FOREVER} where it has none
   */
  public record Planned(
      Feature feature, ValueType type, int input, @Nullable EventTest test, long window) {
    public String name() {
      return feature.name();
    }

    public Function function() {
      return feature.aggregate().function();
    }

    /** How many events before the latest, for {@link Function#LAG}. */
    public int lag() {
      return feature.aggregate().lag();
    }

    /** Whether there always is a value: counts are 0 where there is no event. */
    public boolean isCount() {
      return function() == Function.COUNT || function() == Function.COUNT_DISTINCT;
    }

    /** The cell of the feature of an entity without events. */
    public long empty() {
      return isCount() ? 0 : type.missing();
    }
  }

  private final FeatureView view;
  private final List<KeyType> keyTypes;
  private final boolean zoned;
  private final List<Input> inputs = new ArrayList<>();
  private final List<Planned> features = new ArrayList<>();

  private FeaturePlan(FeatureView view, Schema schema) {
    this.view = view;
    this.keyTypes =
        view.entity().keys().stream()
            .map(key -> keyType(require("entity key", key, schema)))
            .toList();
    Field happened = requireTime("event time", view.eventTime(), schema);
    this.zoned = Sql.isZoned(happened);
    view.knownAt()
        .map(column -> requireTime("known-at", column, schema))
        .ifPresent(known -> Sql.requireOneKind(what(), happened, known));
    view.tieBreak().ifPresent(column -> requireTieBreak(input("tie break", column, schema)));
    for (Feature feature : view.features()) {
      plan(feature, schema);
    }
  }

  /**
   * Makes a view ready.
   *
   * @param schema of its source
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the source lacks a column; {@link
   *     ErrorCode#DATA_UNSUITABLE} if a column holds what it must not
   */
  public static FeaturePlan of(FeatureView view, Schema schema) {
    return new FeaturePlan(view, schema);
  }

  /**
   * The same for some of the features. It reads the inputs of all of them, as these order the
   * events.
   *
   * @param wanted features of the view
   */
  public FeaturePlan selecting(List<Feature> wanted) {
    return new FeaturePlan(this, wanted);
  }

  private FeaturePlan(FeaturePlan of, List<Feature> wanted) {
    this.view = of.view;
    this.keyTypes = of.keyTypes;
    this.zoned = of.zoned;
    this.inputs.addAll(of.inputs);
    of.features.stream().filter(each -> wanted.contains(each.feature())).forEach(features::add);
  }

  public FeatureView view() {
    return view;
  }

  /** The types of the entity's keys, in order. */
  public List<KeyType> keyTypes() {
    return keyTypes;
  }

  /** Whether its times bear a zone. */
  public boolean isZoned() {
    return zoned;
  }

  /** The columns that are read beside keys and times. */
  public List<Input> inputs() {
    return inputs;
  }

  public List<Planned> features() {
    return features;
  }

  /** How long an event is seen, in microseconds; {@link #FOREVER} where there is no TTL. */
  public long ttl() {
    return view.ttl().map(FeaturePlan::micros).orElse(FOREVER);
  }

  /** The longest window, in microseconds; 0 where there is none. */
  public long longestWindow() {
    return features.stream()
        .filter(feature -> feature.window() != FOREVER)
        .mapToLong(Planned::window)
        .max()
        .orElse(0);
  }

  /** How many of the latest events matter whatever their age: the longest lag, and the latest. */
  public int latestEvents() {
    return features.stream()
        .filter(feature -> feature.window() == FOREVER)
        .mapToInt(feature -> feature.lag() + 1)
        .max()
        .orElse(0);
  }

  /** Says that an input holds the whole number that cannot be told from a missing value. */
  public String holdsTheMissingOne(Input input) {
    return what()
        + " reads column '"
        + input.name()
        + "', which holds "
        + Long.MIN_VALUE
        + ", the one whole number that stands for a missing one";
  }

  private String what() {
    return "feature view '" + view.name() + "'";
  }

  private void plan(Feature feature, Schema schema) {
    Aggregate aggregate = feature.aggregate();
    int input =
        aggregate.column().isEmpty() ? -1 : input(aggregate.toString(), aggregate.column(), schema);
    if (input >= 0) {
      requireSuits(aggregate, inputs.get(input));
    }
    EventTest test = null;
    if (aggregate.condition() != null) {
      int tested = input("condition", aggregate.condition().column(), schema);
      try {
        test = new EventTest(aggregate.condition(), tested, inputs.get(tested).type());
      } catch (IllegalArgumentException e) {
        throw new MlInfraException(ErrorCode.DATA_UNSUITABLE, what() + ": " + e.getMessage(), e);
      }
    }
    ValueType type =
        switch (aggregate.function()) {
          case COUNT, COUNT_DISTINCT -> ValueType.INT64;
          case FRACTION, SUM, MEAN, VARIANCE, STDDEV, SINCE_LAST -> ValueType.FLOAT64;
          case MIN, MAX, FIRST, LAST, LATEST, LAG -> inputs.get(input).type();
        };
    long window = feature.window() == null ? FOREVER : micros(feature.window());
    features.add(new Planned(feature, type, input, test, window));
  }

  private static long micros(Duration length) {
    return length.toSeconds() * 1_000_000L + length.getNano() / 1000;
  }

  private void requireSuits(Aggregate aggregate, Input input) {
    boolean suits =
        switch (aggregate.function()) {
          case SUM, MEAN, VARIANCE, STDDEV -> input.type().isNumeric();
          case MIN, MAX -> input.type() != ValueType.TEXT && input.type() != ValueType.BOOLEAN;
          default -> true;
        };
    if (!suits) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what()
              + " asks for "
              + aggregate
              + ", but column '"
              + input.name()
              + "' holds "
              + input.type().noun());
    }
  }

  private void requireTieBreak(int input) {
    if (inputs.get(input).type() == ValueType.FLOAT64) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what() + " breaks ties by '" + inputs.get(input).name() + "', which holds doubles");
    }
  }

  private int input(String role, String column, Schema schema) {
    Field field = require(role, column, schema);
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i).name().equals(field.getName())) {
        return i;
      }
    }
    ValueType type =
        ValueType.of(field)
            .orElseThrow(
                () ->
                    new MlInfraException(
                        ErrorCode.DATA_UNSUITABLE,
                        what()
                            + " names the column '"
                            + column
                            + "', which holds "
                            + Sql.show(field)
                            + ", of which no feature can be made"));
    inputs.add(new Input(field.getName(), type));
    return inputs.size() - 1;
  }

  private KeyType keyType(Field field) {
    return KeyType.of(field)
        .orElseThrow(
            () ->
                new MlInfraException(
                    ErrorCode.DATA_UNSUITABLE,
                    what()
                        + " has the entity key '"
                        + field.getName()
                        + "', which holds "
                        + Sql.show(field)
                        + ", neither whole numbers of up to 64 bits nor texts; cast it"));
  }

  private Field requireTime(String role, String column, Schema schema) {
    Field field = require(role, column, schema);
    if (!Sql.isTime(field)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what()
              + " names the "
              + role
              + " column '"
              + column
              + "', which holds "
              + Sql.show(field)
              + ", not a time");
    }
    return field;
  }

  private Field require(String role, String column, Schema schema) {
    String where = view.isSql() ? "its query" : "table '" + view.source() + "'";
    return Sql.require(what(), role, column, where, schema);
  }

  /** {@code FeaturePlan[origin, 4 features of 2 columns]}. */
  @Override
  public String toString() {
    return "FeaturePlan["
        + view.name()
        + ", "
        + features.size()
        + " features of "
        + inputs.stream().map(Input::name).collect(Collectors.joining(", "))
        + "]";
  }
}
