package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Derivations;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.util.Text;
import org.apache.arrow.vector.util.VectorSchemaRootAppender;
import org.jspecify.annotations.Nullable;

/**
 * Rows that ask, to be answered with what was known at each row's own time. Made by {@link
 * FeatureStore#training(String, String)}. Each setting changes this query and returns it. Not
 * thread-safe. It may be run several times, unless its rows are a stream.
 *
 * <pre>{@code
 * try (ArrowReader rows =
 *     features
 *         .training("SELECT * FROM payments WHERE shop = ?", "asked")
 *         .bind("S1")
 *         .service(fraud)
 *         .stream()) {
 *   …
 * }
 * }</pre>
 *
 * <p>The answer has the rows in their order with all their columns, enumerations as their values;
 * behind them a column per feature, and then per feature derived. A row whose entity has no events,
 * or that lacks a part of its key, has counts of 0 and otherwise nothing. Times of rows finer than
 * a microsecond are rounded down; a date is its first moment, UTC.
 *
 * <p><b>Errors</b> of {@link #collect}, {@link #stream} and {@link #explain}, each a {@link
 * MlInfraException} that names the view, the column and what it holds: {@link
 * ErrorCode#NAME_UNKNOWN} if a table or column is not there, or a feature is derived from one that
 * is not; {@link ErrorCode#DATA_UNSUITABLE} if a row has no finite time, the rows name an entity by
 * another type than the events do, have times with a zone where the events have none or the other
 * way round, have a column of a feature's name, a union or enumerations inside a list or struct, or
 * a feature is derived from another type than it takes; {@link ErrorCode#QUERY_FAILED} if a query
 * is refused. They come before a row is read, but for what is wrong with a row. {@link
 * IllegalStateException} if the store is closed, or rows of a stream have been read.
 */
public final class TrainingQuery {
  private static final long LEAST_MEMORY = 1L << 20;

  private final FeatureStore store;
  private final String timeColumn;
  private Labels labels;
  private List<FeaturePlan> plans;
  private @Nullable FeatureService service;
  private Engine engine = Engine.AUTO;
  private long maxMemoryBytes = Math.max(LEAST_MEMORY, Runtime.getRuntime().maxMemory() / 4);
  private Progress progress = Progress.NONE;

  /**
   * A query for the features of some plans.
   *
   * @param service what is derived from them, if anything
   */
  TrainingQuery(
      FeatureStore store,
      List<FeaturePlan> plans,
      @Nullable FeatureService service,
      Labels labels,
      String timeColumn) {
    this.store = store;
    this.plans = plans;
    this.service = service;
    this.labels = labels;
    this.timeColumn = Objects.requireNonNull(timeColumn, "timeColumn");
  }

  /**
   * The values of the query's parameters, in order.
   *
   * @throws IllegalArgumentException if the rows come from no query
   */
  public TrainingQuery bind(@Nullable Object... values) {
    if (!(labels instanceof Labels.Queried queried)) {
      throw new IllegalArgumentException(
          "parameters (" + values.length + ") go into SQL; the labels are an Arrow stream");
    }
    this.labels = new Labels.Queried(queried.warehouse(), queried.sql(), values.clone());
    return this;
  }

  /**
   * Which features are asked for, in the order of the service; without it, what the store was
   * opened for.
   *
   * @param features a service over views of the store
   * @throws IllegalArgumentException if it uses a view that is not in the store
   */
  public TrainingQuery service(FeatureService features) {
    this.plans = store.plans(Objects.requireNonNull(features, "features"));
    this.service = features;
    return this;
  }

  /**
   * What computes the features; {@link Engine#AUTO} where not given.
   *
   * @throws IllegalArgumentException if the database is to, but the rows are a stream
   */
  public TrainingQuery engine(Engine which) {
    if (which == Engine.SQL && labels instanceof Labels.Streamed) {
      throw new IllegalArgumentException(
          "engine (SQL) needs labels that are a query, for the database reads them more than once;"
              + " these are an Arrow stream: take KERNEL, or load them into a table first");
    }
    this.engine = Objects.requireNonNull(which, "engine");
    return this;
  }

