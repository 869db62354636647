package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.Times;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The features that were asked for, at one time. Values are {@link Long}, {@link Double}, {@link
 * Boolean}, {@link String} or {@link LocalDateTime} (UTC); counts always are a {@link Long}; null
 * means missing. Immutable and thread-safe.
 */
public final class FeatureVector {
  /** The event time of an entity that has no visible event. */
  static final long NEVER = Long.MIN_VALUE;

  private final Layout layout;
  private final @Nullable Object[] values;
  private final long time;
  private final long[] latest;

  /**
   * A vector.
   *
   * @param values of the layout's features; not copied
   * @param time in microseconds
   * @param latest per view the event time of the latest visible event, or {@link #NEVER}; not
   *     copied
   */
  FeatureVector(Layout layout, @Nullable Object[] values, long time, long[] latest) {
    this.layout = layout;
    this.values = values;
    this.time = time;
    this.latest = latest;
  }

  /**
   * The value of a feature, null where it is missing.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is not one of these features
   */
  public @Nullable Object value(String feature) {
    return values[layout.index(feature)];
  }

  /**
   * The value of a feature that is a number; of a boolean one, 1 for true and 0 for false; NaN
   * where it is missing.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is not one of these features
   * @throws IllegalArgumentException if its value is a text or a time
   */
  public double number(String feature) {
    Object value = value(feature);
    if (value == null) {
      return Double.NaN;
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    if (value instanceof Boolean truth) {
      return truth ? 1 : 0;
    }
    throw new IllegalArgumentException(
        "feature '"
            + feature
            + "' is "
            + value
            + ", a "
            + value.getClass().getSimpleName()
            + ", not a number");
  }

  /** All values by name, in order. */
  public Map<String, @Nullable Object> asMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    into(map);
    return Collections.unmodifiableMap(map);
  }

  /** Puts all values into a row that is about to be predicted for. */
  public void into(Map<String, @Nullable Object> row) {
    for (int i = 0; i < values.length; i++) {
      row.put(layout.names().get(i), values[i]);
    }
  }

  /** The time at which these are the values, UTC. */
  public LocalDateTime at() {
    return Times.of(time);
  }

  /**
   * How long ago the latest event happened that is visible of the entity in the feature's view;
   * empty where there is none, and for what is derived.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if it is not one of these features
   */
  public Optional<Duration> age(String feature) {
    int view = layout.view(layout.index(feature));
    if (view < 0 || latest[view] == NEVER) {
      return Optional.empty();
    }
    return Optional.of(Duration.between(Times.of(latest[view]), Times.of(time)));
  }

  /** Whether any event is visible of the entity, of any of them where several were asked for. */
  public boolean isKnown() {
    for (long happened : latest) {
      if (happened != NEVER) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FeatureVector that
        && time == that.time
        && layout.names().equals(that.layout.names())
        && Arrays.equals(values, that.values)
        && Arrays.equals(latest, that.latest);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(values) + Long.hashCode(time);
  }

  /** A line per feature: its name, its value, the age of its view's latest event. */
  @Override
  public String toString() {
    int width = layout.names().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder table = new StringBuilder("at ").append(at());
    for (int i = 0; i < values.length; i++) {
      String name = layout.names().get(i);
      table.append('\n').append(name).append(" ".repeat(width - name.length() + 2));
      table.append(values[i] == null ? "missing" : values[i]);
      age(name).ifPresent(age -> table.append("  (").append(seconds(age)).append(" s old)"));
    }
    return table.toString();
  }

  private static String seconds(Duration age) {
    return BigDecimal.valueOf(age.toSeconds())
        .add(BigDecimal.valueOf(age.getNano(), 9))
        .stripTrailingZeros()
        .toPlainString();
  }
}
