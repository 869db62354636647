package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection or statement of the driver whose calls closing the warehouse waits for, and which
 * takes one statement at a time. Results are the driver's own: a proxy around each value read would
 * cost more than reading it.
 */
final class GuardedJdbc implements InvocationHandler {
  private static final ClassLoader LOADER = GuardedJdbc.class.getClassLoader();

  /** To be called while another call runs, or after the warehouse is closed. */
  private static final Set<String> ALWAYS =
      Set.of("close", "isClosed", "cancel", "abort", "toString", "hashCode");

  private static final String SYNTAX = "42601";
  private static final String NO_PRIVILEGE = "42501";

  private final WarehouseDataSource source;
  private final DuckDBConnection connection;
  private final Object target;

  /** The connection as its user sees it; null in its own handler. */
  private final @Nullable Object parent;

  private GuardedJdbc(
      WarehouseDataSource source,
      DuckDBConnection connection,
      Object target,
      @Nullable Object parent) {
    this.source = source;
    this.connection = connection;
    this.target = target;
    this.parent = parent;
  }

  static Connection connection(WarehouseDataSource source, DuckDBConnection connection) {
    return proxy(Connection.class, new GuardedJdbc(source, connection, connection, null));
  }

  private static <T> T proxy(Class<T> type, GuardedJdbc handler) {
    return type.cast(Proxy.newProxyInstance(LOADER, new Class<?>[] {type}, handler));
  }

  @Override
  @SuppressWarnings("try") // the pass is held, not used
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    String name = method.getName();
    if (name.equals("equals")) {
      return arguments != null && proxy == arguments[0];
    }
    if (ALWAYS.contains(name)) {
      return unguarded(method, arguments);
    }
    if (name.equals("isValid") && connection.isClosed()) {
      return false;
    }
    try (Gate.Pass pass = source.enter()) {
      requireAllowed(name, arguments);
      if (name.equals("getConnection") && parent != null) {
        return parent;
      }
      Object result = call(method, arguments);
      if (result instanceof PreparedStatement statement) {
        return proxy(
            PreparedStatement.class, new GuardedJdbc(source, connection, statement, proxy));
      } else if (result instanceof Statement statement) {
        return proxy(Statement.class, new GuardedJdbc(source, connection, statement, proxy));
      }
      return result;
    }
  }

  private @Nullable Object unguarded(Method method, Object @Nullable [] arguments)
      throws Throwable {
    boolean closes = method.getName().equals("close") || method.getName().equals("abort");
    if (closes && parent == null) {
      source.close(connection);
      return null;
    }
    return call(method, arguments);
  }

  private void requireAllowed(String name, Object @Nullable [] arguments) throws SQLException {
    if (name.equals("unwrap") && source.database().files().limited()) {
      throw new SQLException("a hardened warehouse gives its driver to nobody", NO_PRIVILEGE);
    }
    boolean takesSql =
        name.startsWith("execute") || name.startsWith("prepare") || name.equals("addBatch");
    if (takesSql && arguments != null && arguments[0] instanceof String sql) {
      try {
        Statements.requireSingle(sql);
        source.database().requireAllowed(sql);
      } catch (MlInfraException e) {
        String state = e.code() == ErrorCode.ACCESS_REFUSED ? NO_PRIVILEGE : SYNTAX;
        throw new SQLException(e.getMessage(), state, e);
      }
    }
  }

  private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
