package io.mlinfra.features.internal;

import java.util.Arrays;

/**
 * The events of one group that are visible at a time which only moves on. Most groups become
 * visible in the order of their events, as all do where the view declares no known-at; then the
 * visible ones are a run of neighbours. Else they are counted through by the times at which they
 * become visible. Not thread-safe.
 */
final class VisibleEvents {
  private final long[] eventTimes;
  private final long[] knownTimes;
  private final TimeSort sort = new TimeSort();

  /** How many of the latest visible events are asked for. */
  private final int latestEvents;

  private int start;
  private int end;
  private boolean inOrder;

  /** How many events were visible at the last time, and are now. */
  private int before;

  private int now;

  /** Where the group is not in order: its events by when they become visible. */
  private int[] byVisible = new int[0];

  /** Per event of the group where it is in {@link #byVisible}, and when it becomes visible. */
  private int[] rank = new int[0];

  private long[] visible = new long[0];

  /** Where the group is not in order: the latest visible events, ascending. */
  private final int[] latest;

  private int latestCount;

  VisibleEvents(Events events) {
    this.eventTimes = events.eventTimes();
    this.knownTimes = events.knownTimes();
    this.latestEvents = events.plan().latestEvents();
    this.latest = new int[latestEvents];
  }

  /** Goes to a group, before all its events. */
  void reset(int groupStart, int groupEnd) {
    start = groupStart;
    end = groupEnd;
    before = 0;
    now = 0;
    latestCount = 0;
    inOrder = true;
    if (knownTimes != eventTimes) {
      for (int p = start + 1; p < end && inOrder; p++) {
        inOrder = visibleAt(p - 1) <= visibleAt(p);
      }
      if (!inOrder) {
        orderByVisible();
      }
    }
  }

  private long visibleAt(int event) {
    return Math.max(eventTimes[event], knownTimes[event]);
  }

  private void orderByVisible() {
    int count = end - start;
    if (rank.length < count) {
      byVisible = new int[count];
      rank = new int[count];
      visible = new long[count];
    }
    for (int i = 0; i < count; i++) {
      byVisible[i] = i;
      visible[i] = visibleAt(start + i);
    }
    sort.sort(byVisible, 0, count, visible, (a, b) -> Long.compare(visible[a], visible[b]));
    for (int i = 0; i < count; i++) {
      rank[byVisible[i]] = i;
    }
  }

  /** Moves to a time, not before the last one. */
  void moveTo(long time) {
    before = now;
    if (inOrder) {
      int at = start + now;
      while (at < end && eventTimes[at] <= time && knownTimes[at] <= time) {
        at++;
      }
      now = at - start;
      return;
    }
    while (now < end - start && visible[byVisible[now]] <= time) {
      enterLatest(start + byVisible[now++]);
    }
  }

  private void enterLatest(int event) {
    if (latestEvents == 0 || latestCount == latestEvents && event < latest[0]) {
      return;
    }
    int at = Arrays.binarySearch(latest, 0, latestCount, event);
    int insert = -at - 1;
    if (latestCount == latestEvents) {
      System.arraycopy(latest, 1, latest, 0, --insert);
    } else {
      System.arraycopy(latest, insert, latest, insert + 1, latestCount++ - insert);
    }
    latest[insert] = event;
  }

  /** The event that is so many before the latest visible one; -1 where there is none. */
  int latest(int lag) {
    if (inOrder) {
      return now > lag ? start + now - 1 - lag : -1;
    }
    return latestCount > lag ? latest[latestCount - 1 - lag] : -1;
  }

  boolean isInOrder() {
    return inOrder;
  }

  int end() {
    return end;
  }

  /** Where the group is in order: behind the events that were visible at the last time. */
  int lastEnd() {
    return start + before;
  }

  /** Where the group is in order: behind the visible events. */
  int visibleEnd() {
    return start + now;
  }

  /** How many events have become visible by this move. */
  int fresh() {
    return now - before;
  }

  /** Where the group is not in order: an event that has become visible by this move. */
  int fresh(int number) {
    return start + byVisible[before + number];
  }

  /** Where the group is not in order: whether an event was visible at the last time. */
  boolean wasVisible(int event) {
    return rank[event - start] < before;
  }

  boolean isVisible(int event) {
    return inOrder ? event - start < now : rank[event - start] < now;
  }
}
