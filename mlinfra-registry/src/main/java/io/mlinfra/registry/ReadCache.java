package io.mlinfra.registry;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the records that were read last said, so that one that has not changed need not be
 * decrypted, checked and parsed again. The file is still read each time, and only the very same
 * bytes give the same value: nothing here can be out of date. Thread-safe.
 */
final class ReadCache {
  private final int maxRecords;
  private final int maxBytes;

  /** By the file's text, for some file systems have equal paths that are two names to us. */
  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;

  /**
   * @param maxRecords how many are kept
   * @param maxBytes how large they are together on the disk; one that is larger than an eighth of
   *     it is not kept, lest it drive out all others
   */
  ReadCache(int maxRecords, int maxBytes) {
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
  }

  private record Entry(byte[] stored, Object value) {}

  /** What these bytes said when they were read from this file before. */
  <T> Optional<T> find(Path file, byte[] stored, Class<T> type) {
    Entry entry;
    synchronized (entries) {
      entry = entries.get(file.toString());
    }
    return entry != null && type.isInstance(entry.value()) && Arrays.equals(entry.stored(), stored)
        ? Optional.of(type.cast(entry.value()))
        : Optional.empty();
  }

  /**
   * @param value must not change any more
   */
  void keep(Path file, byte[] stored, Object value) {
    if (stored.length > maxBytes / 8) {
      return;
    }
    synchronized (entries) {
      Entry before = entries.put(file.toString(), new Entry(stored, value));
      bytes += stored.length - (before == null ? 0 : before.stored().length);
      Iterator<Entry> eldest = entries.values().iterator();
      while (entries.size() > maxRecords || bytes > maxBytes) {
        bytes -= eldest.next().stored().length;
        eldest.remove();
      }
    }
  }
}
