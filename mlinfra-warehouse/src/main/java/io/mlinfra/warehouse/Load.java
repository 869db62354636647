package io.mlinfra.warehouse;

import io.mlinfra.core.Progress;
import java.util.Objects;

/**
 * What a load does with the rows of its source. Immutable.
 *
 * <pre>{@code
 * warehouse.load("orders", Source.csv(file), Load.append().progress(Progress.console(System.out)));
 * }</pre>
 */
public final class Load {
  /** What becomes of the table. */
  enum Mode {
    CREATE,
    REPLACE,
    APPEND
  }

  private final Mode mode;
  private final Progress progress;

  private Load(Mode mode, Progress progress) {
    this.mode = mode;
    this.progress = progress;
  }

  /** Makes a table that is not there yet. */
  public static Load create() {
    return new Load(Mode.CREATE, Progress.NONE);
  }

  /** Makes a table; one that is there goes away. */
  public static Load replace() {
    return new Load(Mode.REPLACE, Progress.NONE);
  }

  /** Adds the rows to a table, columns by name; makes the table if it is not there yet. */
  public static Load append() {
    return new Load(Mode.APPEND, Progress.NONE);
  }

  /** Has somebody told how far it is. */
  public Load progress(Progress progress) {
    return new Load(mode, Objects.requireNonNull(progress, "progress"));
  }

  Mode mode() {
    return mode;
  }

  Progress progress() {
    return progress;
  }

  /** {@code Load[append]}. */
  @Override
  public String toString() {
    return "Load[" + mode.name().toLowerCase(java.util.Locale.ROOT) + "]";
  }
}
