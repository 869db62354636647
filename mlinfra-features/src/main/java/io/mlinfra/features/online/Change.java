package io.mlinfra.features.online;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A view that has been prepared and waits for the switch. */
final class Change {
  final ViewTable table;

  /** What the storage holds of the view until then; null for nothing. */
  final @Nullable ViewTable old;

  /** What changes in the storage in the old generation. */
  final List<Storage.StateWrite> states;

  /** The last of the storage's changes that a view built anew takes into account; -1 for all. */
  final long taken;

  /** Prepares it once more, where others have pushed to the view meanwhile. */
  final UnaryOperator<Change> again;

  final long entities;
  final long events;
  final boolean full;

  Change(
      ViewTable table,
      @Nullable ViewTable old,
      List<Storage.StateWrite> states,
      long taken,
      UnaryOperator<Change> again,
      long entities,
      long events,
      boolean full) {
    this.table = table;
    this.old = old;
    this.states = states;
    this.taken = taken;
    this.again = again;
    this.entities = entities;
    this.events = events;
    this.full = full;
  }

  Storage.ViewWrite write() {
    Storage.Head head = new Storage.Head(table.generation, table.meta.encode(), table.watermark());
    return new Storage.ViewWrite(
        table.meta.name(),
        old == null ? -1 : old.generation,
        states,
        head,
        table.watermark(),
        taken);
  }
}
