package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a load does with the rows of its source. Immutable.
 *
 * <pre>{@code
 * warehouse.load("orders", Source.csv(file), Load.upsert("id").id("2026-11-22/orders"));
 * warehouse.load("events", Source.parquet(file), Load.append().since("at").evolve());
 * }</pre>
 *
 * <p>Rows go into a table that is there column by column, by name; case does not matter. A column
 * that the source has and the table has not, or the other way round, or one of another type, is an
 * error that lists all of them, before anything is written; see {@link #evolve()}. Three things
 * always fit: a number whose type the table's type holds without loss (INTEGER in BIGINT, DOUBLE or
 * DECIMAL(10,0); FLOAT in DOUBLE), a missing column that has a default, and a missing one that is
 * generated. The types that CSV and JSON files seem to have give way to the table's; a value that
 * its column cannot hold is the error then.
 */
public final class Load {
  private static final int LONGEST_ID = 500;

  /** What becomes of the table. */
  enum Mode {
    CREATE,
    REPLACE,
    APPEND,
    UPSERT;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Mode mode;
  private final List<String> keys;
  private final @Nullable String since;
  private final @Nullable String id;
  private final boolean evolve;
  private final Progress progress;
  private final @Nullable Duration timeout;

  private Load(
      Mode mode,
      List<String> keys,
      @Nullable String since,
      @Nullable String id,
      boolean evolve,
      Progress progress,
      @Nullable Duration timeout) {
    this.mode = mode;
    this.keys = keys;
    this.since = since;
    this.id = id;
    this.evolve = evolve;
    this.progress = progress;
    this.timeout = timeout;
  }

  private static Load of(Mode mode, List<String> keys) {
    return new Load(mode, keys, null, null, false, Progress.NONE, null);
  }

  /** Makes a table that is not there yet; that it is there is an error. */
  public static Load create() {
    return of(Mode.CREATE, List.of());
  }

  /** Makes a table; one that is there goes away. */
  public static Load replace() {
    return of(Mode.REPLACE, List.of());
  }

  /** Adds the rows to a table; makes the table if it is not there yet. */
  public static Load append() {
    return of(Mode.APPEND, List.of());
  }

  /**
   * Puts each row of the source in the place of the table's row with an equal key, as a whole, and
   * adds those whose key is new; makes the table if it is not there yet. A key that is null, or
   * that stands in the source twice, is an error. The table gets no index: each load joins the keys
   * of the source with the table's.
   *
   * @param keys the columns that together tell rows apart
   */
  public static Load upsert(String... keys) {
    if (keys.length == 0) {
      throw new IllegalArgumentException("keys (none) must name at least one column");
    }
    Set<String> names = new HashSet<>();
    for (String key : keys) {
      requireColumn("key", key);
      if (!names.add(Sql.folded(key))) {
        throw new IllegalArgumentException("keys (" + String.join(", ", keys) + ") must differ");
      }
    }
    return of(Mode.UPSERT, List.of(keys));
  }

  /**
   * Takes only the rows that go beyond the greatest value that the table already has in a column,
   * such as a time of change or a growing number; all rows where the table is missing or has none.
   * An append takes rows that are strictly greater: one that came in late with an equal value is
   * left out. An upsert takes equal ones, too, since it does no harm to write them again.
   *
   * <p>A row of the source without a value there, or with an infinite one or NaN, is an error: it
   * would be left out for ever, or would leave out all others.
   *
   * @param column a number, date, time stamp or text, in the table and in the source
   * @throws IllegalArgumentException if this is neither an append nor an upsert
   */
  public Load since(String column) {
    requireColumn("since", column);
    if (mode != Mode.APPEND && mode != Mode.UPSERT) {
      throw new IllegalArgumentException(
          "since ('" + column + "') must be for an append or an upsert, not for a " + mode.label());
    }
    return new Load(mode, keys, column, id, evolve, progress, timeout);
  }

  /**
   * Names the load, so that it is done once: the same id for the same table again does nothing,
   * does not read its source, and says so in {@link LoadResult#repeated()}. The id is written in
   * the transaction of the load: whoever does not know whether a load was done loads again.
   *
   * <p>An id belongs to the table as it is. When a load replaces the table, or finds it gone and
   * makes it anew, the ids of before are forgotten. A table that SQL empties, or drops and creates
   * again before the next load, keeps them.
   *
   * @param id 1 to 500 characters
   */
  public Load id(String id) {
    if (id.isBlank() || id.length() > LONGEST_ID) {
      throw new IllegalArgumentException(
          "id (" + id.length() + " characters) must be 1 to " + LONGEST_ID + ", not blank");
    }
    // What is no character would be kept as a question mark, and be equal to another such.
    if (id.codePoints()
        .anyMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE)) {
      throw new IllegalArgumentException(
          "id ('"
              + id.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?")
              + "') must not contain control characters or halves of characters");
    }
    return new Load(mode, keys, since, id, evolve, progress, timeout);
  }

  /**
   * Lets columns come and go: one that only the source has is added to the table, empty in the rows
   * of before; one that only the table has stays empty (or gets its default) in the rows that come.
   * Files of one load may differ in the same way. A column of another type stays an error.
   */
  public Load evolve() {
    return new Load(mode, keys, since, id, true, progress, timeout);
  }

  /** Has somebody told how far it is. */
  public Load progress(Progress progress) {
    Objects.requireNonNull(progress, "progress");
    return new Load(mode, keys, since, id, evolve, progress, timeout);
  }

  /**
   * How long it may take. After that it ends with {@link io.mlinfra.core.ErrorCode#TIMED_OUT}, and
   * everything is as it was. A source that waits for something else, such as another database or a
   * caller's stream, is not interrupted: the load ends when it gives its next rows.
   */
  public Load timeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout (" + timeout + ") must be > 0");
    }
    return new Load(mode, keys, since, id, evolve, progress, timeout);
  }

  private static void requireColumn(String what, String column) {
    if (column.isBlank()) {
      throw new IllegalArgumentException(what + " ('" + column + "') must name a column");
    }
  }

  Mode mode() {
    return mode;
  }

  /** The key of an upsert, otherwise empty. */
  List<String> keys() {
    return keys;
  }

  Optional<String> since() {
    return Optional.ofNullable(since);
  }

  Optional<String> id() {
    return Optional.ofNullable(id);
  }

  boolean evolves() {
    return evolve;
  }

  Progress progress() {
    return progress;
  }

  @Nullable Duration timeout() {
    return timeout;
  }

  /** {@code Load[upsert by id since updated_at, id '2026-11-22/orders', evolve]}. */
  @Override
  public String toString() {
    return "Load["
        + mode.label()
        + (keys.isEmpty() ? "" : " by " + String.join(", ", keys))
        + (since == null ? "" : " since " + since)
        + (id == null ? "" : ", id '" + id + "'")
        + (evolve ? ", evolve" : "")
        + "]";
  }
}
