package io.mlinfra.features.online;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Gate;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.features.internal.Derivations;
import io.mlinfra.features.internal.EventReader;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.Times;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * Serves the features of entities as of now, or of a moment ago. It keeps the events that features
 * still depend on, taken over from a warehouse by {@link #materialize} and {@linkplain #push
 * pushed} as they come, and computes from them what a training set would give at the time of the
 * read over the same events, to the bit.
 *
 * <pre>{@code
 * OnlineStore online = OnlineStore.inMemory();
 * online.materialize(features, LocalDateTime.parse("2024-05-01T00:00"));
 * online.push(card, Map.of("card", 7L, "paid", time, "amount", 12.5));
 * double mean = online.get(card, 7L).number("card__mean_amount_7d");
 * FeatureVector all = online.get(fraud, request);
 * }</pre>
 *
 * <p><b>Time.</b> A read without a time means the time of the clock. The latest time at which an
 * event became visible is the view's watermark; neither a read nor what is pushed may lie further
 * behind it than {@link OnlineOptions#allowedLateness()}. What no read can see any more is
 * forgotten, some events at a time.
 *
 * <p><b>Threads.</b> Thread-safe. Writers take turns: a push waits for a materialisation. Readers
 * do not wait: a call, be it for one row or for many, sees all views as one materialisation left
 * them or as the next one does. The events of a push come in entity by entity.
 *
 * <p>Pushing an event twice counts it twice; the next materialisation replaces what was pushed by
 * what the warehouse has.
 */
public final class OnlineStore implements AutoCloseable {
  private static final int MOST_TRIES = 100;

  /** After so many tries nobody hopes any more that others just stop. */
  private static final int PATIENT_TRIES = 5;

  private final OnlineOptions options;
  private final @Nullable Backing backing;
  private final Gate gate = new Gate("the online store");
  private final ReentrantLock writing = new ReentrantLock();
  private final Cache<FeatureService, Layout> layouts =
      Caffeine.newBuilder().executor(Runnable::run).maximumSize(1000).build();
  private volatile Map<String, ViewTable> tables;

  /** Whether a storage may already hold what {@link #tables} does not show yet. */
  private volatile boolean switching;

  private OnlineStore(OnlineOptions options, @Nullable Storage storage) {
    this.options = options;
    this.backing = storage == null ? null : new Backing(storage, options);
    this.tables = backing == null ? Map.of() : backing.tables();
  }

  /** A store in memory that keeps every entity. */
  public static OnlineStore inMemory() {
    return inMemory(OnlineOptions.defaults());
  }

  /** A store in memory. */
  public static OnlineStore inMemory(OnlineOptions options) {
    return new OnlineStore(options, null);
  }

  /** A durable store with the default options; otherwise as {@link #open(Path, OnlineOptions)}. */
  public static OnlineStore open(Path file) {
    return open(file, OnlineOptions.defaults());
  }

  /**
   * A durable store: what a call has written outlives the process and a loss of power. For that
   * each push waits for the disk twice, be it of one event or of thousands: where events come
   * faster than that, push them together. The states of entities are read from the file when they
   * are asked for, and then stay in memory, as many of them as the options say.
   *
   * @param file is created where there is none; one process at a time has it open, which holds a
   *     lock on an empty file beside it, of the same name with {@code .lock} behind, that stays
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if it is open elsewhere; {@link
   *     ErrorCode#FILE_UNREADABLE} if it is no store, or of a later format; {@link
   *     ErrorCode#IO_FAILED} if it cannot be read or written
   */
  public static OnlineStore open(Path file, OnlineOptions options) {
    return over(MvStorage.open(file), options);
  }

  /** A shared store with the default options; as {@link #redis(URI, OnlineOptions)}. */
  public static OnlineStore redis(URI server) {
    return redis(server, OnlineOptions.defaults());
  }

  /**
   * A store that several processes share, kept by a Redis server of version 7 or later. Needs the
   * artifact {@code redis.clients:jedis}. Nothing is kept in this process: each read asks the
   * server.
   *
   * @param server such as {@code redis://user:password@localhost:6379/0}, or {@code rediss://} for
   *     TLS
   * @throws MlInfraException {@link ErrorCode#ARTIFACT_MISSING} without Jedis; {@link
   *     ErrorCode#IO_FAILED} if the server cannot be reached or refuses
   */
  public static OnlineStore redis(URI server, OnlineOptions options) {
    return over(RedisStorage.open(server, options.prefix()), options);
  }

  /** A store over a storage, which becomes its own. */
  static OnlineStore over(Storage storage, OnlineOptions options) {
    try {
      return new OnlineStore(options, storage);
    } catch (RuntimeException | Error e) {
      storage.close();
      throw e;
    }
  }

  /** Reads as of the clock's time: see {@link At#get(FeatureView, Object...)}. */
  public FeatureVector get(FeatureView view, Object... keys) {
    return new At(now()).get(view, keys);
  }

  /** Reads as of the clock's time: see {@link At#get(FeatureService, Map)}. */
  public FeatureVector get(FeatureService service, Map<String, ?> row) {
    return new At(now()).get(service, row);
  }

  /** Reads as of the clock's time: see {@link At#getAll(FeatureService, List)}. */
  public List<FeatureVector> getAll(FeatureService service, List<? extends Map<String, ?>> rows) {
    return new At(now()).getAll(service, rows);
  }

  /** Reads as of a time, UTC. */
  public At at(LocalDateTime time) {
    return new At(Times.floor(time));
  }

  private long now() {
    Instant now = options.clock().instant();
    return Math.addExact(
        Math.multiplyExact(now.getEpochSecond(), 1_000_000L), now.getNano() / 1000);
  }

  /** A store as of one time. Thread-safe. */
  public final class At {
    private final long time;

    private At(long time) {
      this.time = time;
    }

    /**
     * The features of an entity. One that the store does not know has counts of 0 and no other
     * values.
     *
     * @param keys of the entity, in the order of the definition: whole numbers or texts
     * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the store does not have the view,
     *     or has another definition of it
     * @throws IllegalArgumentException if a key is of another type, there are more or fewer than
     *     the view has, or the time is further back than the allowed lateness
     */
    public FeatureVector get(FeatureView view, Object... keys) {
      Map<String, ViewTable> seen = tables;
      if (backing == null) {
        return get(seen, view, keys);
      }
      return consistently(List.of(view), snapshot -> get(snapshot, view, keys));
    }

    private FeatureVector get(Map<String, ViewTable> from, FeatureView view, Object... keys) {
      ViewTable table = table(from, view.name());
      Shape shape = table.shape(view);
      table.requireReadable(time);
      Object key = table.key(view, keys);
      EntityState state = state(table, shape, key);
      Evaluation.Result result = state.at(shape, time);
      return new FeatureVector(
          shape.layout, values(shape, result), time, new long[] {result.latest()});
    }

    /**
     * The features of a service.
     *
     * @param row has the keys of all entities, a null one of which stands for an entity without
     *     events, and what features are derived from
     * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the store does not have a view, or
     *     has another definition of it, or the row lacks what a feature is derived from; {@link
     *     ErrorCode#DATA_UNSUITABLE} if a feature cannot be derived from what it has
     * @throws IllegalArgumentException if the row lacks a key or has one of another type, or the
     *     time is further back than the allowed lateness
     */
    public FeatureVector get(FeatureService service, Map<String, ?> row) {
      return getAll(service, List.of(row)).get(0);
    }

    /**
     * The features of a service for some rows, all of one materialisation; otherwise as {@link
     * #get(FeatureService, Map)}.
     */
    public List<FeatureVector> getAll(FeatureService service, List<? extends Map<String, ?>> rows) {
      if (backing == null) {
        return getAll(tables, service, rows);
      }
      return consistently(service.views(), snapshot -> getAll(snapshot, service, rows));
    }

    private List<FeatureVector> getAll(
        Map<String, ViewTable> from, FeatureService service, List<? extends Map<String, ?>> rows) {
      Layout layout = layouts.get(service, Layout::of);
      List<FeatureView> views = service.views();
      @Nullable Object[][] values = new Object[rows.size()][layout.names().size()];
      long[][] latest = new long[rows.size()][views.size()];
      int first = 0;
      for (int v = 0; v < views.size(); v++) {
        FeatureView view = views.get(v);
        ViewTable table = table(from, view.name());
        Shape shape = table.shape(view);
        table.requireReadable(time);
        List<@Nullable Object> keys = new ArrayList<>(rows.size());
        for (Map<String, ?> row : rows) {
          keys.add(table.key(view, row));
        }
        List<EntityState> states = states(table, shape, keys);
        int[] sources = layout.sources(v);
        for (int r = 0; r < values.length; r++) {
          Evaluation.Result result = states.get(r).at(shape, time);
          @Nullable Object[] all = values(shape, result);
          for (int f = 0; f < sources.length; f++) {
            values[r][first + f] = all[sources[f]];
          }
          latest[r][v] = result.latest();
        }
        first += sources.length;
      }
      List<FeatureVector> vectors = new ArrayList<>(rows.size());
      for (int r = 0; r < values.length; r++) {
        derive(service, layout, first, rows.get(r), values[r]);
        vectors.add(new FeatureVector(layout, values[r], time, latest[r]));
      }
      return vectors;
    }

    private void derive(
        FeatureService service,
        Layout layout,
        int first,
        Map<String, ?> row,
        @Nullable Object[] values) {
      if (first == values.length) {
        return;
      }
      Map<String, @Nullable Object> known = new HashMap<>(row);
      for (int f = 0; f < first; f++) {
        known.put(layout.names().get(f), values[f]);
      }
      Derivations.derive(service, known);
      for (int f = first; f < values.length; f++) {
        values[f] = known.get(layout.names().get(f));
      }
    }

    private @Nullable Object[] values(Shape shape, Evaluation.Result result) {
      if (!shape.aging || result.latest() == FeatureVector.NEVER || result.from() == time) {
        return result.values();
      }
      @Nullable Object[] values = result.values().clone();
      for (int f : shape.latest) {
        if (shape.plan.features().get(f).function() == Function.SINCE_LAST) {
          values[f] = Evaluation.age(time, result.latest());
        }
      }
      return values;
    }
  }

  private interface Call<T> {
    T over(Map<String, ViewTable> snapshot);
  }

  /** Reads from a storage until nothing was switched in the midst of it. */
  private <T> T consistently(List<FeatureView> views, Call<T> call) {
    Backing from = backing();
    Gate.Pass pass = gate.enter();
    try {
      for (int tries = 0; tries < MOST_TRIES; tries++) {
        Map<String, ViewTable> snapshot = from.isShared() ? from.tables(views) : tables;
        T answer = call.over(snapshot);
        if (from.isShared() ? from.areCurrent(views, snapshot) : snapshot == tables && !switching) {
          return answer;
        }
        if (!from.isShared()) {
          // A switch is short: let it end.
          writing.lock();
          writing.unlock();
        }
      }
      throw new MlInfraException(
          ErrorCode.CONFLICT, "others materialise faster than this store reads");
    } finally {
      pass.close();
    }
  }

  private Backing backing() {
    if (backing == null) {
      throw new IllegalStateException("a store in memory has no storage");
    }
    return backing;
  }

  private static ViewTable table(Map<String, ViewTable> from, String view) {
    ViewTable table = from.get(view);
    if (table == null) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "feature view '"
              + view
              + "' has not been materialised; these have: "
              + new TreeSet<>(from.keySet()));
    }
    return table;
  }

  private EntityState state(ViewTable table, Shape shape, Object key) {
    if (backing != null) {
      return backing.states(table, shape, Arrays.asList(key)).get(0);
    }
    EntityState state = table.states().get(key);
    return state == null ? table.unknown() : state;
  }

  private List<EntityState> states(
      ViewTable table, Shape shape, List<? extends @Nullable Object> keys) {
    if (backing != null) {
      return backing.states(table, shape, keys);
    }
    List<EntityState> states = new ArrayList<>(keys.size());
    for (Object key : keys) {
      EntityState state = key == null ? null : table.states().get(key);
      states.add(state == null ? table.unknown() : state);
    }
    return states;
  }

  /**
   * Makes the views of a feature store known without events, so that they can be pushed to. Views
   * that are known already keep what they have, if they compute the same.
   */
  public void define(FeatureStore features) {
    writing(
        () -> {
          List<Change> changes = new ArrayList<>();
          for (FeatureView view : features.views()) {
            FeaturePlan plan = plan(features, view);
            ViewMeta meta = ViewMeta.of(plan, ViewMeta.NEVER);
            ViewTable old = current(view);
            if (old == null || !old.meta.computesAs(meta)) {
              long generation =
                  backing == null ? ViewTable.IN_MEMORY : backing.next(view.name(), old);
              ViewTable table =
                  new ViewTable(meta, generation, Long.MIN_VALUE, options).with(new Shape(plan));
              changes.add(
                  new Change(table, old, List.of(), -1, UnaryOperator.identity(), 0, 0, false));
            }
          }
          apply(changes);
          return null;
        });
  }

  private static FeaturePlan plan(FeatureStore features, FeatureView view) {
    return FeaturePlan.of(view, EventReader.schema(features.warehouse(), view));
  }

  /** As {@link #materialize(FeatureStore, LocalDateTime, Progress)}, telling nobody. */
  public Materialization materialize(FeatureStore features, LocalDateTime at) {
    return materialize(features, at, Progress.NONE);
  }

  /**
   * Takes over from a warehouse the events of all views of a feature store that were visible at a
   * time. A view that was materialised before goes on from there: what became visible since then
   * comes in, and goes where it had been pushed before; what was pushed and becomes visible later
   * stays. A view that was not, or that computed something else, is built anew, as by {@link
   * #rematerialize(FeatureStore, LocalDateTime, Progress)}.
   *
   * <p>All views switch at once; where one fails, all keep what they had. The same time again
   * changes nothing.
   *
   * @param at the time, UTC
   * @throws IllegalArgumentException if a view has been materialised at a later time
   */
  public Materialization materialize(FeatureStore features, LocalDateTime at, Progress progress) {
    return materialize(features, at, false, progress);
  }

  /** As {@link #rematerialize(FeatureStore, LocalDateTime, Progress)}, telling nobody. */
  public Materialization rematerialize(FeatureStore features, LocalDateTime at) {
    return rematerialize(features, at, Progress.NONE);
  }

  /**
   * Builds all views of a feature store anew from all events that were visible at a time, which may
   * be earlier than the last one. Of what was pushed, the events stay that become visible later
   * than that time and the last one, unless the view computes something else now.
   *
   * @param at the time, UTC
   */
  public Materialization rematerialize(FeatureStore features, LocalDateTime at, Progress progress) {
    return materialize(features, at, true, progress);
  }

  private Materialization materialize(
      FeatureStore features, LocalDateTime at, boolean anew, Progress progress) {
    long time = Times.floor(at);
    return writing(
        () -> {
          // All times are looked at before any work is done.
          List<Task> tasks = new ArrayList<>();
          for (FeatureView view : features.views()) {
            FeaturePlan plan = plan(features, view);
            Task task = new Task(new Shape(plan), ViewMeta.of(plan, time), current(view));
            ViewMeta done = anew ? null : task.done();
            if (done != null) {
              requireLater(done, time);
            }
            if (done == null || done.materializedAt() != time) {
              tasks.add(task);
            }
          }
          Materializer materializer =
              new Materializer(features.warehouse(), options, backing, progress);
          List<Change> changes = new ArrayList<>();
          for (Task task : tasks) {
            changes.add(task.run(materializer, anew));
          }
          apply(changes);
          return new Materialization(
              at,
              features.views().stream().map(FeatureView::name).toList(),
              changes.stream().mapToLong(change -> change.entities).sum(),
              changes.stream().mapToLong(change -> change.events).sum(),
              changes.stream().anyMatch(change -> change.full));
        });
  }

  /** A view to be materialised, and what the store has of it. */
  private record Task(Shape shape, ViewMeta meta, @Nullable ViewTable old) {
    /** What was materialised before of a view that computes the same. */
    @Nullable ViewMeta done() {
      return old != null && old.meta.computesAs(meta) && old.meta.isMaterialized()
          ? old.meta
          : null;
    }

    Change run(Materializer materializer, boolean anew) {
      // Where an entity has gone from memory, so have its events of former times.
      if (!anew && old != null && done() != null && !old.hasLost()) {
        return materializer.continued(shape, meta, old);
      }
      boolean same = old != null && old.meta.computesAs(meta);
      return materializer.anew(shape, meta, same ? old : null, old);
    }
  }

  private static void requireLater(ViewMeta meta, long time) {
    if (meta.materializedAt() > time) {
      throw new IllegalArgumentException(
          "the time ("
              + Times.of(time)
              + ") must not be before "
              + Times.of(meta.materializedAt())
              + ", at which feature view '"
              + meta.name()
              + "' has been materialised; rematerialize(…) goes back");
    }
  }

  private @Nullable ViewTable current(FeatureView view) {
    return backing != null && backing.isShared() ? backing.table(view) : tables.get(view.name());
  }

  private <T extends @Nullable Object> T writing(Supplier<T> work) {
    Gate.Pass pass = gate.enter();
    writing.lock();
    try {
      return work.get();
    } finally {
      writing.unlock();
      pass.close();
    }
  }

  /** Lets changes become valid, all or none. */
  private void apply(List<Change> prepared) {
    List<Change> changes = prepared;
    switching = true;
    try {
      for (int tries = 0; backing != null && !backing.write(changes); tries++) {
        if (tries == MOST_TRIES) {
          throw new MlInfraException(
              ErrorCode.CONFLICT, "others push faster than this store materialises");
        }
        if (tries >= PATIENT_TRIES) {
          backing.hold(changes);
        }
        changes = changes.stream().map(change -> change.again.apply(change)).toList();
      }
      Map<String, ViewTable> next = new HashMap<>(tables);
      changes.forEach(change -> next.put(change.table.meta.name(), change.table));
      tables = next;
    } catch (RuntimeException | Error e) {
      if (backing != null && !backing.isShared()) {
        readAgain(backing, e);
      }
      throw e;
    } finally {
      switching = false;
    }
    if (backing != null) {
      backing.dropOld(changes);
    }
  }

  /** A write that failed may be on the disk all the same. */
  private void readAgain(Backing from, Throwable failure) {
    try {
      tables = from.tables();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private interface Attempt {
    boolean on(ViewTable table);
  }

  private void retrying(FeatureView view, Attempt attempt) {
    for (int tries = 0; tries < MOST_TRIES; tries++) {
      if (attempt.on(tableOf(view))) {
        return;
      }
      if (tries >= PATIENT_TRIES) {
        // Others write to the same entities, or wait for this to end: 2 seconds in all, and twice
        // what a storage holds writers up.
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(40_000_000));
      }
    }
    throw new MlInfraException(
        ErrorCode.CONFLICT,
        "others write to feature view '" + view.name() + "' faster than this store");
  }

  /**
   * Takes in an event. In a durable or a shared store each call waits for the disk or the server,
   * so many events are better pushed together, by {@link #push(FeatureView, ArrowReader)}.
   *
   * @param event the values of the source's columns: the keys, the times ({@link LocalDateTime} in
   *     UTC, or {@link Instant}), and what the features read, null where missing
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the store does not have the view;
   *     {@link ErrorCode#DATA_UNSUITABLE} if the event is too late, or ahead of the clock by more
   *     than the allowed lateness
   * @throws IllegalArgumentException if a column is not there or a value of a wrong type
   * @throws IllegalStateException if entities of the view have gone from memory for want of room
   */
  public void push(FeatureView view, Map<String, ?> event) {
    push(view, parser -> parser.parse(event));
  }

  /**
   * Takes in events, all or, if this throws, none.
   *
   * @param events as {@link #push(FeatureView, Map)} has them; read to its end, closed by the
   *     caller
   * @return how many there were
   * @throws MlInfraException as {@link #push(FeatureView, Map)}; {@link ErrorCode#DATA_UNSUITABLE}
   *     also if a column is of a wrong type, or an event lacks a key or a time
   */
  public long push(FeatureView view, ArrowReader events) {
    return push(view, parser -> parser.parse(events));
  }

  private interface Parse {
    EventBatch with(EventParser parser);
  }

  private long push(FeatureView view, Parse parse) {
    // What is wrong with the events is found out before anybody waits.
    ViewTable first = tableOf(view);
    EventBatch batch = parse.with(new EventParser(first.shape(view).plan));
    if (batch.size() == 0) {
      return 0;
    }
    return writing(
        () -> {
          retrying(view, table -> push(table, table.shape(view), batch));
          return (long) batch.size();
        });
  }

  private ViewTable tableOf(FeatureView view) {
    ViewTable table = current(view);
    return table == null ? table(tables, view.name()) : table;
  }

  private boolean push(ViewTable table, Shape shape, EventBatch batch) {
    if (table.hasLost()) {
      throw new IllegalStateException(
          "feature view '"
              + table.meta.name()
              + "' has more than "
              + options.mostEntities()
              + " entities; those that have gone from memory cannot be pushed to");
    }
    long floor = table.floor();
    long ceiling = Evaluation.saturated(now(), options.allowedLateness().toNanos() / 1000);
    long watermark = table.watermark();
    for (int i = 0; i < batch.size(); i++) {
      if (batch.visible(i) > ceiling) {
        // It would move the watermark, and all that comes at its time would be too late.
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "feature view '"
                + table.meta.name()
                + "': an event of "
                + Times.of(batch.eventTime(i))
                + " becomes visible at "
                + Times.of(batch.visible(i))
                + ", more than "
                + options.allowedLateness()
                + " ahead of the clock");
      }
      if (batch.visible(i) < floor) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "feature view '"
                + table.meta.name()
                + "': an event of "
                + Times.of(batch.eventTime(i))
                + " became visible at "
                + Times.of(batch.visible(i))
                + ", before "
                + Times.of(floor)
                + ", which is "
                + options.allowedLateness()
                + " before the latest event");
      }
      watermark = Math.max(watermark, batch.visible(i));
    }
    return push(table, shape, batch.runs(shape), watermark);
  }

  private boolean push(ViewTable table, Shape shape, Map<Object, Tile> runs, long watermark) {
    long floor = ViewTable.floor(watermark, options);
    if (backing != null) {
      return backing.push(table, shape, runs, watermark, floor);
    }
    runs.forEach(
        (key, run) ->
            table
                .states()
                .compute(
                    key,
                    (k, old) ->
                        (old == null ? EntityState.empty() : old)
                            .plus(shape, run)
                            .pruned(shape, floor)));
    table.raiseWatermark(watermark);
    return true;
  }

  /** The names of the views that it has. */
  public Set<String> views() {
    Backing from = backing;
    return from != null && from.isShared() ? from.views() : new TreeSet<>(tables.keySet());
  }

  /**
   * The time up to which a view was materialised last, UTC; empty for one that is only defined.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the store does not have the view
   */
  public Optional<LocalDateTime> materializedAt(FeatureView view) {
    ViewMeta meta = tableOf(view).meta;
    return meta.isMaterialized() ? Optional.of(Times.of(meta.materializedAt())) : Optional.empty();
  }

  /** Idempotent; waits for calls in flight. A store in memory can still be read. */
  @Override
  public void close() {
    if (gate.close() && backing != null) {
      backing.close();
    }
  }

  @Override
  public String toString() {
    return "OnlineStore" + views();
  }
}
