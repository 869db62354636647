package io.mlinfra.monitoring;

import java.util.List;

/** The summary of one column. Immutable and thread-safe. */
public final class ColumnProfile {
  /** What the values of a column are. */
  public enum Type {
    /** 32-bit floating point. */
    FLOAT32,
    /** 64-bit floating point, or a decimal. */
    FLOAT64,
    /** A whole number. */
    INT64,
    /** Text. */
    STRING,
    /** True or false. */
    BOOL,
    /** A date or a moment, in microseconds since 1970-01-01T00:00Z. */
    TIMESTAMP
  }

  /**
   * A value and how often it occurs.
   *
   * @param value as text
   * @param count how often, at least
   */
  public record ValueCount(String value, long count) {}

  private final String name;

  ColumnProfile(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  public Type type() {
    throw new UnsupportedOperationException();
  }

  /** How many values there are: neither null nor NaN. */
  public long count() {
    throw new UnsupportedOperationException();
  }

  public long nulls() {
    throw new UnsupportedOperationException();
  }

  public long nans() {
    throw new UnsupportedOperationException();
  }

  /** How many values are infinite. */
  public long infinities() {
    throw new UnsupportedOperationException();
  }

  /** The share of rows that are null or NaN, from 0 to 1. */
  public double missingRate() {
    throw new UnsupportedOperationException();
  }

  public double min() {
    throw new UnsupportedOperationException();
  }

  public double max() {
    throw new UnsupportedOperationException();
  }

  public double mean() {
    throw new UnsupportedOperationException();
  }

  public double standardDeviation() {
    throw new UnsupportedOperationException();
  }

  /** The smallest value that at least this share of the values do not exceed. */
  public double quantile(double share) {
    throw new UnsupportedOperationException();
  }

  /** The share of the values that are less than or equal to this one. */
  public double rank(double value) {
    throw new UnsupportedOperationException();
  }

  /** About how many different values there are. */
  public long distinct() {
    throw new UnsupportedOperationException();
  }

  /** The values that occur most often, most frequent first. */
  public List<ValueCount> mostFrequent(int limit) {
    throw new UnsupportedOperationException();
  }
}
