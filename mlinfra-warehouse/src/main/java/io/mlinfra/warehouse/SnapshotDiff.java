package io.mlinfra.warehouse;

import io.mlinfra.warehouse.Snapshot.Column;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How two snapshots differ, see {@link Snapshots#diff}. Immutable. {@link #toString} is for a
 * shell, {@link #toHtml} for a notebook.
 *
 * <p>Rows are shown as texts by the names of their columns, at most 10 of each sort, the first ones
 * by key.
 */
public final class SnapshotDiff {
  /** A column whose type changed. */
  public record Retyped(String name, String before, String after) {
    @Override
    public String toString() {
      return name + " " + before + " → " + after;
    }
  }

  /** A row as it was and as it is. */
  public record ChangedRow(
      Map<String, @Nullable String> before, Map<String, @Nullable String> after) {
    public ChangedRow {
      before = copy(before);
      after = copy(after);
    }
  }

  /** What is known about the columns. */
  record Columns(List<Column> added, List<Column> removed, List<Retyped> retyped) {
    Columns {
      added = List.copyOf(added);
      removed = List.copyOf(removed);
      retyped = List.copyOf(retyped);
    }
  }

  /** How many rows there are of each sort. */
  record Counts(long added, long removed, long changed, Map<String, Long> byColumn) {}

  /** Some rows of each sort. */
  record Samples(
      List<Map<String, @Nullable String>> added,
      List<Map<String, @Nullable String>> removed,
      List<ChangedRow> changed) {}

  private final Snapshot before;
  private final Snapshot after;
  private final List<String> key;
  private final Columns columns;
  private final Counts counts;
  private final Samples samples;

  SnapshotDiff(
      Snapshot before,
      Snapshot after,
      List<String> key,
      Columns columns,
      Counts counts,
      Samples samples) {
    this.before = before;
    this.after = after;
    this.key = key;
    this.columns = columns;
    this.counts = counts;
    this.samples = samples;
  }

  /** Order matters, and texts may be null, which {@code Map.copyOf} takes for no text. */
  static Map<String, @Nullable String> copy(Map<String, @Nullable String> row) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(row));
  }

  /** The first snapshot. */
  public Snapshot before() {
    return before;
  }

  /** The second snapshot. */
  public Snapshot after() {
    return after;
  }

  /** The columns by which rows were matched; empty if as wholes. */
  public List<String> key() {
    return key;
  }

  /** Whether there is no difference at all, but for the order of rows and columns. */
  public boolean isEmpty() {
    return columns.added().isEmpty()
        && columns.removed().isEmpty()
        && columns.retyped().isEmpty()
        && added() == 0
        && removed() == 0
        && changed() == 0;
  }

  /** The columns that only the second one has. */
  public List<Column> addedColumns() {
    return columns.added();
  }

  /** The columns that only the first one has. */
  public List<Column> removedColumns() {
    return columns.removed();
  }

  /** The columns that both have, of different types. */
  public List<Retyped> retypedColumns() {
    return columns.retyped();
  }

  /** How many rows only the second one has. */
  public long added() {
    return counts.added();
  }

  /** How many rows only the first one has. */
  public long removed() {
    return counts.removed();
  }

  /** How many rows both have by key, with other values. */
  public long changed() {
    return counts.changed();
  }

  /** How many rows both have, with the same values in the columns that were compared. */
  public long unchanged() {
    return before.rows() - removed() - changed();
  }

  /** In how many rows a column's value changed; only columns of which one did. */
  public Map<String, Long> changedByColumn() {
    return counts.byColumn();
  }

  /** Some rows that only the second one has. */
  public List<Map<String, @Nullable String>> addedRows() {
    return samples.added();
  }

  /** Some rows that only the first one has. */
  public List<Map<String, @Nullable String>> removedRows() {
    return samples.removed();
  }

  /** Some rows that changed. */
  public List<ChangedRow> changedRows() {
    return samples.changed();
  }

  /** The differences as a fragment of HTML. */
  public String toHtml() {
    return SnapshotDiffView.html(this);
  }

  @Override
  public String toString() {
    return SnapshotDiffView.text(this);
  }
}
