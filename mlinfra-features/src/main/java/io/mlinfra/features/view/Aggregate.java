package io.mlinfra.features.view;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is computed over the events of a window. Made by the factories here, which read well when
 * imported statically, and narrowed by {@link #where}.
 *
 * <p>Values that are missing, NaN among them, are passed over. Sums and variances are the doubles
 * nearest to the exact ones, so they do not depend on the order in which events came.
 *
 * @param function what is computed
 * @param column over which column's values; empty for the functions that need none
 * @param lag how many events before the latest; 0 but for {@link Function#LAG}
 * @param condition which events of the window count; null for all
 * @param label what stands for it in a feature's name
 */
public record Aggregate(
    Function function, String column, int lag, @Nullable Condition condition, String label) {
  private static final int MOST_LAG = 100;

  /** What can be computed. */
  public enum Function {
    /** How many events; 0 where there is none. */
    COUNT,
    /** The share of the events that meet the condition; missing where there is no event. */
    FRACTION,
    /** The sum; missing where there is no value. */
    SUM,
    /** The sum divided by the number of values; missing where there is none. */
    MEAN,
    /** The least value, of the column's own type; missing where there is none. */
    MIN,
    /** The largest value, of the column's own type; missing where there is none. */
    MAX,
    /** The sample variance (n − 1); missing where there are fewer than two values. */
    VARIANCE,
    /** The square root of the sample variance. */
    STDDEV,
    /** The first value, of the column's own type; missing where there is none. */
    FIRST,
    /** The last value, of the column's own type; missing where there is none. */
    LAST,
    /** How many different values, exactly; 0 where there is none. */
    COUNT_DISTINCT,
    /** What the latest event says, of the column's own type; missing where it says nothing. */
    LATEST,
    /** What the event so many before the latest says. */
    LAG,
    /** The seconds since the latest event happened. */
    SINCE_LAST;

    /** Whether it is computed over the events of a window. */
    public boolean isWindowed() {
      return compareTo(LATEST) < 0;
    }

    boolean hasColumn() {
      return this != COUNT && this != FRACTION && this != SINCE_LAST;
    }

    /** As it stands in a definition. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Aggregate {
    if (function.hasColumn()) {
      Text.required("the column of " + function.word(), column);
    } else if (!column.isEmpty()) {
      throw new IllegalArgumentException(function + " takes no column, but got '" + column + "'");
    }
    if (function == Function.LAG ? lag < 1 || lag > MOST_LAG : lag != 0) {
      throw new IllegalArgumentException(
          "lag ("
              + lag
              + ") of "
              + function
              + " must be "
              + (function == Function.LAG ? "1 to " + MOST_LAG : "0"));
    }
    if (function == Function.FRACTION && condition == null) {
      throw new IllegalArgumentException("a fraction needs a condition");
    }
    if (condition != null && !function.isWindowed()) {
      throw new IllegalArgumentException(function + " takes no condition");
    }
    Text.required("the label of an aggregate", label);
  }

  private static Aggregate of(Function function, String column) {
    return new Aggregate(function, column, 0, null, function.word() + "_" + column);
  }

  /** How many events there are. */
  public static Aggregate count() {
    return new Aggregate(Function.COUNT, "", 0, null, "count");
  }

  /** Which share of the events meets a condition. */
  public static Aggregate fraction(Condition condition) {
    return new Aggregate(Function.FRACTION, "", 0, condition, "fraction_" + condition.column());
  }

  /** The sum of a numeric or boolean column. */
  public static Aggregate sum(String column) {
    return of(Function.SUM, column);
  }

  /** The mean of a numeric or boolean column; of a boolean one, the share that is true. */
  public static Aggregate mean(String column) {
    return of(Function.MEAN, column);
  }

  /** The least value of a column of numbers or times. */
  public static Aggregate min(String column) {
    return of(Function.MIN, column);
  }

  /** The largest value of a column of numbers or times. */
  public static Aggregate max(String column) {
    return of(Function.MAX, column);
  }

  /** The sample variance of a numeric or boolean column. */
  public static Aggregate variance(String column) {
    return of(Function.VARIANCE, column);
  }

  /** The sample standard deviation of a numeric or boolean column. */
  public static Aggregate stddev(String column) {
    return of(Function.STDDEV, column);
  }

  /** The first value in the window, of any column. */
  public static Aggregate first(String column) {
    return of(Function.FIRST, column);
  }

  /** The last value in the window, of any column. */
  public static Aggregate last(String column) {
    return of(Function.LAST, column);
  }

  /** How many different values any column has in the window. */
  public static Aggregate countDistinct(String column) {
    return of(Function.COUNT_DISTINCT, column);
  }

  static Aggregate latest(String column) {
    return of(Function.LATEST, column);
  }

  static Aggregate lag(String column, int events) {
    return new Aggregate(Function.LAG, column, events, null, "lag" + events + "_" + column);
  }

  static Aggregate sinceLast() {
    return new Aggregate(Function.SINCE_LAST, "", 0, null, "since_last");
  }

  /**
   * The same over the events that meet a condition.
   *
   * @throws IllegalArgumentException if it is not computed over a window
   * @throws IllegalStateException if there is a condition already
   */
  public Aggregate where(Condition which) {
    Objects.requireNonNull(which, "condition");
    if (condition != null) {
      throw new IllegalStateException(this + " has a condition already");
    }
    return new Aggregate(function, column, lag, which, label + "_if_" + which.column());
  }

  /** The same with another label: {@code paid} gives a feature such as {@code card__paid_7d}. */
  public Aggregate named(String newLabel) {
    return new Aggregate(function, column, lag, condition, newLabel);
  }

  /** {@code sum("amount") where "status" = "paid"}, as it stands in a definition; no label. */
  @Override
  public String toString() {
    String arguments = column.isEmpty() ? "" : Text.quote(column);
    if (function == Function.LAG) {
      arguments += ", " + lag;
    }
    String where = condition == null ? "" : " where " + condition;
    return function.word() + "(" + arguments + ")" + where;
  }
}
