package io.mlinfra.features.online;

import io.mlinfra.features.internal.ExactSum;
import io.mlinfra.features.internal.ExactVariance;
import io.mlinfra.features.internal.ValueType;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How many, the sum, the variance, the least and the largest of some values, mergeable. */
final class Total {
  private final Shape.Slot slot;

  /** How many events met the condition. */
  long met;

  /** In how many of them there was a value. */
  long present;

  private final @Nullable ExactVariance variance;
  private final ExactSum sum;
  private long least;
  private long largest;

  Total(Shape.Slot slot) {
    this.slot = slot;
    this.variance = slot.squares() ? new ExactVariance() : null;
    this.sum = variance == null ? new ExactSum() : variance.sum();
    this.least = slot.type().missing();
    this.largest = least;
  }

  /** Takes in an event. */
  void add(Tile tile, int event) {
    if (slot.test() >= 0 && !tile.met(event, slot.test())) {
      return;
    }
    met++;
    if (slot.input() < 0) {
      return;
    }
    if (!(tile.columns[slot.input()] instanceof long[] cells)) {
      present += ((@Nullable String[]) tile.columns[slot.input()])[event] == null ? 0 : 1;
      return;
    }
    long cell = cells[event];
    if (slot.type().isMissing(cell)) {
      return;
    }
    present++;
    if (variance != null) {
      variance.add(slot.type().number(cell));
    } else if (slot.sums()) {
      sum.add(slot.type().number(cell));
    }
    if (slot.extremes()) {
      extend(cell, cell);
    }
  }

  private void extend(long low, long high) {
    if (slot.type().isMissing(least) || compare(low, least) < 0) {
      least = low;
    }
    if (slot.type().isMissing(largest) || compare(high, largest) > 0) {
      largest = high;
    }
  }

  private int compare(long a, long b) {
    return slot.type() == ValueType.FLOAT64
        ? Double.compare(Double.longBitsToDouble(a), Double.longBitsToDouble(b))
        : Long.compare(a, b);
  }

  /** Takes in another total of the same slot. */
  void add(Total other) {
    met += other.met;
    present += other.present;
    if (variance != null && other.variance != null) {
      variance.merge(other.variance);
    } else if (slot.sums()) {
      sum.merge(other.sum);
    }
    if (slot.extremes() && !slot.type().isMissing(other.least)) {
      extend(other.least, other.largest);
    }
  }

  /** The cell of the least value. */
  long least() {
    return least;
  }

  /** The cell of the largest value. */
  long largest() {
    return largest;
  }

  /** As {@link ExactSum#sum}. */
  double sum(Supplier<double[]> values) {
    return sum.sum(values);
  }

  /** As {@link ExactSum#mean}. */
  double mean(Supplier<double[]> values) {
    return sum.mean(values);
  }

  /** As {@link ExactVariance#variance}. */
  double variance(Supplier<double[]> values) {
    return variance == null ? Double.NaN : variance.variance(values);
  }
}
