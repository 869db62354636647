package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.DerivedValue;
import io.mlinfra.features.internal.Dictionary;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.Derived;
import io.mlinfra.features.view.Feature;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Load;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what was served in a table of the warehouse, for {@link
 * io.mlinfra.features.offline.SkewAudit} to compare it with what training would have seen. A row
 * per answer: what was asked with, the time of serving as {@value #TIME}, and the features under
 * their names.
 *
 * <pre>{@code
 * try (FeatureLog log = FeatureLog.open(warehouse, "served", fraud)) {
 *   …
 *   FeatureVector features = online.get(fraud, request);
 *   log.add(request, features);
 * }
 * }</pre>
 *
 * <p>The entity keys have the type that they have in the events. What features are derived from is
 * kept as the derivation reads it: numbers as DOUBLE, times as TIMESTAMP in UTC. Other columns get
 * the type of their first value. The first request says which columns there are, unless the table
 * is there already; a later one may lack some of those that nothing needs.
 *
 * <p>Rows wait in memory, a bounded number of them, and are written together: by the call that
 * finds the room used up, by {@link #flush} and by {@link #close}. What was not written when the
 * process ends is lost. The warehouse is borrowed and must stay open. Thread-safe; one call at a
 * time goes on.
 */
public final class FeatureLog implements AutoCloseable {
  /** The column of the time of serving. */
  public static final String TIME = "served_at";

  private static final int MOST_ROWS = 1024;

  /** A column; its type is null as long as no value has shown it. */
  private static final class Column {
    final String name;
    final @Nullable KeyType key;
    @Nullable ValueType type;

    Column(String name, @Nullable KeyType key, @Nullable ValueType type) {
      this.name = name;
      this.key = key;
      this.type = type;
    }
  }

  private final Warehouse warehouse;
  private final String table;
  private final FeatureService service;
  private final int mostRows;
  private final boolean zoned;

  /** What every request must have: keys, and what features are derived from. */
  private final Map<String, Column> needed = new LinkedHashMap<>();

  /** What requests have beside it. */
  private final Map<String, Column> others = new LinkedHashMap<>();

  private final Map<String, Column> served = new LinkedHashMap<>();

  /** Whether the columns of requests are known: from the table or the first row. */
  private boolean fixed;

  /** Cells by column, as {@link ValueType} has them, but texts as they are. */
  private final List<Map<Column, Object>> rows = new ArrayList<>();

  private final Column time = new Column(TIME, null, ValueType.TIMESTAMP);
  private boolean closed;

  private FeatureLog(Warehouse warehouse, String table, FeatureService service, int mostRows) {
    this.warehouse = warehouse;
    this.table = table;
    this.service = service;
    this.mostRows = mostRows;
    boolean anyZone = false;
    for (FeatureView view : service.views()) {
      FeaturePlan plan = FeaturePlan.of(view, EventReader.schema(warehouse, view));
      anyZone |= plan.isZoned();
      for (int k = 0; k < plan.keyTypes().size(); k++) {
        String key = view.entity().keys().get(k);
        KeyType type = plan.keyTypes().get(k);
        ValueType kept = type == KeyType.INTEGER ? ValueType.INT64 : ValueType.TEXT;
        needed.putIfAbsent(key, new Column(key, type, kept));
      }
      List<Feature> wanted = service.features(view);
      for (FeaturePlan.Planned feature : plan.features()) {
        if (wanted.contains(feature.feature())) {
          served.put(feature.name(), new Column(feature.name(), null, feature.type()));
        }
      }
    }
    this.zoned = anyZone;
    service
        .derived()
        .forEach(
            (name, how) ->
                served.put(name, new Column(name, null, DerivedValue.type(how.operation()))));
    service.derived().values().forEach(this::need);
    if (warehouse.tables().stream().anyMatch(table::equalsIgnoreCase)) {
      adopt(warehouse.schema(table));
    }
    requireNames();
  }

  private void need(Derived how) {
    ValueType type = DerivedValue.inputType(how.operation()).orElse(null);
    for (String input : how.inputs()) {
      if (!served.containsKey(input)) {
        Column column = needed.computeIfAbsent(input, name -> new Column(name, null, type));
        // What is compared as it is must not become a double because it is also added.
        if (type == null && column.key == null) {
          column.type = null;
        }
      }
    }
  }

  /**
   * Opens a log that lets up to 1024 rows wait in memory.
   *
   * @param table is created with the first rows; or one that such a log has written
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} or {@link ErrorCode#DATA_UNSUITABLE} if
   *     the table is there and lacks a column or has it in another type, or a view does not fit its
   *     source
   * @throws IllegalArgumentException if two columns would have one name
   */
  public static FeatureLog open(Warehouse warehouse, String table, FeatureService service) {
    return open(warehouse, table, service, MOST_ROWS);
  }

  /**
   * Opens a log; otherwise as {@link #open(Warehouse, String, FeatureService)}.
   *
   * @param mostRows how many rows wait in memory at most
   */
  public static FeatureLog open(
      Warehouse warehouse, String table, FeatureService service, int mostRows) {
    if (mostRows < 1) {
      throw new IllegalArgumentException("mostRows (" + mostRows + ") must be > 0");
    }
    return new FeatureLog(warehouse, table, service, mostRows);
  }

  private void adopt(Schema schema) {
    String where = "table '" + table + "'";
    for (Column column : served.values()) {
      Field field = Sql.require(what(), "feature", column.name, where, schema);
      requireType(field, arrowType(column));
    }
    Field time = Sql.require(what(), "time", TIME, where, schema);
    requireType(time, timeType());
    for (Column column : needed.values()) {
      // One that is compared comes into the table with its first value.
      if (column.type != null) {
        Field field = Sql.require(what(), "request", column.name, where, schema);
        requireType(field, arrowType(column));
      }
    }
    for (Field field : schema.getFields()) {
      String name = field.getName();
      ValueType type =
          ValueType.of(field).filter(t -> t.arrowType().equals(field.getType())).orElse(null);
      Column column = needed.get(name);
      if (column != null && column.type == null) {
        column.type = type;
      } else if (column == null
          && type != null
          && served.keySet().stream().noneMatch(name::equalsIgnoreCase)
          && needed.keySet().stream().noneMatch(name::equalsIgnoreCase)
          && !name.equalsIgnoreCase(TIME)) {
        others.put(name, new Column(name, null, type));
      }
    }
    fixed = true;
  }

  private void requireType(Field field, ArrowType wanted) {
    if (!field.getType().equals(wanted)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          what()
              + ": column '"
              + field.getName()
              + "' holds "
              + Sql.show(field)
              + ", must hold "
              + wanted);
    }
  }

  /** The database takes names for equal that differ in case only. */
  private void requireNames() {
    Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    names.add(TIME);
    for (Map<String, Column> columns : List.of(needed, others, served)) {
      for (String name : columns.keySet()) {
        if (!names.add(name)) {
          throw new IllegalArgumentException(
              what() + " would have the column '" + name + "' twice; it keeps the time as " + TIME);
        }
      }
    }
  }

  private ArrowType timeType() {
    return new ArrowType.Timestamp(TimeUnit.MICROSECOND, zoned ? "UTC" : null);
  }

  private static ArrowType arrowType(Column column) {
    return Objects.requireNonNull(column.type).arrowType();
  }

  /**
   * Adds an answer.
   *
   * @param request what was asked with: the keys of all views, what features are derived from, and
   *     what else is to be kept; null where missing
   * @param features the values that were served, all those of the service; null where missing
   * @param at the time whose values were served, UTC
   * @throws IllegalArgumentException if the request lacks what is needed, has the name of a
   *     feature, or a column that the log does not have; if a feature lacks; or if a value is not
   *     of its column's type. The row is not added then
   * @throws MlInfraException if the rows that wait could not be written: they go on waiting, and
   *     this one is not added
   * @throws IllegalStateException if the log is closed
   */
  public synchronized void add(
      Map<String, ? extends @Nullable Object> request,
      Map<String, ? extends @Nullable Object> features,
      LocalDateTime at) {
    requireOpen();
    if (rows.size() >= mostRows) {
      write();
    }
    List<Column> fresh = fresh(request);
    Map<Column, Object> cells = new HashMap<>();
    Map<Column, ValueType> shown = new HashMap<>();
    needed.values().forEach(column -> read("the request", column, request, cells, shown));
    served.values().forEach(column -> read("what was served", column, features, cells, shown));
    Stream.concat(others.values().stream(), fresh.stream())
        .filter(column -> request.containsKey(column.name))
        .forEach(column -> read("the request", column, request, cells, shown));
    cells.put(time, Times.floor(at));
    // Nothing can fail any more.
    shown.forEach((column, type) -> column.type = type);
    fresh.forEach(column -> others.put(column.name, column));
    fixed = true;
    rows.add(cells);
  }

  /**
   * Adds what an online store has answered; otherwise as {@link #add(Map, Map, LocalDateTime)}.
   *
   * @param vector all features of the service
   */
  public void add(Map<String, ? extends @Nullable Object> request, FeatureVector vector) {
    add(request, vector.asMap(), vector.at());
  }

  /** The columns of a request that are new, if they may be. */
  private List<Column> fresh(Map<String, ? extends @Nullable Object> request) {
    List<Column> fresh = new ArrayList<>();
    for (String name : request.keySet()) {
      if (needed.containsKey(name) || others.containsKey(name)) {
        continue;
      }
      Stream<String> taken =
          Stream.of(needed, others, served).flatMap(columns -> columns.keySet().stream());
      if (name.equalsIgnoreCase(TIME) || taken.anyMatch(name::equalsIgnoreCase)) {
        throw new IllegalArgumentException(
            what() + ": the request has '" + name + "', which is another column of the log");
      }
      if (fixed) {
        throw new IllegalArgumentException(
            what()
                + ": the request has '"
                + name
                + "', which the first did not have; it had "
                + Stream.concat(needed.keySet().stream(), others.keySet().stream()).toList());
      }
      fresh.add(new Column(name, null, null));
    }
    return fresh;
  }

  private void read(
      String from,
      Column column,
      Map<String, ? extends @Nullable Object> values,
      Map<Column, Object> cells,
      Map<Column, ValueType> shown) {
    Object value = values.get(column.name);
    if (value == null) {
      if (!values.containsKey(column.name)) {
        throw new IllegalArgumentException(
            what() + ": " + from + " lacks '" + column.name + "'; there are " + values.keySet());
      }
      return;
    }
    try {
      ValueType type = column.type;
      if (type == null) {
        type =
            ValueType.ofValue(value)
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "a " + value.getClass().getSimpleName() + " cannot be kept"));
        shown.put(column, type);
      }
      Object cell = cell(column, type, value);
      if (cell != null) {
        cells.put(column, cell);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          what() + ": column '" + column.name + "': " + e.getMessage(), e);
    }
  }

  private static @Nullable Object cell(Column column, ValueType type, Object value) {
    if (column.key != null) {
      return column.key.normal(column.name, value);
    }
    if (type == ValueType.TEXT && value instanceof String) {
      return value;
    }
    Object plain = value;
    if (value instanceof LocalDate date) {
      plain = date.atStartOfDay();
    } else if (value instanceof OffsetDateTime zoned) {
      plain = zoned.toInstant();
    } else if (value instanceof ZonedDateTime zoned) {
      plain = zoned.toInstant();
    }
    long cell = type.cell(plain, Dictionary.NONE);
    return type.isMissing(cell) ? null : (Object) cell;
  }

  /**
   * Writes the rows that wait.
   *
   * @throws MlInfraException if they could not be written: they go on waiting
   * @throws IllegalStateException if the log is closed
   */
  public synchronized void flush() {
    requireOpen();
    write();
  }

  private void write() {
    if (rows.isEmpty()) {
      return;
    }
    List<Column> columns =
        Stream.of(needed.values(), others.values(), List.of(time), served.values())
            .flatMap(Collection::stream)
            .filter(column -> column.type != null)
            .toList();
    try (BufferAllocator own =
            warehouse.allocator().newChildAllocator("feature log", 0, Long.MAX_VALUE);
        ArrowReader reader = new Rows(own, columns)) {
      warehouse.load(table, Source.arrow(reader), Load.append().evolve());
      rows.clear();
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, what() + " was not closed: " + e.getMessage(), e);
    }
  }

  /** The rows that wait, as one batch. */
  private final class Rows extends ArrowReader {
    private final List<Column> columns;
    private boolean read;

    Rows(BufferAllocator allocator, List<Column> columns) {
      super(allocator);
      this.columns = columns;
    }

    @Override
    protected Schema readSchema() {
      return new Schema(
          columns.stream()
              .map(
                  column ->
                      Field.nullable(column.name, column == time ? timeType() : arrowType(column)))
              .toList());
    }

    @Override
    public boolean loadNextBatch() throws IOException {
      prepareLoadNextBatch();
      if (read) {
        return false;
      }
      read = true;
      VectorSchemaRoot batch = getVectorSchemaRoot();
      for (int c = 0; c < columns.size(); c++) {
        FieldVector vector = batch.getVector(c);
        vector.setInitialCapacity(rows.size());
        vector.allocateNew();
        for (int row = 0; row < rows.size(); row++) {
          Object cell = rows.get(row).get(columns.get(c));
          if (cell != null) {
            set(vector, row, cell);
          }
        }
      }
      batch.setRowCount(rows.size());
      return true;
    }

    @Override
    public long bytesRead() {
      return 0;
    }

    @Override
    protected void closeReadSource() {}
  }

  private static void set(FieldVector vector, int row, Object cell) {
    if (vector instanceof VarCharVector texts) {
      texts.setSafe(row, ((String) cell).getBytes(StandardCharsets.UTF_8));
    } else if (vector instanceof Float8Vector numbers) {
      numbers.set(row, Double.longBitsToDouble((Long) cell));
    } else if (vector instanceof BigIntVector numbers) {
      numbers.set(row, (Long) cell);
    } else if (vector instanceof BitVector truths) {
      truths.set(row, ((Long) cell).intValue());
    } else {
      ((TimeStampVector) vector).set(row, (Long) cell);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(what() + " is closed");
    }
  }

  private String what() {
    return "feature log '" + table + "' of service '" + service.name() + "'";
  }

  /** Writes the rows that wait; where that fails, they are lost. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      write();
    }
  }

  @Override
  public String toString() {
    return "FeatureLog[" + table + ", service " + service.name() + "]";
  }
}
