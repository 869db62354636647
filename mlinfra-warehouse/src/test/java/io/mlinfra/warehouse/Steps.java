package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** What a load told. */
final class Steps implements Progress {
  final List<String> started = new ArrayList<>();
  final AtomicLong done = new AtomicLong();
  final AtomicLong calls = new AtomicLong();
  final AtomicLong closed = new AtomicLong();

  @Override
  public Task start(String name, long total, String unit) {
    started.add(name + ", " + total + " " + unit);
    return new Task() {
      @Override
      public void advance(long units) {
        calls.incrementAndGet();
        done.addAndGet(units);
      }

      @Override
      public void close() {
        closed.incrementAndGet();
      }
    };
  }
}
