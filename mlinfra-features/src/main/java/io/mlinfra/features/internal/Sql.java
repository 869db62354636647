package io.mlinfra.features.internal;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.FeatureView;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Columns of tables and queries: whether they are there, what they hold, how SQL reads them. */
public final class Sql {
  private Sql() {}

  /** The column of a name, whose case does not matter. */
  public static Field require(
      String what, String role, String column, String where, Schema schema) {
    for (Field field : schema.getFields()) {
      if (field.getName().equalsIgnoreCase(column)) {
        return field;
      }
    }
    throw new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        what
            + " names the "
            + role
            + " column '"
            + column
            + "', which "
            + where
            + " does not have; its columns are "
            + schema.getFields().stream().map(Field::getName).collect(Collectors.joining(", ")));
  }

  public static boolean isTime(Field field) {
    return field.getType() instanceof ArrowType.Timestamp
        || field.getType() instanceof ArrowType.Date;
  }

  /** Whether it holds instants, not times without a zone. */
  public static boolean isZoned(Field field) {
    return field.getType() instanceof ArrowType.Timestamp timestamp
        && timestamp.getTimezone() != null;
  }

  /**
   * Times without a zone are UTC here, and may be something else where they come from: whoever has
   * both must say what is meant.
   */
  public static void requireOneKind(String what, Field one, Field other) {
    if (isZoned(one) != isZoned(other)) {
      Field zoned = isZoned(one) ? one : other;
      Field plain = isZoned(one) ? other : one;
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what
              + " compares '"
              + zoned.getName()
              + "', a time with a zone, with '"
              + plain.getName()
              + "', one without; convert one of them, such as "
              + quote(plain.getName())
              + " AT TIME ZONE 'UTC'");
    }
  }

  /** For error messages. */
  public static String show(Field field) {
    return field.getDictionary() != null ? "an enumeration" : field.getType().toString();
  }

  public static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** What comes after FROM to read a view's events. */
  public static String from(FeatureView view) {
    return view.isSql() ? subquery(view.source()) : quote(view.source());
  }

  /** A query in brackets. */
  public static String subquery(String sql) {
    String query = sql.strip();
    query = query.endsWith(";") ? query.substring(0, query.length() - 1) : query;
    // A comment that ends the query must not take the bracket with it.
    return "(" + query + "\n)";
  }

  /** A key, as its {@link KeyType} has it. */
  public static String key(String table, String column, KeyType type) {
    String sqlType = type == KeyType.INTEGER ? "BIGINT" : "VARCHAR";
    return "CAST(" + table + "." + quote(column) + " AS " + sqlType + ")";
  }

  /** A value, as its {@link ValueType} has it; NULL where it is missing. */
  public static String value(String table, String column, ValueType type) {
    String read = table + "." + quote(column);
    return switch (type) {
      case FLOAT64 -> {
        String wide = "CAST(" + read + " AS DOUBLE)";
        yield "CASE WHEN isnan(" + wide + ") THEN NULL ELSE " + wide + " END";
      }
      case TIMESTAMP -> micros(table, column);
      default -> "CAST(" + read + " AS " + type.sqlType() + ")";
    };
  }

  /** Microseconds since 1970 UTC, finer times rounded down, NULL for what is infinite. */
  public static String micros(String table, String column) {
    String time = table + "." + quote(column);
    // epoch_us cuts nanoseconds off, which before 1970 is up. The database knows the type when it
    // plans, so that other types pay nothing for it.
    return "epoch_us("
        + time
        + ") - CASE WHEN typeof("
        + time
        + ") = 'TIMESTAMP_NS' AND epoch_ns("
        + time
        + ") % 1000 < 0 THEN 1 ELSE 0 END";
  }
}
