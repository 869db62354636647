package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The query for the rows of a training set, checked before it is run: its own columns, then the
 * time in microseconds, then per view the keys of its entity. The columns behind the own ones go by
 * position, so that no name of a column can be in their way.
 */
final class LabelQuery {
  private final Warehouse warehouse;
  private final String from;
  private final @Nullable Object[] parameters;
  private final String sql;

  /** How many columns the query itself has. */
  final int columns;

  LabelQuery(
      Warehouse warehouse,
      List<FeaturePlan> plans,
      Set<String> features,
      String labels,
      String timeColumn,
      @Nullable Object... parameters)
      throws IOException {
    this.warehouse = warehouse;
    this.from = " FROM " + Sql.subquery(labels) + " AS l";
    this.parameters = parameters;
    Schema schema = schema();
    Field time = requireTime(timeColumn, schema);
    List<String> columns = new ArrayList<>();
    schema.getFields().forEach(field -> columns.add(column(field)));
    columns.add(Sql.micros("l", timeColumn));
    for (FeaturePlan plan : plans) {
      requireOneKind(plan, time);
      for (int k = 0; k < plan.keyTypes().size(); k++) {
        String key = plan.view().entity().keys().get(k);
        KeyType type = plan.keyTypes().get(k);
        requireKey(plan, key, type, schema);
        columns.add(Sql.key("l", key, type));
      }
    }
    requireNoFeature(features, schema);
    this.columns = schema.getFields().size();
    this.sql = "SELECT " + String.join(", ", columns) + from;
  }

  private Schema schema() throws IOException {
    try (ArrowReader none = warehouse.query("SELECT *" + from + " LIMIT 0", parameters)) {
      return none.getVectorSchemaRoot().getSchema();
    }
  }

  private static Field requireTime(String column, Schema schema) {
    Field time = Sql.require("the training set", "time", column, "the query", schema);
    if (!Sql.isTime(time)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the training set names the time column '"
              + column
              + "', which holds "
              + Sql.show(time)
              + " in the query, not a time");
    }
    return time;
  }

  private static void requireOneKind(FeaturePlan plan, Field time) {
    if (plan.isZoned() != Sql.isZoned(time)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the times in '"
              + time.getName()
              + "' of the query are "
              + (plan.isZoned() ? "without" : "with")
              + " a zone, those of feature view '"
              + plan.view().name()
              + "' "
              + (plan.isZoned() ? "with" : "without")
              + " one; convert one of them, such as "
              + Sql.quote(time.getName())
              + " AT TIME ZONE 'UTC'");
    }
  }

  /** Checks that the rows that ask name the entity as the events do: 7 is not '7'. */
  private static void requireKey(FeaturePlan plan, String key, KeyType type, Schema labels) {
    String what = "feature view '" + plan.view().name() + "'";
    Field asked = Sql.require(what, "entity key", key, "the query", labels);
    if (KeyType.of(asked).filter(type::equals).isEmpty()) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what
              + " has the entity key '"
              + key
              + "', which is "
              + type.noun()
              + " in its events, but holds "
              + Sql.show(asked)
              + " in the query; cast it there");
    }
  }

  /** An enumeration's dictionary is one of the stream's own, so its values go as text. */
  private static String column(Field field) {
    if (field.getDictionary() != null) {
      return Sql.key("l", field.getName(), KeyType.TEXT) + " AS " + Sql.quote(field.getName());
    }
    if (hasDictionary(field)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + field.getName()
              + "' of the query holds enumerations inside; cast them to text");
    }
    return "l." + Sql.quote(field.getName());
  }

  private static boolean hasDictionary(Field field) {
    return field.getDictionary() != null
        || field.getChildren().stream().anyMatch(LabelQuery::hasDictionary);
  }

  private static void requireNoFeature(Set<String> features, Schema schema) {
    for (Field field : schema.getFields()) {
      if (features.contains(field.getName())) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the query has a column '" + field.getName() + "', which is the name of a feature");
      }
    }
  }

  /** Starts it; the caller closes the stream. */
  ArrowReader run() {
    return warehouse.query(sql, parameters);
  }
}
