package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.ColumnType;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBFunctions;
import org.duckdb.DuckDBScalarFunctionBuilder;
import org.duckdb.DuckDBWritableVector;
import org.jspecify.annotations.Nullable;

/** The Java functions of one database. Thread-safe. */
final class Functions implements AutoCloseable {
  private final Database database;
  private final BufferAllocator allocator;
  private final AtomicLong count = new AtomicLong();
  private final FunctionFailures failures = new FunctionFailures();

  /** How many functions a thread is in. */
  private final ThreadLocal<Integer> depth = ThreadLocal.withInitial(() -> 0);

  /** What DuckDB knows, by name; its own lock. */
  private final Map<String, Slot> slots = new HashMap<>();

  Functions(Database database, BufferAllocator allocator) {
    this.database = database;
    this.allocator = allocator;
  }

  /** What DuckDB calls: it forgets no function, so that one stands for all that come after it. */
  private final class Slot {
    private final ScalarFunction shape;
    private volatile @Nullable FunctionCalls calls;

    Slot(ScalarFunction shape) {
      this.shape = shape;
    }

    /** The exception crosses native code, which keeps no more than its text. */
    void call(DuckDBDataChunkReader arguments, DuckDBWritableVector result) {
      try {
        FunctionCalls current = calls;
        if (current == null) {
          throw new IllegalStateException("function '" + shape.name() + "' is closed");
        }
        current.call(arguments, result);
      } catch (Throwable e) {
        throw failures.record(shape.name(), e);
      }
    }

    /** DuckDB would keep both, and find calls of them ambiguous. */
    boolean isAs(ScalarFunction other) {
      return types(shape).equals(types(other))
          && shape.result() == other.result()
          && shape.isChanging() == other.isChanging();
    }

    private static List<ColumnType> types(ScalarFunction function) {
      return function.arguments().stream().map(ScalarFunction.Argument::type).toList();
    }
  }

  Registered register(ScalarFunction function) throws SQLException {
    synchronized (slots) {
      Slot slot = slots.get(function.key());
      if (slot == null) {
        slot = new Slot(function);
        try (DuckDBConnection connection = database.connect()) {
          requireFree(connection, function);
          register(connection, slot);
        }
        slots.put(function.key(), slot);
      } else {
        requireReplaceable(slot, function);
      }
      String name = "function " + function.name() + " " + count.incrementAndGet();
      FunctionCalls calls =
          new FunctionCalls(function, allocator.newChildAllocator(name, 0, Long.MAX_VALUE), depth);
      slot.calls = calls;
      return new Registered(function, calls);
    }
  }

  private static void requireReplaceable(Slot slot, ScalarFunction function) {
    FunctionCalls calls = slot.calls;
    if (calls != null && !calls.isClosed()) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          "function '" + function.name() + "' is registered; close that one first");
    }
    if (!slot.isAs(function)) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          "function '"
              + function.name()
              + "' has been "
              + slot.shape
              + (slot.shape.isChanging() ? " (changing)" : "")
              + " in this warehouse and cannot become "
              + function
              + (function.isChanging() ? " (changing)" : "")
              + "; give it another name");
    }
  }

  private static void register(DuckDBConnection connection, Slot slot) throws SQLException {
    try (DuckDBScalarFunctionBuilder builder = DuckDBFunctions.scalarFunction()) {
      builder.withName(slot.shape.key()).withReturnType(type(slot.shape.result()));
      for (ScalarFunction.Argument argument : slot.shape.arguments()) {
        builder.withParameter(type(argument.type()));
      }
      if (slot.shape.isChanging()) {
        builder.withVolatile();
      }
      builder.withVectorizedFunction(slot::call).register(connection);
    }
  }

  /** DuckDB would replace a function of its own, for everybody, views included. */
  private static void requireFree(DuckDBConnection connection, ScalarFunction function)
      throws SQLException {
    try (PreparedStatement taken =
        connection.prepareStatement(
            "SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = $1 UNION ALL SELECT 1"
                + " FROM duckdb_keywords() WHERE keyword_name = $1"
                + " AND keyword_category IN ('reserved', 'column_name')")) {
      taken.setString(1, function.key());
      try (ResultSet rows = taken.executeQuery()) {
        if (rows.next()) {
          throw new IllegalArgumentException(
              "name (" + function.name() + ") must not be one that SQL has a meaning for already");
        }
      }
    }
  }

  private static DuckDBColumnType type(ColumnType type) {
    return switch (type) {
      case FLOAT32 -> DuckDBColumnType.FLOAT;
      case FLOAT64 -> DuckDBColumnType.DOUBLE;
      case INT64 -> DuckDBColumnType.BIGINT;
      case STRING -> DuckDBColumnType.VARCHAR;
      case BOOL -> DuckDBColumnType.BOOLEAN;
    };
  }

  /** The error of a statement; where a function failed, that one's. */
  MlInfraException explained(MlInfraException error) {
    return failures.explained(error);
  }

  /**
   * Does nothing in a thread that no function has called.
   *
   * @throws IllegalStateException otherwise
   */
  void requireOutside(String what) {
    if (depth.get() > 0) {
      throw new IllegalStateException(what + " cannot be closed from inside a function");
    }
  }

  @Override
  public void close() {
    synchronized (slots) {
      for (Slot slot : slots.values()) {
        FunctionCalls calls = slot.calls;
        if (calls != null) {
          calls.close();
        }
      }
    }
  }
}
