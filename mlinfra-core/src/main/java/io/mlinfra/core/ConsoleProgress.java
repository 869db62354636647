package io.mlinfra.core;

import java.io.PrintStream;
import java.util.Locale;

/**
 * One line per task: name, bar, count, seconds. It is drawn anew only when the bar grows, or every
 * second where there is no total, so that it stays readable where a log keeps every line.
 */
final class ConsoleProgress implements Progress {
  private static final int WIDTH = 24;
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long SECOND_NANOS = 1_000_000_000L;

  private final PrintStream out;

  ConsoleProgress(PrintStream out) {
    this.out = out;
  }

  @Override
  public Task start(String name, long total, String unit) {
    return new Bar(name, total, unit);
  }

  private final class Bar implements Task {
    private final String name;
    private final long total;
    private final String unit;
    private final long started = System.nanoTime();
    private long done;
    private long drawn = started;
    private long drawnSteps;
    private boolean closed;

    Bar(String name, long total, String unit) {
      this.name = name;
      this.total = total;
      this.unit = unit;
    }

    @Override
    public synchronized void advance(long units) {
      done += units;
      long now = System.nanoTime();
      long steps = total > 0 ? done * WIDTH / total : (now - started) / SECOND_NANOS;
      if (!closed && steps > drawnSteps && now - drawn >= REDRAW_NANOS) {
        drawn = now;
        drawnSteps = steps;
        out.print("\r" + line(now));
        out.flush();
      }
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        out.println("\r" + line(System.nanoTime()));
      }
    }

    private String line(long now) {
      String bar;
      if (total > 0) {
        // In floating point: the product of a count of bytes may exceed a long.
        int filled = (int) Math.min(WIDTH, (double) WIDTH * done / total);
        bar =
            "█".repeat(filled)
                + "░".repeat(WIDTH - filled)
                + String.format(Locale.ROOT, " %3d%%", (int) Math.min(100, 100.0 * done / total));
      } else {
        bar = "█".repeat(WIDTH) + "     ";
      }
      return String.format(
          Locale.ROOT, "  %-30s %s  %,d %s  %.1f s", name, bar, done, unit, (now - started) / 1e9);
    }
  }
}
