package io.mlinfra.core.text;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Numbers and moments for people; the same text in every locale. */
public final class Format {
  private Format() {}

  /** A whole number, in groups of three digits. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** Four significant digits, whole numbers in full up to a million millions. */
  public static String number(double value) {
    if (Double.isNaN(value)) {
      return "–";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "-∞";
    }
    double size = Math.abs(value);
    if (size < 1e12 && value == Math.rint(value)) {
      return count((long) value);
    }
    if (size >= 1e12 || size < 1e-4) {
      return String.format(Locale.ROOT, "%.3e", value);
    }
    if (size >= 1000) {
      return String.format(Locale.ROOT, "%,.1f", value);
    }
    return new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString();
  }

  /** A share of one as a percentage; its blanks do not break. */
  public static String percent(double share) {
    if (Double.isNaN(share)) {
      return "–";
    }
    double percent = 100 * share;
    if (percent == 0 || percent == 100) {
      return percent == 0 ? "0\u00a0%" : "100\u00a0%";
    }
    if (Math.abs(percent) < 0.01) {
      return percent > 0 ? "<\u00a00.01\u00a0%" : ">\u00a0-0.01\u00a0%";
    }
    return String.format(
        Locale.ROOT, Math.abs(percent) < 0.995 ? "%.2f\u00a0%%" : "%.1f\u00a0%%", percent);
  }

  /** A statistic such as the population stability index. */
  public static String statistic(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }

  /** The moment so many microseconds after 1970-01-01T00:00Z, in UTC, in full. */
  public static String moment(long microseconds) {
    return moment(microseconds, ChronoUnit.MICROS);
  }

  /** The same to the minute. */
  public static String minute(long microseconds) {
    return moment(microseconds, ChronoUnit.MINUTES);
  }

  /** The same to the day. */
  public static String day(long microseconds) {
    return moment(microseconds, ChronoUnit.DAYS);
  }

  private static String moment(long microseconds, ChronoUnit unit) {
    try {
      LocalDateTime moment =
          LocalDateTime.ofInstant(
                  Instant.EPOCH.plus(microseconds, ChronoUnit.MICROS), ZoneOffset.UTC)
              .truncatedTo(unit);
      if (moment.toLocalTime().equals(LocalTime.MIDNIGHT)) {
        return moment.toLocalDate().toString();
      }
      return moment.toString().replace('T', ' ');
    } catch (DateTimeException | ArithmeticException e) {
      return microseconds + " µs";
    }
  }
}
