package io.mlinfra.features.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Slides one window over the events of a group, for asking times in ascending order. Each event
 * enters and leaves once, whatever is computed over the window, so the work is linear in events
 * plus questions. Not thread-safe.
 *
 * <p>Events leave by their event times, so what is left is behind one mark; they enter when they
 * become visible, and one that is behind the mark by then never does.
 */
final class WindowKernel {
  private final long[] eventTimes;
  private final long length;
  private final VisibleEvents visible;
  private final List<WindowValue> values = new ArrayList<>();

  /** Events before it have left or never enter. */
  private int leave;

  private int count;

  /**
   * A window.
   *
   * @param length in microseconds
   */
  WindowKernel(long[] eventTimes, long length, VisibleEvents visible) {
    this.eventTimes = eventTimes;
    this.length = length;
    this.visible = visible;
  }

  long length() {
    return length;
  }

  List<WindowValue> values() {
    return values;
  }

  /** How many events it holds. */
  int count() {
    return count;
  }

  /** Goes to the start of a group. */
  void reset(int start) {
    leave = start;
    count = 0;
    values.forEach(WindowValue::reset);
  }

  /** Moves to the time that {@link VisibleEvents} has moved to. */
  void moveTo(long time) {
    if (visible.isInOrder()) {
      slide(time);
    } else {
      slideOutOfOrder(time);
    }
  }

  /** Whether an event that is not after a time is too old, however far apart the two are. */
  private boolean isOver(int event, long time) {
    return Long.compareUnsigned(time - eventTimes[event], length) >= 0;
  }

  private void slide(long time) {
    int lastEnd = visible.lastEnd();
    int end = visible.visibleEnd();
    int from = leave;
    while (leave < end && isOver(leave, time)) {
      leave++;
    }
    count = end - leave;
    for (int v = 0; v < values.size(); v++) {
      WindowValue value = values.get(v);
      if (leave < lastEnd) {
        if (from < leave) {
          value.leave(from, leave);
        }
      } else if (from < lastEnd) {
        value.clear();
      }
      int enter = Math.max(lastEnd, leave);
      if (enter < end) {
        value.enter(enter, end);
      }
    }
  }

  private void slideOutOfOrder(long time) {
    while (leave < visible.end() && eventTimes[leave] <= time && isOver(leave, time)) {
      if (visible.wasVisible(leave)) {
        count--;
        for (WindowValue value : values) {
          value.leave(leave, leave + 1);
        }
      }
      leave++;
    }
    if (count == 0) {
      values.forEach(WindowValue::clear);
    }
    for (int i = 0; i < visible.fresh(); i++) {
      int event = visible.fresh(i);
      if (event >= leave) {
        count++;
        for (WindowValue value : values) {
          value.enter(event, event + 1);
        }
      }
    }
  }

  /** The first event in it, where it is a run of neighbours. */
  int start() {
    return leave;
  }

  /** The numbers in it, in no order; NaN where an event has none. */
  double[] numbers(EventValues of) {
    double[] numbers = new double[count];
    int n = 0;
    for (int event = leave; n < count; event++) {
      if (visible.isVisible(event)) {
        numbers[n++] = of.number(event);
      }
    }
    return numbers;
  }
}