  /**
   * About how much memory events, rows and their answers may take at a time while the kernel
   * computes them: half for events, which are read in parts where they need more, and half for
   * rows; what these leave goes to the events. At least 65,536 rows are taken at a time, whatever
   * they need, and an entity's events are in one part. What {@link #collect} returns comes on top.
   * A quarter of the heap where not given.
   *
   * @param bytes at least 1 MiB
   */
  public TrainingQuery maxMemoryBytes(long bytes) {
    if (bytes < LEAST_MEMORY) {
      throw new IllegalArgumentException(
          "maxMemoryBytes (" + bytes + ") must be >= " + LEAST_MEMORY);
    }
    this.maxMemoryBytes = bytes;
    return this;
  }

  /** Who is told how it goes on. */
  public TrainingQuery progress(Progress listener) {
    this.progress = Objects.requireNonNull(listener, "progress");
    return this;
  }

  /**
   * Answers all rows.
   *
   * @return in memory; the caller closes it, before the store
   */
  public TrainingSet collect() {
    Gate.Pass pass = store.enter();
    try {
      BufferAllocator own = store.newChild("training set");
      try {
        return collect(own);
      } catch (IOException e) {
        own.close();
        throw new MlInfraException(
            ErrorCode.IO_FAILED, "reading the labels failed: " + e.getMessage(), e);
      } catch (RuntimeException | Error e) {
        own.close();
        throw e;
      }
    } finally {
      pass.close();
    }
  }

  private TrainingSet collect(BufferAllocator own) throws IOException {
    Prepared prepared = prepare();
    try (TrainingStream stream = open(prepared, own.newChildAllocator("rows", 0, Long.MAX_VALUE))) {
      VectorSchemaRoot table =
          VectorSchemaRoot.create(stream.getVectorSchemaRoot().getSchema(), own);
      try {
        table.allocateNew();
        while (stream.loadNextBatch()) {
          VectorSchemaRootAppender.append(false, table, stream.getVectorSchemaRoot());
        }
        long[] times = prepared.columns.times(table, 0);
        return TrainingSet.owning(table, own, timeColumn, times);
      } catch (IOException | RuntimeException | Error e) {
        table.close();
        throw e;
      }
    }
  }

  /**
   * Answers the rows as they are read, in batches of 8,192 at most.
   *
   * @return the caller's to close, before the store; for one thread. A batch lasts until the next
   *     one is loaded
   */
  public ArrowReader stream() {
    Gate.Pass pass = store.enter();
    try {
      return open(prepare(), store.newChild("training stream"));
    } finally {
      pass.close();
    }
  }

  /** A query that was checked. */
  private record Prepared(LabelColumns columns, @Nullable Derivations derivations) {}

  private Prepared prepare() {
    List<String> names = new ArrayList<>();
    Map<String, ValueType> types = new HashMap<>();
    for (FeaturePlan plan : plans) {
      for (FeaturePlan.Planned feature : plan.features()) {
        names.add(feature.name());
        types.put(feature.name(), feature.type());
      }
    }
    if (service != null) {
      names.addAll(service.derived().keySet());
    }
    LabelColumns columns = LabelColumns.of(labels.schema(), plans, names, timeColumn);
    types.putAll(columns.types());
    return new Prepared(columns, service == null ? null : Derivations.of(service, types));
  }

  /** Takes the ownership of the allocator, also if it fails. */
  private TrainingStream open(Prepared prepared, BufferAllocator own) {
    try {
      List<Field> fields = new ArrayList<>(prepared.columns.fields());
      for (FeaturePlan plan : plans) {
        plan.features().forEach(feature -> fields.add(FeatureColumn.field(feature)));
      }
      return new TrainingStream(rows(prepared.columns, own), fields, prepared.derivations, own);
    } catch (RuntimeException | Error e) {
      own.close();
      throw e;
    }
  }

  private AnsweredRows rows(LabelColumns columns, BufferAllocator own) {
    EventParts events = events(own);
    if (engine == Engine.SQL && labels instanceof Labels.Queried queried) {
      ArrowReader answers =
          SqlJoin.open(store.warehouse(), plans, queried.sql(), timeColumn, queried.parameters());
      return new SqlRows(new LabelReader(answers, true, own), columns, progress);
    }
    return new KernelRows(
        events,
        plans,
        labels.open(own),
        columns,
        maxMemoryBytes - maxMemoryBytes / 2,
        progress,
        own);
  }

