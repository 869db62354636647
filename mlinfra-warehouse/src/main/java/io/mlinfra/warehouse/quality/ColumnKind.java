package io.mlinfra.warehouse.quality;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.temporal.Temporal;
import java.util.Locale;
import java.util.UUID;

/** What can be asked of a column, by DuckDB's name of its type. */
enum ColumnKind {
  INTEGER("a number"),
  DECIMAL("a number"),
  FLOAT("a number"),
  TEXT("text"),
  BOOLEAN("a truth value"),
  DATE("a date or time"),
  TIMESTAMP("a date or time"),
  TIME("a time of day"),
  /** Lists, structures, blobs and what else there is. */
  OTHER("something else");

  private final String words;

  ColumnKind(String words) {
    this.words = words;
  }

  static ColumnKind of(String type) {
    String name = type.toUpperCase(Locale.ROOT);
    if (name.endsWith("]")) {
      return OTHER;
    }
    int bracket = name.indexOf('(');
    return switch (bracket < 0 ? name : name.substring(0, bracket)) {
      case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT" -> INTEGER;
      case "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT" -> INTEGER;
      case "DECIMAL" -> DECIMAL;
      case "FLOAT", "DOUBLE" -> FLOAT;
      case "VARCHAR", "ENUM", "JSON" -> TEXT;
      case "BOOLEAN" -> BOOLEAN;
      case "DATE" -> DATE;
      case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS" -> TIMESTAMP;
      case "TIMESTAMP WITH TIME ZONE" -> TIMESTAMP;
      case "TIME" -> TIME;
      default -> OTHER;
    };
  }

  boolean isNumber() {
    return this == INTEGER || this == DECIMAL || this == FLOAT;
  }

  boolean isMoment() {
    return this == DATE || this == TIMESTAMP;
  }

  /** Whether a value can be compared with those of such a column. */
  boolean takes(Object value) {
    return switch (this) {
      case INTEGER, DECIMAL, FLOAT -> value instanceof Number;
      case TEXT -> value instanceof String;
      case BOOLEAN -> value instanceof Boolean;
      case DATE, TIMESTAMP, TIME -> value instanceof Temporal;
      case OTHER -> true;
    };
  }

  /** Whether the warehouse binds such a value at all. */
  static boolean isValue(Object value) {
    return value instanceof String
        || value instanceof Boolean
        || value instanceof Temporal
        || value instanceof UUID
        || value instanceof BigInteger
        || value instanceof BigDecimal
        || value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long
        || value instanceof Float
        || value instanceof Double;
  }

  @Override
  public String toString() {
    return words;
  }
}
