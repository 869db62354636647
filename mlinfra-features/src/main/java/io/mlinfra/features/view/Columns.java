package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Checks that tables and queries have the columns that are named, and writes these in SQL. */
final class Columns {
  private Columns() {}

  /** Checks what a view asks of its table. */
  static void require(FeatureView view, Schema schema) {
    String what = "feature view '" + view.name() + "'";
    String where = "table '" + view.source() + "'";
    require(what, "entity", view.entity(), where, schema);
    requireTime(what, "event time", view.eventTime(), where, schema);
    if (view.knownAt() != null) {
      requireTime(what, "known-at", view.knownAt(), where, schema);
    }
    for (Feature feature : view.features()) {
      Aggregate aggregate = feature.aggregate();
      if (!aggregate.column().isEmpty()) {
        Field field = require(what, aggregate + " of", aggregate.column(), where, schema);
        if (!isNumber(field)) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              what
                  + " asks for "
                  + aggregate
                  + ", but column '"
                  + aggregate.column()
                  + "' holds "
                  + show(field));
        }
      }
    }
  }

  /**
   * Checks that the rows that ask name the entity as the events do. Both are compared as text: 7
   * and '7' are one entity, but 7.0 would be nobody.
   */
  static void requireEntity(FeatureView view, Schema events, Schema labels) {
    String what = "feature view '" + view.name() + "'";
    Field known = require(what, "entity", view.entity(), "table '" + view.source() + "'", events);
    Field asked = require(what, "entity", view.entity(), "the query", labels);
    if (!known.getType().equals(asked.getType()) && !(isName(known) && isName(asked))) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what
              + " has the entity '"
              + view.entity()
              + "', which holds "
              + show(known)
              + " in table '"
              + view.source()
              + "', but "
              + show(asked)
              + " in the query; cast it there");
    }
  }

  private static boolean isName(Field field) {
    return field.getDictionary() != null
        || field.getType() instanceof ArrowType.Utf8
        || field.getType() instanceof ArrowType.Int
        || field.getType() instanceof ArrowType.Decimal decimal && decimal.getScale() == 0;
  }

  private static boolean isNumber(Field field) {
    return field.getDictionary() == null
        && (field.getType() instanceof ArrowType.Int
            || field.getType() instanceof ArrowType.FloatingPoint
            || field.getType() instanceof ArrowType.Decimal
            || field.getType() instanceof ArrowType.Bool);
  }

  static void requireTime(String what, String role, String column, String where, Schema schema) {
    Field field = require(what, role, column, where, schema);
    if (!(field.getType() instanceof ArrowType.Timestamp
        || field.getType() instanceof ArrowType.Date
        || field.getType() instanceof ArrowType.Utf8)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what
              + " names the "
              + role
              + " column '"
              + column
              + "', which holds "
              + show(field)
              + " in "
              + where
              + ", not a time");
    }
  }

  private static Field require(
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

  private static String show(Field field) {
    return field.getDictionary() != null ? "an enumeration" : field.getType().toString();
  }

  static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  static String text(String table, String column) {
    return "CAST(" + table + "." + quote(column) + " AS VARCHAR)";
  }

  /** Microseconds since 1970, NULL for what is infinite. */
  static String micros(String table, String column) {
    return "epoch_us(CAST(" + table + "." + quote(column) + " AS TIMESTAMP))";
  }
}