  private EventParts events(BufferAllocator own) {
    return new EventParts(store.warehouse(), plans, maxMemoryBytes / 2, own);
  }

  /**
   * How the query would be run, for people: with which engine and why; of each view its source, how
   * many events it has and in how many parts they are read, the keys and the features; for the
   * database, the statement. It counts events and computes nothing.
   */
  public String explain() {
    Gate.Pass pass = store.enter();
    try (BufferAllocator own = store.newChild("explain")) {
      prepare();
      EventParts events = events(own);
      StringBuilder text = new StringBuilder("training query at \"").append(timeColumn);
      text.append("\"\n  engine ")
          .append(
              engine == Engine.AUTO ? "KERNEL, the faster one" : engine + ", as it was asked for");
      text.append("\n  rows of ").append(labels.describe());
      for (int view = 0; view < plans.size(); view++) {
        describe(view, events, text);
      }
      if (service != null) {
        service
            .derived()
            .forEach(
                (name, how) -> text.append("\n  derived ").append(name).append(" = ").append(how));
      }
      if (engine == Engine.SQL && labels instanceof Labels.Queried queried) {
        text.append("\n  statement\n")
            .append(SqlJoin.statement(plans, queried.schema(), queried.sql(), timeColumn));
      }
      return text.append('\n').toString();
    } finally {
      pass.close();
    }
  }

  private void describe(int number, EventParts events, StringBuilder text) {
    FeaturePlan plan = plans.get(number);
    FeatureView view = plan.view();
    text.append("\n  view ").append(view.name());
    text.append("\n    from ").append(view.isSql() ? "(" + view.source() + ")" : view.source());
    text.append(String.format(Locale.ROOT, ", %,d events", events.count(number)));
    if (engine != Engine.SQL) {
      int parts = events.partitions(number);
      text.append(" in ").append(parts).append(parts == 1 ? " part" : " parts");
    }
    text.append("\n    entity ").append(view.entity());
    text.append("\n    features ")
        .append(
            plan.features().stream()
                .map(FeaturePlan.Planned::name)
                .collect(Collectors.joining(", ")));
  }

  /**
   * Says of one row which rows of the sources made which of its features. It reads the events of
   * the row's entities anew.
   *
   * @param row from 0, in the order of the rows
   * @throws IllegalArgumentException if there is no such row
   * @throws IllegalStateException if the rows are a stream, which can be read but once
   */
  public RowExplanation explain(long row) {
    if (row < 0) {
      throw new IllegalArgumentException("row (" + row + ") must be >= 0");
    }
    if (!(labels instanceof Labels.Queried queried)) {
      throw new IllegalStateException("rows of a stream cannot be read again to explain one");
    }
    TrainingQuery one =
        new TrainingQuery(
            store,
            plans,
            null,
            new Labels.Queried(
                queried.warehouse(),
                "SELECT * FROM " + Sql.subquery(queried.sql()) + " AS l LIMIT 1 OFFSET " + row,
                queried.parameters()),
            timeColumn);
    try (TrainingSet set = one.collect();
        ArrowReader reader = set.reader()) {
      if (!reader.loadNextBatch()) {
        throw new IllegalArgumentException("there is no row " + row);
      }
      Map<String, @Nullable Object> answered = new HashMap<>();
      for (FieldVector vector : reader.getVectorSchemaRoot().getFieldVectors()) {
        Object value = vector.getObject(0);
        answered.put(vector.getName(), value instanceof Text ? value.toString() : value);
      }
      return new RowExplainer(store.warehouse()).explain(plans, answered, row, set.time(0));
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the rows failed: " + e.getMessage(), e);
    }
  }

  /** {@code TrainingQuery[SELECT … at "asked", 4 features of 2 views, AUTO]}. */
  @Override
  public String toString() {
    int features = plans.stream().mapToInt(plan -> plan.features().size()).sum();
    return "TrainingQuery["
        + labels.describe()
        + " at \""
        + timeColumn
        + "\", "
        + (service == null ? features : service.names().size())
        + " features of "
        + plans.size()
        + " views, "
        + engine
        + "]";
  }
}
