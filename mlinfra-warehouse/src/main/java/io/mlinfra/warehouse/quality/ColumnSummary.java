package io.mlinfra.warehouse.quality;

import io.mlinfra.core.text.Format;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TableProfile} says of one column. Immutable and thread-safe.
 *
 * @param name of the column
 * @param type as DuckDB calls it
 * @param rows of the table
 * @param nulls missing values
 * @param distinct how many different values there are; an estimate with a standard error of about
 *     13 % unless {@code distinctExact}
 * @param distinctExact whether that number was counted: where the most frequent values are all
 *     there are, and for whole numbers, texts and UUIDs that are nearly all different
 * @param lowest the smallest value as DuckDB writes it, cut at 200 characters; of numbers and times
 *     the smallest finite one; null where there is none and for types without an order
 * @param highest the greatest, likewise
 * @param mean of the finite numbers; NaN for other types, and where a number is beyond 1e150
 * @param standardDeviation of the sample, likewise; NaN for fewer than two
 * @param nans numbers that are not a number
 * @param infinities infinite numbers and times
 * @param percentiles the 101 percentiles from 0 to 100 of finite numbers, of times as microseconds
 *     since 1970 in UTC; empty for other types. By a t-digest: the rank of each is within 2 % of
 *     the rows of what it should be, those of 0 and 100 are exact up to double's precision.
 * @param histogram bars from the smallest to the greatest value. Where {@code top} has all values
 *     and they are numbers, a bar for each, exact; otherwise of equal width, from the percentiles,
 *     and a bar's share within 4 % of the rows of the truth.
 * @param top up to 20 of the most frequent values that occur more than once, with their exact
 *     counts; empty for lists, structures and the like, and where hardly a value repeats. Which
 *     values these are is found by an approximate method (filtered space-saving), which may miss
 *     one that is not much more frequent than others.
 * @param shortest length of the shortest text in code points; -1 for other types
 * @param longest likewise
 * @param meanLength likewise; NaN for other types
 */
public record ColumnSummary(
    String name,
    String type,
    long rows,
    long nulls,
    long distinct,
    boolean distinctExact,
    @Nullable String lowest,
    @Nullable String highest,
    double mean,
    double standardDeviation,
    long nans,
    long infinities,
    List<Double> percentiles,
    List<Bar> histogram,
    List<Value> top,
    long shortest,
    long longest,
    double meanLength) {
  /** A bar of a histogram: how many values there are from one to another. */
  public record Bar(double from, double to, long count) {}

  /** A value as DuckDB writes it, cut at 200 characters, and how often it occurs. */
  public record Value(String text, long count) {}

  public ColumnSummary {
    percentiles = List.copyOf(percentiles);
    histogram = List.copyOf(histogram);
    top = List.copyOf(top);
  }

  /** How many values are there. */
  public long count() {
    return rows - nulls;
  }

  /** The share of the rows without a value; 0 where there are no rows. */
  public double nullFraction() {
    return rows == 0 ? 0 : (double) nulls / rows;
  }

  /**
   * A quantile, between percentiles by interpolation; NaN where there are none.
   *
   * @param share from 0 to 1
   */
  public double quantile(double share) {
    // Written so that NaN is refused.
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share (" + share + ") must be from 0 to 1");
    }
    if (percentiles.isEmpty()) {
      return Double.NaN;
    }
    double at = share * (percentiles.size() - 1);
    int below = (int) at;
    double first = percentiles.get(below);
    double second = percentiles.get(Math.min(below + 1, percentiles.size() - 1));
    return first == second ? first : first + (at - below) * (second - first);
  }

  ColumnKind kind() {
    return ColumnKind.of(type);
  }

  /** Whether {@link #top} is every value that occurs. */
  boolean isTopAll() {
    return count() > 0 && top.stream().mapToLong(Value::count).sum() == count();
  }

  /** A number of the column's, for people. */
  String shown(double value) {
    if (Double.isNaN(value)) {
      return "–";
    }
    if (!kind().isMoment()) {
      return Format.number(value);
    }
    // A digest goes on between times; what is less than a minute of days says nothing.
    boolean isLong = quantile(1) - quantile(0) > 2 * 86_400e6;
    return isLong ? Format.minute((long) value) : Format.moment((long) value);
  }

  /** The smallest or greatest value, for people. */
  String shown(@Nullable String value) {
    if (value == null) {
      return "–";
    }
    if (!kind().isNumber()) {
      return value;
    }
    return Format.number(Double.parseDouble(value));
  }
}
