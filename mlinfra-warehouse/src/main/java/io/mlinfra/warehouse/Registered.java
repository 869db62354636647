package io.mlinfra.warehouse;

/**
 * A function that SQL can call until this is closed. Thread-safe.
 *
 * <p>Closing waits for calls in flight; after it nobody is inside the function, so that what it
 * uses may be closed, too. SQL that calls it later fails, saying that it is closed: DuckDB forgets
 * no function. A function of the same name, types and {@link ScalarFunction.Builder#changing} can
 * take its place, for statements that are prepared already, too. The warehouse closes what is still
 * registered.
 */
public final class Registered implements AutoCloseable {
  private final ScalarFunction function;
  private final FunctionCalls calls;

  Registered(ScalarFunction function, FunctionCalls calls) {
    this.function = function;
    this.calls = calls;
  }

  /** Its name in SQL. */
  public String name() {
    return function.name();
  }

  /**
   * Ends it; once is enough.
   *
   * @throws IllegalStateException if called by the function itself, which would wait for itself
   */
  @Override
  public void close() {
    calls.close();
  }

  /** {@code flight_hours(distance INT64) FLOAT64}. */
  @Override
  public String toString() {
    return function.toString();
  }
}
