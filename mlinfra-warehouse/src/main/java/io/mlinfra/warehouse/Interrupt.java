package io.mlinfra.warehouse;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.sql.Statement;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * Stops what runs on a connection. The driver's {@link Statement#cancel()} does so only until the
 * first rows are there: while more of them are fetched it sees nothing that runs, and a fetch may
 * take hours. What it calls below works at any time, and is not public; {@code CancelTest} finds
 * out if an update of the driver takes it away.
 */
final class Interrupt {
  private static final @Nullable Interrupt FOUND = look();

  private final Field reference;
  private final Method interrupt;

  private Interrupt(Field reference, Method interrupt) {
    this.reference = reference;
    this.interrupt = interrupt;
  }

  /** Null where the driver is another one; then a stream ends with its next batch only. */
  static @Nullable Interrupt find() {
    return FOUND;
  }

  private static @Nullable Interrupt look() {
    try {
      Field reference = DuckDBConnection.class.getDeclaredField("connRef");
      reference.setAccessible(true);
      Method interrupt =
          Class.forName("org.duckdb.DuckDBNative")
              .getDeclaredMethod("duckdb_jdbc_interrupt", ByteBuffer.class);
      interrupt.setAccessible(true);
      return new Interrupt(reference, interrupt);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  /**
   * Stops it now; what begins later runs.
   *
   * @param connection must not be closed meanwhile, or native code would use what is gone
   */
  void stop(DuckDBConnection connection) throws SQLException {
    try {
      // Not through the driver's lock on the connection: a fetch of rows holds it.
      Object address = reference.get(connection);
      if (address != null) {
        interrupt.invoke(null, address);
      }
    } catch (ReflectiveOperationException e) {
      throw new SQLException("interrupting a statement failed: " + e, e);
    }
  }
}
