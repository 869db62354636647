package io.mlinfra.warehouse;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Array;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/**
 * Values for a statement. The driver wraps around or drops some that its types cannot hold, which
 * is found out here.
 */
final class Parameters {
  private static final Set<Class<?>> PLAIN =
      Set.of(
          Boolean.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          String.class,
          byte[].class,
          UUID.class,
          LocalTime.class);

  private static final Map<Class<?>, String> LIST_TYPES =
      Map.ofEntries(
          Map.entry(Boolean.class, "BOOLEAN"),
          Map.entry(Byte.class, "TINYINT"),
          Map.entry(Short.class, "SMALLINT"),
          Map.entry(Integer.class, "INTEGER"),
          Map.entry(Long.class, "BIGINT"),
          Map.entry(Float.class, "FLOAT"),
          Map.entry(Double.class, "DOUBLE"),
          Map.entry(BigDecimal.class, "DECIMAL"),
          Map.entry(String.class, "VARCHAR"),
          Map.entry(byte[].class, "BLOB"),
          Map.entry(UUID.class, "UUID"),
          Map.entry(LocalDate.class, "DATE"),
          Map.entry(LocalTime.class, "TIME"),
          Map.entry(LocalDateTime.class, "TIMESTAMP"),
          Map.entry(OffsetDateTime.class, "TIMESTAMPTZ"));

  private static final int DECIMAL_DIGITS = 38;

  /** A TIMESTAMP counts microseconds in 64 bits. */
  private static final LocalDateTime FIRST = LocalDateTime.of(-290_307, 12, 31, 0, 0);

  private static final LocalDateTime LAST = LocalDateTime.of(294_247, 1, 1, 0, 0);

  private Parameters() {}

  static void bind(DuckDBPreparedStatement statement, @Nullable Object[] parameters)
      throws SQLException {
    int expected = statement.getParameterMetaData().getParameterCount();
    if (expected != parameters.length) {
      throw new IllegalArgumentException(
          "parameters ("
              + parameters.length
              + ") must be as many as the statement takes: "
              + expected);
    }
    for (int i = 0; i < parameters.length; i++) {
      Object value = parameters[i];
      statement.setObject(
          i + 1,
          value instanceof Collection<?> list
              ? list(statement, i + 1, list)
              : value(i + 1, parameters[i]));
    }
  }

  /** A LIST of the one type that all have. */
  private static Array list(DuckDBPreparedStatement statement, int position, Collection<?> list)
      throws SQLException {
    Object[] values = new Object[list.size()];
    String type = null;
    int digits = 0;
    int scale = 0;
    int at = 0;
    for (Object each : list) {
      Object value = value(position, each);
      values[at++] = value;
      if (value == null) {
        continue;
      }
      String own = LIST_TYPES.get(value.getClass());
      if (own == null || type != null && !type.equals(own)) {
        throw new IllegalArgumentException(
            "parameter "
                + position
                + " is a list with "
                + value.getClass().getName()
                + (own == null
                    ? ", which DuckDB's driver takes in no list"
                    : " and others; all must have one type"));
      }
      type = own;
      if (value instanceof BigDecimal number) {
        digits = Math.max(digits, number.precision() - number.scale());
        scale = Math.max(scale, number.scale());
      }
    }
    if ("DECIMAL".equals(type)) {
      digits = Math.max(digits, 0);
      require(digits + scale <= DECIMAL_DIGITS, position, list, "have at most 38 digits together");
      type = "DECIMAL(" + Math.max(1, digits + scale) + "," + scale + ")";
    }
    // Nothing compares with any type, as does a list of nulls.
    return statement.getConnection().createArrayOf(type == null ? "INTEGER" : type, values);
  }

  private static @Nullable Object value(int position, @Nullable Object value) {
    if (value == null || PLAIN.contains(value.getClass())) {
      return value;
    } else if (value instanceof BigInteger integer) {
      require(integer.bitLength() < 128, position, value, "fit in 128 bits");
      return integer;
    } else if (value instanceof BigDecimal number) {
      BigDecimal decimal = number.scale() < 0 ? number.setScale(0) : number;
      require(
          Math.max(decimal.precision(), decimal.scale()) <= DECIMAL_DIGITS,
          position,
          value,
          "have at most " + DECIMAL_DIGITS + " digits");
      return decimal;
    } else if (value instanceof LocalDate date) {
      require(
          inRange(date.atStartOfDay()), position, value, "lie between " + FIRST + " and " + LAST);
      return date;
    } else if (value instanceof LocalDateTime time) {
      require(inRange(time), position, value, "lie between " + FIRST + " and " + LAST);
      return time;
    } else if (value instanceof OffsetDateTime moment) {
      return moment(position, moment.toInstant());
    } else if (value instanceof ZonedDateTime moment) {
      return moment(position, moment.toInstant());
    } else if (value instanceof Instant moment) {
      return moment(position, moment);
    } else if (value instanceof Enum<?> constant) {
      return constant.name();
    }
    // java.sql.Timestamp and its kin mean another moment in every zone.
    throw new IllegalArgumentException(
        "parameter "
            + position
            + " has type "
            + value.getClass().getName()
            + "; pass a number, Boolean, String, enum, byte[], UUID, a date, time or moment of"
            + " java.time, or a list of one of these");
  }

  private static OffsetDateTime moment(int position, Instant moment) {
    Instant first = FIRST.toInstant(ZoneOffset.UTC);
    Instant last = LAST.toInstant(ZoneOffset.UTC);
    require(
        !moment.isBefore(first) && moment.isBefore(last),
        position,
        moment,
        "lie between " + first + " and " + last);
    return moment.atOffset(ZoneOffset.UTC);
  }

  private static boolean inRange(LocalDateTime time) {
    return !time.isBefore(FIRST) && time.isBefore(LAST);
  }

  private static void require(boolean holds, int position, Object value, String what) {
    if (!holds) {
      throw new IllegalArgumentException("parameter " + position + " (" + value + ") must " + what);
    }
  }
}
