package io.mlinfra.features.view;

import static io.mlinfra.features.view.Columns.micros;
import static io.mlinfra.features.view.Columns.quote;
import static io.mlinfra.features.view.Columns.text;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The query for the rows of a training set, checked before it is run: its own columns, then the
 * time in microseconds, then per view the entity as text. The columns behind the own ones go by
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
      List<FeatureView> views,
      String labels,
      String timeColumn,
      @Nullable Object... parameters)
      throws IOException {
    this.warehouse = warehouse;
    // A comment that ends the query must not take the bracket with it.
    this.from = " FROM (" + withoutSemicolon(labels) + "\n) AS l";
    this.parameters = parameters;
    Schema schema = schema();
    Columns.requireTime("the training set", "time", timeColumn, "the query", schema);
    for (FeatureView view : views) {
      Columns.requireEntity(view, warehouse.schema(view.source()), schema);
    }
    requireNoFeature(views, schema);
    this.columns = schema.getFields().size();
    this.sql =
        Stream.of(
                    schema.getFields().stream().map(LabelQuery::column),
                    Stream.of(micros("l", timeColumn)),
                    views.stream().map(view -> text("l", view.entity())))
                .flatMap(parts -> parts)
                .collect(Collectors.joining(", ", "SELECT ", ""))
            + from;
  }

  private static String withoutSemicolon(String labels) {
    String query = labels.strip();
    return query.endsWith(";") ? query.substring(0, query.length() - 1) : query;
  }

  private Schema schema() throws IOException {
    try (ArrowReader none = warehouse.query("SELECT *" + from + " LIMIT 0", parameters)) {
      return none.getVectorSchemaRoot().getSchema();
    }
  }

  /** An enumeration's dictionary is one of the stream's own, so its values go as text. */
  private static String column(Field field) {
    if (field.getDictionary() != null) {
      return text("l", field.getName()) + " AS " + quote(field.getName());
    }
    if (hasDictionary(field)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + field.getName()
              + "' of the query holds enumerations inside; cast them to text");
    }
    return "l." + quote(field.getName());
  }

  private static boolean hasDictionary(Field field) {
    return field.getDictionary() != null
        || field.getChildren().stream().anyMatch(LabelQuery::hasDictionary);
  }

  private static void requireNoFeature(List<FeatureView> views, Schema schema) {
    Set<String> names =
        views.stream()
            .flatMap(view -> view.features().stream())
            .map(Feature::name)
            .collect(Collectors.toSet());
    for (Field field : schema.getFields()) {
      if (names.contains(field.getName())) {
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
