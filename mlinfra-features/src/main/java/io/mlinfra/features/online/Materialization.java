package io.mlinfra.features.online;

import java.time.LocalDateTime;
import java.util.List;

/**
 * What a materialisation did.
 *
 * @param at the time up to which events were taken over, UTC
 * @param views their names
 * @param entities how many entities changed, over all views
 * @param events how many events were read, over all views
 * @param full whether any view was built anew, and not just continued
 */
public record Materialization(
    LocalDateTime at, List<String> views, long entities, long events, boolean full) {
  public Materialization {
    views = List.copyOf(views);
  }

  /** {@code Materialization[at 2020-01-01T12:00, 2 views, 30 entities, 1200 events, full]}. */
  @Override
  public String toString() {
    return "Materialization[at "
        + at
        + ", "
        + views.size()
        + " views, "
        + entities
        + " entities, "
        + events
        + " events, "
        + (full ? "full" : "incremental")
        + "]";
  }
}
