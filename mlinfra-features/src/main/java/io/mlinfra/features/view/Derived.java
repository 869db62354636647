package io.mlinfra.features.view;

import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A feature that is computed when it is asked for, from the columns of the row that asks, from
 * features, and from what was derived before it. Made by the factories here, which read well when
 * imported statically.
 *
 * <p>A missing input gives a missing value. What is neither a whole number nor a double is no
 * number: {@code true} is not 1.
 *
 * @param operation what is computed
 * @param inputs the names of its inputs, in order
 * @param zone in which the parts of a time are read; UTC for the other operations
 */
public record Derived(Operation operation, List<String> inputs, ZoneId zone) {
  /** What can be computed. */
  public enum Operation {
    /** The first number minus the second, a double. */
    DIFFERENCE(2),
    /** The sum of two numbers, a double. */
    TOTAL(2),
    /** The product of two numbers, a double. */
    PRODUCT(2),
    /** The first number divided by the second, a double; missing where the second is 0. */
    RATIO(2),
    /** The first value that is not missing, a double. */
    FIRST_PRESENT(2),
    /** The kilometres between two points on a sphere of 6371.0088 km, a double. */
    DISTANCE(4),
    /** The seconds from the first time to the second, a double. */
    SECONDS(2),
    /** Whether two texts, whole numbers or truth values are equal. */
    SAME(2),
    /** The hour of a time, 0 to 23, a whole number. */
    HOUR(1),
    /** The day of the week of a time, 1 for Monday to 7, a whole number. */
    WEEKDAY(1),
    /** The day of the month of a time, 1 to 31, a whole number. */
    DAY(1),
    /** The month of a time, 1 to 12, a whole number. */
    MONTH(1);

    private final int inputs;

    Operation(int inputs) {
      this.inputs = inputs;
    }

    int inputs() {
      return inputs;
    }

    /** As it stands in a definition. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it reads a part of a time. */
    public boolean isTimePart() {
      return compareTo(HOUR) >= 0;
    }
  }

  public Derived {
    inputs.forEach(input -> Text.required("an input of " + operation, input));
    inputs = List.copyOf(inputs);
    zone = zone.normalized();
    if (inputs.size() != operation.inputs) {
      throw new IllegalArgumentException(
          operation + " takes " + operation.inputs + " inputs, not " + inputs.size());
    }
    if (!operation.isTimePart() && !zone.equals(ZoneOffset.UTC)) {
      throw new IllegalArgumentException(operation + " takes no zone");
    }
  }

  private static Derived of(Operation operation, String... inputs) {
    return new Derived(operation, Arrays.asList(inputs), ZoneOffset.UTC);
  }

  /** {@code a − b}. */
  public static Derived difference(String a, String b) {
    return of(Operation.DIFFERENCE, a, b);
  }

  /** {@code a + b}. */
  public static Derived total(String a, String b) {
    return of(Operation.TOTAL, a, b);
  }

  /** {@code a × b}. */
  public static Derived product(String a, String b) {
    return of(Operation.PRODUCT, a, b);
  }

  /** {@code a ÷ b}, missing where b is 0. */
  public static Derived ratio(String a, String b) {
    return of(Operation.RATIO, a, b);
  }

  /** {@code a}, or where it is missing {@code b}. */
  public static Derived firstPresent(String a, String b) {
    return of(Operation.FIRST_PRESENT, a, b);
  }

  /**
   * The kilometres between two points, by the haversine formula.
   *
   * @param latitudeA in degrees, as all four
   */
  public static Derived distance(
      String latitudeA, String longitudeA, String latitudeB, String longitudeB) {
    return of(Operation.DISTANCE, latitudeA, longitudeA, latitudeB, longitudeB);
  }

  /** The seconds from one time to another; negative if the other is earlier. */
  public static Derived seconds(String from, String to) {
    return of(Operation.SECONDS, from, to);
  }

  /** Whether two values are equal. */
  public static Derived same(String a, String b) {
    return of(Operation.SAME, a, b);
  }

  /** The hour of a time, 0 to 23. */
  public static Derived hour(String time) {
    return of(Operation.HOUR, time);
  }

  /** The day of the week of a time, 1 for Monday to 7 for Sunday. */
  public static Derived weekday(String time) {
    return of(Operation.WEEKDAY, time);
  }

  /** The day of the month of a time, 1 to 31. */
  public static Derived day(String time) {
    return of(Operation.DAY, time);
  }

  /** The month of a time, 1 to 12. */
  public static Derived month(String time) {
    return of(Operation.MONTH, time);
  }

  /**
   * The same part of the time as it is in a zone: {@code hour("asked").inZone(ZoneId.of("…"))}.
   *
   * @throws IllegalArgumentException if it is no part of a time
   */
  public Derived inZone(ZoneId where) {
    return new Derived(operation, inputs, where);
  }

  /** {@code hour("asked") in "Europe/Berlin"}, as it stands in a definition. */
  @Override
  public String toString() {
    String call =
        inputs.stream()
            .map(Text::quote)
            .collect(Collectors.joining(", ", operation.word() + "(", ")"));
    return zone.equals(ZoneOffset.UTC) ? call : call + " in " + Text.quote(zone.getId());
  }
}
