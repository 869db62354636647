package io.mlinfra.features.online;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A view that has been prepared and waits for the switch. */
final class Change {
  final ViewTable table;

  /** What the storage holds of the view until then; null for nothing. */
  final @Nullable ViewTable old;

  /** What changes in the storage in the old generation. */
  final List<Storage.StateWrite> states;

  /** What had been pushed before and stays, by entity, where the view is built anew. */
  final Map<Object, Tile> pushed;

  final long entities;
  final long events;
  final boolean full;

  Change(
      ViewTable table,
      @Nullable ViewTable old,
      List<Storage.StateWrite> states,
      Map<Object, Tile> pushed,
      long entities,
      long events,
      boolean full) {
    this.table = table;
    this.old = old;
    this.states = states;
    this.pushed = pushed;
    this.entities = entities;
    this.events = events;
    this.full = full;
  }

  Storage.ViewWrite write() {
    Storage.Head head = new Storage.Head(table.generation, table.meta.encode(), table.watermark());
    return new Storage.ViewWrite(
        table.meta.name(), old == null ? -1 : old.generation, states, head, table.watermark());
  }
}
