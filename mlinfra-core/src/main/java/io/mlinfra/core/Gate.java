package io.mlinfra.core;

import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls into a resource until it closes, and makes closing wait for the calls in flight.
 * Thread-safe; entering allocates nothing.
 *
 * <pre>{@code
 * Gate.Pass pass = gate.enter();
 * try {
 *   // the resource stays open in here
 * } finally {
 *   pass.close();
 * }
 * }</pre>
 */
public final class Gate {
  /** Proof of having entered; closing it leaves. */
  public interface Pass extends AutoCloseable {
    @Override
    void close();
  }

  private final String what;
  private final Phaser inside = new Phaser(1);
  private final AtomicBoolean closing = new AtomicBoolean();
  private final Pass pass = inside::arriveAndDeregister;

  /**
   * An open gate.
   *
   * @param what the resource, as the error message names it, such as {@code "Warehouse
   *     'flights.db'"}
   */
  public Gate(String what) {
    this.what = what;
  }

  /**
   * Enters. The caller closes the pass, in the same or another thread, exactly once.
   *
   * @throws IllegalStateException if the resource is closed or closing
   */
  public Pass enter() {
    Pass entered = tryEnter();
    if (entered == null) {
      throw new IllegalStateException(what + " is closed");
    }
    return entered;
  }

  /** As {@link #enter()}, but returns null if the resource is closed or closing. */
  public @Nullable Pass tryEnter() {
    // Registering after termination is refused by the phaser itself (a negative phase), so nobody
    // slips in between.
    if (inside.register() < 0) {
      return null;
    }
    if (closing.get()) {
      inside.arriveAndDeregister();
      return null;
    }
    return pass;
  }

  /**
   * Closes the gate and waits for everybody inside to leave. A thread that is inside must not call
   * this: it would wait for itself.
   *
   * @return true for the first caller, who then releases the resource; false for every later one,
   *     at once
   */
  public boolean close() {
    if (!closing.compareAndSet(false, true)) {
      return false;
    }
    // The phase ends when the last one inside leaves, and with nobody registered the phaser
    // terminates.
    inside.awaitAdvance(inside.arriveAndDeregister());
    return true;
  }

  /** Whether {@link #close()} has been called. */
  public boolean isClosed() {
    return closing.get();
  }
}
