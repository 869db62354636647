package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.FeaturePlan.Planned;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.offline.RowExplanation.Made;
import io.mlinfra.features.offline.RowExplanation.SourceRow;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Finds the source rows behind the features of one row. It reads them anew, word by word as {@code
 * FeatureView} defines them, and takes nothing from the engine that made the values.
 */
final class RowExplainer {
  private final Warehouse warehouse;

  /** An event of the entity with the cells of the plan's inputs. */
  private record Event(long happened, long known, long[] cells, SourceRow source) {}

  RowExplainer(Warehouse warehouse) {
    this.warehouse = warehouse;
  }

  /**
   * Explains the one row of a training set.
   *
   * @param answered the row with its features, by column
   * @param time of the row, in microseconds
   */
  RowExplanation explain(
      List<FeaturePlan> plans, Map<String, @Nullable Object> answered, long row, long time) {
    Map<String, @Nullable Object> columns = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    columns.putAll(answered);
    List<Made> made = new ArrayList<>();
    for (FeaturePlan plan : plans) {
      Map<String, @Nullable Object> entity = new LinkedHashMap<>();
      plan.view().entity().keys().forEach(key -> entity.put(key, columns.get(key)));
      Dictionary texts = new Dictionary();
      List<Event> events = entity.containsValue(null) ? List.of() : events(plan, entity, texts);
      List<Event> visible =
          events.stream().filter(e -> e.happened <= time && e.known <= time).toList();
      for (Planned feature : plan.features()) {
        if (!columns.containsKey(feature.name())) {
          continue;
        }
        List<SourceRow> used =
            used(plan, feature, visible, time, texts).stream().map(Event::source).toList();
        made.add(
            new Made(
                feature.name(),
                feature.feature().toString(),
                entity,
                columns.get(feature.name()),
                used,
                visible.size() - used.size(),
                events.size() - visible.size()));
      }
    }
    return new RowExplanation(row, Times.of(time), made);
  }

  private static List<Event> used(
      FeaturePlan plan, Planned feature, List<Event> visible, long time, Dictionary texts) {
    List<Event> young = visible.stream().filter(e -> age(e, time) <= plan.ttl()).toList();
    int latest = young.size() - 1 - feature.lag();
    return switch (feature.function()) {
      case LATEST, LAG, SINCE_LAST -> latest < 0 ? List.of() : List.of(young.get(latest));
      default -> {
        List<Event> window =
            young.stream()
                .filter(e -> age(e, time) < feature.window())
                .filter(e -> counts(plan, feature, e, texts))
                .toList();
        yield overWindow(plan, feature, window, texts);
      }
    };
  }

  /** A share is made from all events of the window, the others from those that they count. */
  private static boolean counts(FeaturePlan plan, Planned feature, Event event, Dictionary texts) {
    boolean met =
        feature.test() == null
            || feature.function() == Function.FRACTION
            || feature.test().met(event.cells[feature.test().input()], texts);
    return met
        && (feature.input() < 0
            || !plan.inputs().get(feature.input()).type().isMissing(event.cells[feature.input()]));
  }

  /** Of these, one alone may have made the value. */
  private static List<Event> overWindow(
      FeaturePlan plan, Planned feature, List<Event> window, Dictionary texts) {
    if (window.isEmpty()) {
      return window;
    }
    int input = feature.input();
    return switch (feature.function()) {
      case FIRST -> window.subList(0, 1);
      case LAST -> window.subList(window.size() - 1, window.size());
      case MIN, MAX -> {
        ValueType type = plan.inputs().get(input).type();
        Comparator<Event> byValue = (a, b) -> type.compare(a.cells[input], b.cells[input], texts);
        boolean least = feature.function() == Function.MIN;
        Event found = (least ? window.stream().min(byValue) : window.stream().max(byValue)).get();
        yield List.of(found);
      }
      default -> window;
    };
  }

  /** How long before a time an event happened; times may be further apart than a long can say. */
  private static long age(Event event, long time) {
    long age = time - event.happened;
    return age < 0 ? FeaturePlan.FOREVER : age;
  }

  /** All events of an entity, in order. */
  private List<Event> events(
      FeaturePlan plan, Map<String, @Nullable Object> entity, Dictionary texts) {
    List<String> columns = new ArrayList<>();
    columns.add(Sql.micros("s", plan.view().eventTime()));
    columns.add(Sql.micros("s", plan.view().knownAt().orElse(plan.view().eventTime())));
    for (FeaturePlan.Input input : plan.inputs()) {
      columns.add(Sql.value("s", input.name(), input.type()));
    }
    List<String> conditions = new ArrayList<>(List.of(columns.get(0) + " IS NOT NULL"));
    conditions.add(columns.get(1) + " IS NOT NULL");
    List<@Nullable Object> keys = new ArrayList<>();
    for (int k = 0; k < plan.keyTypes().size(); k++) {
      String key = plan.view().entity().keys().get(k);
      conditions.add(Sql.key("s", key, plan.keyTypes().get(k)) + " = ?");
      keys.add(entity.get(key));
    }
    String sql =
        "SELECT "
            + String.join(", ", columns)
            + ", CAST(COLUMNS(s.*) AS VARCHAR) FROM "
            + Sql.from(plan.view())
            + " AS s WHERE "
            + String.join(" AND ", conditions);
    List<Event> events = new ArrayList<>();
    try (ArrowReader reader = warehouse.query(sql, keys.toArray())) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        for (int row = 0; row < batch.getRowCount(); row++) {
          events.add(event(plan, batch.getFieldVectors(), row, texts));
        }
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED,
          "reading the events of feature view '"
              + plan.view().name()
              + "' failed: "
              + e.getMessage(),
          e);
    }
    events.sort(inOrder(plan, texts));
    return events;
  }

  private static Comparator<Event> inOrder(FeaturePlan plan, Dictionary texts) {
    Comparator<Event> order =
        Comparator.comparingLong(Event::happened).thenComparingLong(Event::known);
    for (int i = 0; i < plan.inputs().size(); i++) {
      int input = i;
      ValueType type = plan.inputs().get(i).type();
      order = order.thenComparing((a, b) -> type.compare(a.cells[input], b.cells[input], texts));
    }
    return order;
  }

  private static Event event(
      FeaturePlan plan, List<FieldVector> vectors, int row, Dictionary texts) {
    long happened = ((BigIntVector) vectors.get(0)).get(row);
    long known = ((BigIntVector) vectors.get(1)).get(row);
    long[] cells = new long[plan.inputs().size()];
    for (int i = 0; i < cells.length; i++) {
      cells[i] = EventReader.cell(plan.inputs().get(i).type(), vectors.get(2 + i), row, texts);
    }
    Map<String, @Nullable String> columns = new LinkedHashMap<>();
    for (FieldVector vector : vectors.subList(2 + cells.length, vectors.size())) {
      Object value = vector.getObject(row);
      columns.put(vector.getField().getName(), value == null ? null : value.toString());
    }
    return new Event(
        happened, known, cells, new SourceRow(Times.of(happened), Times.of(known), columns));
  }
}
