package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.StringJoiner;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** How a warehouse works. Immutable. */
public final class WarehouseOptions {
  private static final WarehouseOptions DEFAULTS = builder().build();

  /** With less, DuckDB does not start. */
  private static final long LEAST_MEMORY = 1 << 20;

  private final @Nullable BufferAllocator allocator;
  private final int threads;
  private final long memoryLimitBytes;
  private final int batchRows;
  private final boolean readOnly;
  private final @Nullable Path temporaryFolder;
  private final long maxTemporaryBytes;
  private final boolean hardened;
  private final List<Path> folders;

  private WarehouseOptions(Builder builder) {
    this.allocator = builder.allocator;
    this.threads = builder.threads;
    this.memoryLimitBytes = builder.memoryLimitBytes;
    this.batchRows = builder.batchRows;
    this.readOnly = builder.readOnly;
    this.temporaryFolder = builder.temporaryFolder;
    this.maxTemporaryBytes = builder.maxTemporaryBytes;
    this.hardened = builder.hardened;
    this.folders = builder.folders;
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

  /** How much of the disk may be used for it; most of what is free where not given. */
  public OptionalLong maxTemporaryBytes() {
    return maxTemporaryBytes == 0 ? OptionalLong.empty() : OptionalLong.of(maxTemporaryBytes);
  }

  /** Whether SQL may come from strangers, see {@link Builder#hardened(Path...)}. */
  public boolean hardened() {
    return hardened;
  }

  /** The folders that a hardened warehouse may use. */
  public List<Path> folders() {
    return folders;
  }

  /** {@code WarehouseOptions[batchRows=16384, threads=2, readOnly]}: what was set. */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ", "WarehouseOptions[", "]");
    text.add("batchRows=" + batchRows);
    threads().ifPresent(n -> text.add("threads=" + n));
    memoryLimitBytes().ifPresent(n -> text.add("memoryLimitBytes=" + n));
    temporaryFolder().ifPresent(folder -> text.add("temporaryFolder=" + folder));
    maxTemporaryBytes().ifPresent(n -> text.add("maxTemporaryBytes=" + n));
    if (readOnly) {
      text.add("readOnly");
    }
    if (hardened) {
      text.add("hardened=" + folders);
    }
    return text.toString();
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private @Nullable BufferAllocator allocator;
    private int threads;
    private long memoryLimitBytes;
    private int batchRows = 16_384;
    private boolean readOnly;
    private @Nullable Path temporaryFolder;
    private long maxTemporaryBytes;
    private boolean hardened;
    private List<Path> folders = List.of();

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

    /**
     * How much memory DuckDB may use before it goes to disk, without Arrow's; 1 MiB or more.
     * Grouping, sorting and joining want 100 MB or so to start with, and say so otherwise.
     */
    public Builder memoryLimitBytes(long memoryLimitBytes) {
      if (memoryLimitBytes < LEAST_MEMORY) {
        throw new IllegalArgumentException(
            "memoryLimitBytes (" + memoryLimitBytes + ") must be >= " + LEAST_MEMORY);
      }
      this.memoryLimitBytes = memoryLimitBytes;
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

    /** How much of the disk may be used for what does not fit in memory. */
    public Builder maxTemporaryBytes(long maxTemporaryBytes) {
      this.maxTemporaryBytes = positive("maxTemporaryBytes", maxTemporaryBytes);
      return this;
    }

    /**
     * Makes the warehouse fit for SQL that strangers wrote. They can query and change the
     * warehouse's own tables, all of them, and read files in the named folders and below. They
     * cannot write files ({@code COPY}, {@code EXPORT}), touch files elsewhere, attach databases,
     * load extensions, see secrets, change settings such as the memory limit or the threads, or
     * write logs. All that is refused with {@link io.mlinfra.core.ErrorCode#ACCESS_REFUSED}. Paths
     * that go through the Java API (sources, exports) must lie in these folders, too. A file that
     * is open hardened cannot be opened a second time in the process.
     *
     * <p>Links are followed before a path is compared, so that one that leads out of a folder is
     * refused. What this does not see: hard links and mounts inside a folder, and a link that
     * somebody with access to the folder puts there in the moment between the check and the
     * reading. A statement can make neither. It can read the database's own file and its temporary
     * ones as bytes, and see the paths of these and of the folders in DuckDB's catalogue functions.
     *
     * <p>It bounds neither time nor disk: give statements a timeout, set {@link
     * #maxTemporaryBytes(long)} and {@link #memoryLimitBytes(long)}, and open {@link
     * #readOnly(boolean)} what strangers shall not change; otherwise their tables may fill the
     * disk. Nor does it keep DuckDB from crashing: JSON nested tens of thousands of levels deep
     * ends the process in {@code json_structure}, {@code json_contains}, {@code json_merge_patch}
     * and a cast to VARIANT, which are refused for that, and where {@code read_json} finds it in a
     * file. A process that may not end should not run what strangers wrote.
     *
     * @param folders may be none; they must be there when the warehouse opens
     */
    public Builder hardened(Path... folders) {
      this.folders = List.of(folders);
      this.hardened = true;
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
