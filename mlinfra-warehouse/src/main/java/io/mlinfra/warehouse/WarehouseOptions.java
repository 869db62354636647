package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** How a warehouse works. Immutable. */
public final class WarehouseOptions {
  private static final WarehouseOptions DEFAULTS = builder().build();

  private final @Nullable BufferAllocator allocator;
  private final int threads;
  private final long memoryLimitBytes;
  private final int batchRows;
  private final boolean readOnly;
  private final @Nullable Path temporaryFolder;

  private WarehouseOptions(Builder builder) {
    this.allocator = builder.allocator;
    this.threads = builder.threads;
    this.memoryLimitBytes = builder.memoryLimitBytes;
    this.batchRows = builder.batchRows;
    this.readOnly = builder.readOnly;
    this.temporaryFolder = builder.temporaryFolder;
  }

  /** An own allocator, all cores, DuckDB's share of the memory, batches of 16,384 rows. */
  public static WarehouseOptions defaults() {
    return DEFAULTS;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The host's allocator; without one the warehouse opens its own and closes it. */
  public Optional<BufferAllocator> allocator() {
    return Optional.ofNullable(allocator);
  }

  /** How many threads a query may use; all cores where not given. */
  public OptionalInt threads() {
    return threads == 0 ? OptionalInt.empty() : OptionalInt.of(threads);
  }

  /** How much memory DuckDB may use; most of the machine's where not given. */
  public OptionalLong memoryLimitBytes() {
    return memoryLimitBytes == 0 ? OptionalLong.empty() : OptionalLong.of(memoryLimitBytes);
  }

  /** The most rows that a batch of a stream has. */
  public int batchRows() {
    return batchRows;
  }

  /** Whether nothing may be written. */
  public boolean readOnly() {
    return readOnly;
  }

  /** Where what does not fit in memory goes; beside the database file where not given. */
  public Optional<Path> temporaryFolder() {
    return Optional.ofNullable(temporaryFolder);
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private @Nullable BufferAllocator allocator;
    private int threads;
    private long memoryLimitBytes;
    private int batchRows = 16_384;
    private boolean readOnly;
    private @Nullable Path temporaryFolder;

    private Builder() {}

    /**
     * The allocator under which streams count their memory; it stays the caller's to close, after
     * the warehouse. If it has a limit, streams count theirs apart from it: what DuckDB hands over
     * is allocated already, and a refusal would leak it. A batch is bounded by {@link
     * #batchRows(int)}.
     */
    public Builder allocator(BufferAllocator allocator) {
      this.allocator = Objects.requireNonNull(allocator, "allocator");
      return this;
    }

    /** How many threads a query may use, 1 or more. */
    public Builder threads(int threads) {
      this.threads = (int) positive("threads", threads);
      return this;
    }

    /** How much memory DuckDB may use before it goes to disk, without Arrow's. */
    public Builder memoryLimitBytes(long memoryLimitBytes) {
      this.memoryLimitBytes = positive("memoryLimitBytes", memoryLimitBytes);
      return this;
    }

    /** The most rows that a batch of a stream has; 10,000 to 100,000 go fast. */
    public Builder batchRows(int batchRows) {
      this.batchRows = (int) positive("batchRows", batchRows);
      return this;
    }

    /** Opens an existing file without ever writing to it; other processes may do so, too. */
    public Builder readOnly(boolean readOnly) {
      this.readOnly = readOnly;
      return this;
    }

    /** Where what does not fit in memory goes, and snapshots on their way. */
    public Builder temporaryFolder(Path temporaryFolder) {
      this.temporaryFolder = Objects.requireNonNull(temporaryFolder, "temporaryFolder");
      return this;
    }

    public WarehouseOptions build() {
      return new WarehouseOptions(this);
    }

    private static long positive(String name, long value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + " (" + value + ") must be > 0");
      }
      return value;
    }
  }
}
