package io.mlinfra.registry;

import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;

/**
 * How a metric went: its values, in the order in which they were logged. Immutable and thread-safe.
 */
public final class Curve {
  private final String metric;
  private final long[] steps;
  private final double[] values;
  private final long[] times;

  private Curve(Builder builder) {
    this.metric = builder.metric;
    this.steps = Arrays.copyOf(builder.steps, builder.size);
    this.values = Arrays.copyOf(builder.values, builder.size);
    this.times = Arrays.copyOf(builder.times, builder.size);
  }

  /** What was measured. */
  public String metric() {
    return metric;
  }

  /** How many points there are. */
  public int size() {
    return steps.length;
  }

  /** The step of a point, 0 for the first point. */
  public long step(int point) {
    return steps[Objects.checkIndex(point, steps.length)];
  }

  /** The value of a point; may be NaN or infinite. */
  public double value(int point) {
    return values[Objects.checkIndex(point, values.length)];
  }

  /** When a point was logged, to the millisecond. */
  public Instant time(int point) {
    return Instant.ofEpochMilli(times[Objects.checkIndex(point, times.length)]);
  }

  /** The steps, a copy. */
  public long[] steps() {
    return steps.clone();
  }

  /** The values, a copy. */
  public double[] values() {
    return values.clone();
  }

  @Override
  public String toString() {
    return "Curve[" + metric + ", " + steps.length + " points]";
  }

  /** Collects points. */
  static final class Builder {
    private final String metric;
    private long[] steps = new long[64];
    private double[] values = new double[64];
    private long[] times = new long[64];
    private int size;

    Builder(String metric) {
      this.metric = metric;
    }

    void add(long step, double value, long atMillis) {
      if (size == steps.length) {
        steps = Arrays.copyOf(steps, 2 * size);
        values = Arrays.copyOf(values, 2 * size);
        times = Arrays.copyOf(times, 2 * size);
      }
      steps[size] = step;
      values[size] = value;
      times[size++] = atMillis;
    }

    Curve build() {
      return new Curve(this);
    }
  }
}
