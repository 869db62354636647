package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.math.BigInteger;
import java.sql.Array;
import java.sql.Blob;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duckdb.DuckDBStruct;
import org.duckdb.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * A result's values as plain Java ones: {@code Boolean}, boxed numbers, {@code BigInteger}, {@code
 * BigDecimal}, {@code String}, {@code byte[]}, {@code UUID}, those of {@code java.time} (moments in
 * UTC), {@code List}, {@code Map}, and {@link Fields} for a STRUCT. The driver gives several as
 * types of {@code java.sql} that depend on the machine's time zone. Not thread-safe.
 */
final class Values {
  /** A STRUCT. */
  record Fields(Map<String, @Nullable Object> byName) {}

  private final ResultSet rows;
  private final List<String> names;
  private final List<String> types;

  Values(ResultSet rows, Call.Columns columns) {
    this.rows = rows;
    this.names = columns.names();
    this.types = columns.types();
  }

  /** The columns' names. */
  List<String> names() {
    return names;
  }

  /** DuckDB's names of the columns' types. */
  List<String> types() {
    return types;
  }

  /**
   * A value of the current row.
   *
   * @param column from 0
   */
  @Nullable Object get(int column) throws SQLException {
    String type = types.get(column);
    if (type.equals("JSON")) {
      return rows.getString(column + 1);
    }
    if (type.startsWith("TIMESTAMP") && !isNested(column)) {
      return type.endsWith("TIME ZONE")
          ? plain(rows.getObject(column + 1, OffsetDateTime.class), column)
          : plain(rows.getObject(column + 1, LocalDateTime.class), column);
    }
    return plain(rows.getObject(column + 1), column);
  }

  /** Whether a column has values that have values. */
  boolean isNested(int column) {
    String type = types.get(column);
    return type.endsWith("]")
        || type.startsWith("STRUCT(")
        || type.startsWith("MAP(")
        || type.startsWith("UNION(");
  }

  private @Nullable Object plain(@Nullable Object value, int column) throws SQLException {
    if (value instanceof LocalDate date) {
      return requireFinite(Math.abs(date.toEpochDay()) < Integer.MAX_VALUE, date, column);
    } else if (value instanceof LocalDateTime time) {
      return requireFinite(isFinite(time), time, column);
    } else if (value instanceof OffsetDateTime moment) {
      OffsetDateTime utc = moment.withOffsetSameInstant(ZoneOffset.UTC);
      return requireFinite(isFinite(utc.toLocalDateTime()), utc, column);
    } else if (value instanceof Timestamp time) {
      return plain(exact(time, column), column);
    } else if (value instanceof Blob blob) {
      return blob.getBytes(1, Math.toIntExact(blob.length()));
    } else if (value instanceof Array array) {
      List<@Nullable Object> list = new ArrayList<>();
      for (Object each : (Object[]) array.getArray()) {
        list.add(plain(each, column));
      }
      return list;
    } else if (value instanceof DuckDBStruct struct) {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      for (Map.Entry<String, Object> field : struct.getMap().entrySet()) {
        fields.put(field.getKey(), plain(field.getValue(), column));
      }
      return new Fields(fields);
    } else if (value instanceof Map<?, ?> map) {
      Map<@Nullable Object, @Nullable Object> entries = new LinkedHashMap<>();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        entries.put(plain(entry.getKey(), column), plain(entry.getValue(), column));
      }
      return entries;
    } else if (value instanceof JsonNode json) {
      return json.toString();
    }
    return value;
  }

  /** Where a clock is put forward, the driver has already moved the times that it skips. */
  private LocalDateTime exact(Timestamp time, int column) {
    ZoneId zone = ZoneId.systemDefault();
    if (!zone.getRules().isFixedOffset()) {
      throw unsuitable(
          column,
          "has times inside of "
              + types.get(column)
              + ", which DuckDB's driver reads exactly only where the machine has no summer time"
              + " (it is in "
              + zone
              + "); select them as columns of their own");
    }
    return time.toLocalDateTime();
  }

  private Object requireFinite(boolean finite, Object value, int column) {
    if (!finite) {
      throw unsuitable(column, "is infinite (" + value + "), which Java's types cannot say");
    }
    return value;
  }

  /** DuckDB says infinity with the ends of a count of microseconds, or nanoseconds. */
  private static boolean isFinite(LocalDateTime time) {
    if (Math.abs(time.getYear()) < 290_000 && time.getYear() != 2262 && time.getYear() != 1677) {
      return true;
    }
    BigInteger nanos =
        BigInteger.valueOf(time.toEpochSecond(ZoneOffset.UTC))
            .multiply(BigInteger.valueOf(1_000_000_000))
            .add(BigInteger.valueOf(time.getNano()))
            .abs();
    BigInteger most = BigInteger.valueOf(Long.MAX_VALUE);
    return !nanos.equals(most) && !nanos.equals(most.multiply(BigInteger.valueOf(1000)));
  }

  private MlInfraException unsuitable(int column, String what) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE, "column '" + names.get(column) + "' " + what);
  }
}
