package io.mlinfra.registry;

import io.mlinfra.registry.TrackedRun.Metric;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something of a run that a search can name.
 *
 * @param source which part of the run
 * @param key in that part; empty for an attribute
 */
record RunField(Source source, String key) {
  static final String ATTRIBUTES =
      "status, started, ended, duration, experiment, number, actor or parent";

  /** What values are, and so what they can be compared with. */
  enum Type {
    NUMBER,
    TEXT,
    /** A text that may stand for a number. */
    LOOSE,
    TIME
  }

  /** The parts of a run. */
  enum Source {
    PARAMS(Type.LOOSE),
    METRICS(Type.NUMBER),
    TAGS(Type.LOOSE),
    ENVIRONMENT(Type.LOOSE),
    STATUS(Type.TEXT),
    STARTED(Type.TIME),
    ENDED(Type.TIME),
    DURATION(Type.NUMBER),
    EXPERIMENT(Type.TEXT),
    NUMBER(Type.NUMBER),
    ACTOR(Type.TEXT),
    PARENT(Type.TEXT);

    final Type type;

    Source(Type type) {
      this.type = type;
    }

    boolean hasKeys() {
      return this == PARAMS || this == METRICS || this == TAGS || this == ENVIRONMENT;
    }
  }

  /** The value as a number; null if there is none, or it is none. */
  @Nullable Double number(TrackedRun run) {
    switch (source) {
      case METRICS:
        Metric metric = run.metrics().get(key);
        return metric == null ? null : (Double) metric.last();
      case DURATION:
        return run.duration().map(RunField::seconds).orElse(null);
      case NUMBER:
        return (double) run.number();
      default:
        String text = text(run);
        return text == null ? null : parse(text);
    }
  }

  private static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNano() / 1e9;
  }

  /** The value as a text; null if there is none. */
  @Nullable String text(TrackedRun run) {
    return switch (source) {
      case PARAMS -> run.params().get(key);
      case TAGS -> run.tags().get(key);
      case ENVIRONMENT -> run.environment().get(key);
      case STATUS -> run.status().name();
      case EXPERIMENT -> run.experiment();
      case ACTOR -> run.actor();
      case PARENT -> run.parent().orElse(null);
      default -> null;
    };
  }

  /** The value as a time; null if there is none. */
  @Nullable Instant time(TrackedRun run) {
    Optional<Instant> time = source == Source.STARTED ? Optional.of(run.started()) : run.ended();
    return time.orElse(null);
  }

  boolean isPresent(TrackedRun run) {
    return switch (source.type) {
      case NUMBER -> number(run) != null;
      case TEXT, LOOSE -> text(run) != null;
      case TIME -> time(run) != null;
    };
  }

  /** A text as a decimal number; null if it is none. */
  static @Nullable Double parse(String text) {
    if (text.isEmpty() || text.length() > 64) {
      return null;
    }
    for (int i = 0; i < text.length(); i++) {
      // Double.parseDouble takes 1d, 0x1p3, NaN and white space as well.
      if ("0123456789+-.eE".indexOf(text.charAt(i)) < 0) {
        return null;
      }
    }
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** What comes first by this field: numbers, then texts, then runs without a value or with NaN. */
  int compare(TrackedRun one, TrackedRun other, boolean descending) {
    int sign = descending ? -1 : 1;
    if (source.type == Type.TIME) {
      Instant a = time(one);
      Instant b = time(other);
      return a == null || b == null ? missingLast(a, b) : sign * a.compareTo(b);
    }
    Double a = number(one);
    Double b = number(other);
    a = a == null || a.isNaN() ? null : a;
    b = b == null || b.isNaN() ? null : b;
    if (a != null && b != null) {
      // 0 and -0 are equal to a search.
      return sign * Double.compare(a + 0.0, b + 0.0);
    }
    if (a != null || b != null || source.type == Type.NUMBER) {
      return missingLast(a, b);
    }
    String s = text(one);
    String t = text(other);
    return s == null || t == null ? missingLast(s, t) : sign * s.compareTo(t);
  }

  private static int missingLast(@Nullable Object one, @Nullable Object other) {
    return Boolean.compare(one == null, other == null);
  }
}
