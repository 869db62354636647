package io.mlinfra.warehouse;

import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.jspecify.annotations.Nullable;

/** The allocators of one warehouse. */
final class Memory implements AutoCloseable {
  private final BufferAllocator allocator;
  private final BufferAllocator imports;

  /** Ours to close, or null if the host gave one. */
  private final @Nullable BufferAllocator own;

  private Memory(
      BufferAllocator allocator, BufferAllocator imports, @Nullable BufferAllocator own) {
    this.allocator = allocator;
    this.imports = imports;
    this.own = own;
  }

  static Memory open(String name, Optional<BufferAllocator> given) {
    if (given.isEmpty()) {
      BufferAllocator own = new RootAllocator();
      return new Memory(own, own.newChildAllocator(name, 0, Long.MAX_VALUE), own);
    }
    BufferAllocator host = given.get();
    BufferAllocator imports =
        isBounded(host) ? new RootAllocator() : host.newChildAllocator(name, 0, Long.MAX_VALUE);
    return new Memory(host, imports, null);
  }

  /** What the host gave, or our own. */
  BufferAllocator allocator() {
    return allocator;
  }

  /**
   * Counts what DuckDB hands over; never refuses, for what is refused while it is imported is never
   * freed.
   */
  BufferAllocator imports() {
    return imports;
  }

  private static boolean isBounded(BufferAllocator allocator) {
    for (BufferAllocator at = allocator; at != null; at = at.getParentAllocator()) {
      if (at.getLimit() != Long.MAX_VALUE) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    try {
      imports.close();
    } finally {
      if (own != null) {
        own.close();
      }
    }
  }
}
