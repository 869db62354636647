package io.mlinfra.warehouse;

import io.mlinfra.core.data.ColumnType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/**
 * A function written in Java that SQL can call, on whole vectors at a time. Immutable.
 *
 * <pre>{@code
 * ScalarFunction hours = ScalarFunction.named("flight_hours")
 *     .takes("distance", ColumnType.INT64)
 *     .gives(ColumnType.FLOAT64)
 *     .by((arguments, result) -> {
 *       BigIntVector distance = (BigIntVector) arguments.getVector("distance");
 *       Float8Vector hours = (Float8Vector) result;
 *       for (int row = 0; row < arguments.getRowCount(); row++) {
 *         if (distance.isNull(row)) {
 *           hours.setNull(row);
 *         } else {
 *           hours.set(row, distance.get(row) / 500.0);
 *         }
 *       }
 *       hours.setValueCount(arguments.getRowCount());
 *     });
 * try (Registered registered = warehouse.register(hours)) {
 *   warehouse.query("SELECT flight_hours(distance) FROM flights");
 * }
 * }</pre>
 */
public final class ScalarFunction {
  /** What a function does. */
  @FunctionalInterface
  public interface Body {
    /**
     * Computes one value for each row. It is called by several threads at once, threads of DuckDB's
     * that last no longer than the call, so that a {@link ThreadLocal} keeps nothing; each call has
     * vectors of its own, valid until it returns. It may query the same warehouse, but neither
     * close it nor the registration.
     *
     * @param arguments one vector per argument, by its name and in order, 1 to 2,048 rows; a
     *     missing value is a null. {@link io.mlinfra.core.data.ColumnType#FLOAT32} is a {@code
     *     Float4Vector}, FLOAT64 a {@code Float8Vector}, INT64 a {@code BigIntVector}, STRING a
     *     {@code VarCharVector}, BOOL a {@code BitVector}
     * @param result empty, with room for all rows; for text, use its {@code setSafe}. When this
     *     returns it must have as many values as there are rows ({@code setValueCount}); a value
     *     that was not set is a null
     * @throws Exception fails the query, which reports it as the cause
     */
    void apply(VectorSchemaRoot arguments, FieldVector result) throws Exception;
  }

  /** One argument. */
  record Argument(String name, ColumnType type) {}

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}");

  private final String name;
  private final List<Argument> arguments;
  private final ColumnType result;
  private final boolean changing;
  private final boolean nullOnNull;
  private final Body body;

  private ScalarFunction(Builder builder, ColumnType result, Body body) {
    this.name = builder.name;
    this.arguments = List.copyOf(builder.arguments);
    this.result = result;
    this.changing = builder.changing;
    this.nullOnNull = builder.nullOnNull;
    this.body = body;
  }

  /**
   * Starts one.
   *
   * @param name letters, digits and underscores; SQL does not tell capitals apart
   */
  public static Builder named(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name ('" + name + "') must be up to 63 letters, digits and underscores, no digit first");
    }
    return new Builder(name);
  }

  /** The settings of a function. */
  public static final class Builder {
    private final String name;
    private final List<Argument> arguments = new ArrayList<>();
    private @Nullable ColumnType result;
    private boolean changing;
    private boolean nullOnNull;

    private Builder(String name) {
      this.name = name;
    }

    /** One more argument; SQL gives them by position. */
    public Builder takes(String argument, ColumnType type) {
      if (arguments.stream().anyMatch(other -> other.name().equals(argument))) {
        throw new IllegalArgumentException("argument ('" + argument + "') must not come twice");
      }
      arguments.add(
          new Argument(
              Objects.requireNonNull(argument, "argument"), Objects.requireNonNull(type, "type")));
      return this;
    }

    /** The type of its value. */
    public Builder gives(ColumnType type) {
      this.result = Objects.requireNonNull(type, "type");
      return this;
    }

    /**
     * The same arguments may give another value each time, as with a clock or a random number.
     * Without this DuckDB calls the function once for constant arguments, while it plans.
     */
    public Builder changing() {
      this.changing = true;
      return this;
    }

    /**
     * A row in which an argument is null gives null, whatever the function sets. The function is
     * still called with such rows.
     */
    public Builder nullOnNull() {
      this.nullOnNull = true;
      return this;
    }

    /** Gives the function what it does. */
    public ScalarFunction by(Body body) {
      if (result == null) {
        throw new IllegalStateException("function '" + name + "' needs gives(…) before by(…)");
      }
      return new ScalarFunction(this, result, Objects.requireNonNull(body, "body"));
    }
  }

  /** Its name in SQL. */
  public String name() {
    return name;
  }

  /** What the catalog calls it. */
  String key() {
    return name.toLowerCase(Locale.ROOT);
  }

  List<Argument> arguments() {
    return arguments;
  }

  ColumnType result() {
    return result;
  }

  boolean isChanging() {
    return changing;
  }

  boolean isNullOnNull() {
    return nullOnNull;
  }

  Body body() {
    return body;
  }

  /** {@code flight_hours(distance INT64) FLOAT64}. */
  @Override
  public String toString() {
    return arguments.stream()
            .map(argument -> argument.name() + " " + argument.type())
            .collect(Collectors.joining(", ", name + "(", ") "))
        + result;
  }
}
