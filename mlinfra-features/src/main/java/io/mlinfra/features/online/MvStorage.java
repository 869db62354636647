package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.RootReference;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.StringDataType;
import org.jspecify.annotations.Nullable;

/**
 * Keeps states in a file of H2's MVStore, for one process. Thread-safe; a reader sees what the last
 * write left that is on the disk, and does not wait while another one gets there.
 *
 * <p>Each generation of a view is a map of its own, so that dropping it does not read its states.
 * In it, the entries of an entity are neighbours: the version under its key, and each tile under
 * its key and number. A write of one tile changes two entries, which are mostly on one page.
 *
 * <p>MVStore writes what has changed as one chunk into free space of the file. A process that dies
 * within a write leaves what was there before. Space of former chunks is used again some writes
 * after they were needed last; what little is left in use in old chunks is gathered now and then,
 * in the thread that writes.
 *
 * <p>The tiles handed out are those of the cache and must not be changed.
 */
final class MvStorage implements Storage {
  private static final int FORMAT = 1;
  private static final String FORMAT_MAP = "mlinfra.online";
  private static final String STATES = "states:";

  /** Of pages, in MB. */
  private static final int CACHE = 64;

  /** With this, a file stays below about four times of what is in it, whatever the writes. */
  private static final int COMPACTED_BYTES = 16 << 20;

  private static final int COMPACTED_FILL_PERCENT = 50;
  private static final int VERSIONS_KEPT = 5;
  private static final int KEYS_AT_ONCE = 1000;

  /** How the file below is opened; tests give one that fails. */
  @FunctionalInterface
  interface Opener {
    MvFile open(Path file, int cache) throws IOException;
  }

  private record Generation(String view, long number) {
    String mapName() {
      return STATES + number + ":" + view;
    }

    static Generation ofMap(String name) {
      int end = name.indexOf(':', STATES.length());
      return new Generation(
          name.substring(end + 1), Long.parseLong(name.substring(STATES.length(), end)));
    }
  }

  /** An open store, for the one thread that writes. */
  private record Opened(
      MvFile file,
      MVStore store,
      MVMap<String, byte[]> heads,
      MVMap<String, byte[]> stagings,
      Map<Generation, MVMap<byte[], byte[]>> states) {

    MVMap<byte[], byte[]> states(Generation generation) {
      return states.computeIfAbsent(
          generation,
          key ->
              store.openMap(
                  key.mapName(),
                  new MVMap.Builder<byte[], byte[]>()
                      .keyType(ByteArrayDataType.INSTANCE)
                      .valueType(ByteArrayDataType.INSTANCE)));
    }

    boolean remove(Generation generation) {
      if (!store.hasMap(generation.mapName())) {
        return false;
      }
      MVMap<byte[], byte[]> map = states(generation);
      states.remove(generation);
      store.removeMap(map);
      return true;
    }
  }

  /**
   * What readers read: the pages of one version, which MVStore keeps as long as it is in use.
   *
   * @param inUse gives the version free
   */
  private record Snapshot(
      RootReference<String, byte[]> heads,
      RootReference<String, byte[]> stagings,
      Map<Generation, RootReference<byte[], byte[]>> states,
      Runnable inUse) {

    static Snapshot of(Opened opened) {
      Map<Generation, RootReference<byte[], byte[]>> states = new HashMap<>();
      opened.states.forEach((generation, map) -> states.put(generation, map.getRoot()));
      MVStore.TxCounter version = opened.store.registerVersionUsage();
      return new Snapshot(
          opened.heads.getRoot(),
          opened.stagings.getRoot(),
          states,
          () -> opened.store.deregisterVersionUsage(version));
    }
  }

  private final Path file;
  private final Opener opener;

  /** Held by whoever writes, from looking at what is there until it is replaced. */
  private final ReentrantLock writing = new ReentrantLock();

  private final ReentrantReadWriteLock replacing = new ReentrantReadWriteLock();
  private @Nullable Opened opened;
  private @Nullable Snapshot snapshot;
  private boolean closed;
  private long compactedAt;

  private MvStorage(Path file, Opener opener) {
    this.file = file;
    this.opener = opener;
  }

  /**
   * Opens or creates the storage in a file. What is left of generations that are neither valid nor
   * being staged goes.
   *
   * @throws MlInfraException {@link ErrorCode#CONFLICT} if the file is open already, here or in
   *     another process; {@link ErrorCode#FILE_UNREADABLE} if it is something else or has a newer
   *     format; {@link ErrorCode#FILE_MISSING} if there is no folder for it; {@link
   *     ErrorCode#ACCESS_REFUSED} if it must not be written; {@link ErrorCode#IO_FAILED}
   */
  static MvStorage open(Path file) {
    return open(file, MvFile::new);
  }

  /** As {@link #open(Path)}. */
  static MvStorage open(Path file, Opener opener) {
    MvStorage storage = new MvStorage(file.toAbsolutePath(), opener);
    storage.openAgain();
    return storage;
  }

  /** Opens the store where none is open: at first, and after a write that failed. */
  private Opened openAgain() {
    writing.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the online store in " + file + " is closed");
      }
      Opened there = opened;
      if (there == null) {
        there = openFile();
        compactedAt = there.file.written();
        opened = there;
        replace(Snapshot.of(there));
      }
      return there;
    } finally {
      writing.unlock();
    }
  }

  private Opened openFile() {
    checkPlace();
    boolean fresh = !Files.exists(file);
    MvFile below;
    try {
      below = opener.open(file, CACHE);
      if (fresh) {
        forceFolder();
      }
    } catch (MVStoreException | IOException e) {
      throw failure("opening", e);
    }
    MVStore store = null;
    try {
      // Nothing is written but by commit(): neither by a thread of MVStore's nor when much has
      // changed since, in the midst of a change of ours.
      store =
          new MVStore.Builder()
              .adoptFileStore(below)
              .autoCommitDisabled()
              .autoCommitBufferSize(0)
              .open();
      // Each commit is forced to the disk, so that no time has to pass before the space of a chunk
      // is used again. Versions have to: one commit later the file says that the chunk is unused,
      // and without that an opening store would take the commit for damaged.
      store.setRetentionTime(0);
      store.setVersionsToKeep(VERSIONS_KEPT);
      return open(below, store);
    } catch (RuntimeException e) {
      if (store != null) {
        store.closeImmediately();
      }
      below.close();
      throw e instanceof MVStoreException ? failure("opening", e) : e;
    }
  }

  private void checkPlace() {
    Path folder = file.getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "an online store needs a file, and this is a folder: " + file);
    }
    if (!Files.isDirectory(folder)) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING, "there is no folder for the online store " + file);
    }
    if (!Files.isWritable(Files.exists(file) ? file : folder)) {
      throw new MlInfraException(
          ErrorCode.ACCESS_REFUSED, "the online store must be writable: " + file);
    }
  }

  /** Makes the name of a new file durable, where the system can do that. */
  private void forceFolder() {
    try (FileChannel folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
      folder.force(true);
    } catch (IOException e) {
      // Windows opens no folder, and needs none forced.
    }
  }

  private Opened open(MvFile below, MVStore store) {
    Set<String> names = store.getMapNames();
    if (!names.isEmpty() && !names.contains(FORMAT_MAP)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "a store of H2, but no online store: " + file);
    }
    MVMap<String, byte[]> format = texts(store, FORMAT_MAP);
    byte[] version = format.get("format");
    if (version == null) {
      format.put("format", ByteBuffer.allocate(4).putInt(0, FORMAT).array());
    } else if (version.length != 4 || ByteBuffer.wrap(version).getInt() != FORMAT) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "the online store "
              + file
              + " has the format "
              + (version.length == 4 ? ByteBuffer.wrap(version).getInt() : "?")
              + "; this release reads "
              + FORMAT);
    }
    Opened fresh =
        new Opened(below, store, texts(store, "heads"), texts(store, "stagings"), new HashMap<>());
    for (String name : names) {
      if (name.startsWith(STATES)) {
        Generation generation = Generation.ofMap(name);
        byte[] head = fresh.heads.get(generation.view);
        byte[] staging = fresh.stagings.get(generation.view);
        if (head != null && head(head).generation() == generation.number
            || staging != null && staging(staging).generation() == generation.number) {
          fresh.states(generation);
        } else {
          fresh.remove(generation);
        }
      }
    }
    store.commit();
    store.sync();
    return fresh;
  }

  private static MVMap<String, byte[]> texts(MVStore store, String name) {
    return store.openMap(
        name,
        new MVMap.Builder<String, byte[]>()
            .keyType(StringDataType.INSTANCE)
            .valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public Set<String> views() {
    return reading(
        now -> {
          Set<String> views = new TreeSet<>();
          new Cursor<>(now.heads, null, null).forEachRemaining(views::add);
          return views;
        });
  }

  @Override
  public @Nullable Head head(String view) {
    byte[] found = reading(now -> now.heads.root.map.get(now.heads.root, view));
    return found == null ? null : head(found);
  }

  @Override
  public @Nullable Staging staging(String view) {
    byte[] found = reading(now -> now.stagings.root.map.get(now.stagings.root, view));
    return found == null ? null : staging(found);
  }

  @Override
  public List<State> read(String view, long generation, List<byte[]> keys) {
    Generation of = new Generation(view, generation);
    return reading(
        now -> {
          RootReference<byte[], byte[]> states = now.states.get(of);
          List<State> found = new ArrayList<>(keys.size());
          for (byte[] key : keys) {
            found.add(states == null ? new State(0, Map.of()) : state(states, key));
          }
          return found;
        });
  }

  private static State state(RootReference<byte[], byte[]> states, byte[] key) {
    byte[] from = entry(key);
    Cursor<byte[], byte[]> cursor = new Cursor<>(states, from, entry(key, Long.MAX_VALUE));
    if (!cursor.hasNext()) {
      return new State(0, Map.of());
    }
    cursor.next();
    long version = ByteBuffer.wrap(cursor.getValue()).getLong();
    Map<Long, byte[]> tiles = new LinkedHashMap<>();
    while (cursor.hasNext()) {
      byte[] entry = cursor.next();
      tiles.put(ByteBuffer.wrap(entry).getLong(from.length) ^ Long.MIN_VALUE, cursor.getValue());
    }
    return new State(version, tiles);
  }

  @Override
  public void forEachKey(String view, long generation, Consumer<byte[]> to) {
    Generation of = new Generation(view, generation);
    byte[] last = null;
    do {
      // Some at a time, so that nobody waits for whoever takes them.
      byte[] after = last;
      List<byte[]> keys = reading(now -> keys(now.states.get(of), after));
      keys.forEach(to);
      last = keys.size() < KEYS_AT_ONCE ? null : keys.get(keys.size() - 1);
    } while (last != null);
  }

  private static List<byte[]> keys(
      @Nullable RootReference<byte[], byte[]> states, byte @Nullable [] after) {
    List<byte[]> keys = new ArrayList<>();
    if (states != null) {
      Cursor<byte[], byte[]> cursor =
          new Cursor<>(states, after == null ? null : entry(after, Long.MAX_VALUE), null);
      while (cursor.hasNext() && keys.size() < KEYS_AT_ONCE) {
        byte[] entry = cursor.next();
        int length = ByteBuffer.wrap(entry).getInt();
        if (entry.length == Integer.BYTES + length) {
          keys.add(Arrays.copyOfRange(entry, Integer.BYTES, entry.length));
        }
      }
    }
    return keys;
  }

  @Override
  public boolean write(List<ViewWrite> changes) {
    return writing(
        to -> {
          for (ViewWrite change : changes) {
            if (!isAsExpected(to, change)) {
              return false;
            }
          }
          for (ViewWrite change : changes) {
            write(to, change);
          }
          return true;
        });
  }

  private static boolean isAsExpected(Opened now, ViewWrite change) {
    byte[] head = now.heads.get(change.view());
    if (change.generation() != (head == null ? -1 : head(head).generation())) {
      return false;
    }
    MVMap<byte[], byte[]> states =
        now.states.get(new Generation(change.view(), change.generation()));
    for (StateWrite state : change.states()) {
      byte[] version = states == null ? null : states.get(entry(state.key()));
      if (state.expected() != (version == null ? 0 : ByteBuffer.wrap(version).getLong())) {
        return false;
      }
    }
    return true;
  }

  private static void write(Opened to, ViewWrite change) {
    byte[] before = to.heads.get(change.view());
    Head head = change.head() == null && before != null ? head(before) : change.head();
    if (head == null) {
      throw new IllegalArgumentException("head (null) of '" + change.view() + "', which has none");
    }
    long watermark = Math.max(head.watermark(), change.watermark());
    if (before != null && head(before).generation() == head.generation()) {
      watermark = Math.max(watermark, head(before).watermark());
    }
    byte[] after = bytes(head.generation(), watermark, head.meta());
    if (!Arrays.equals(before, after)) {
      to.heads.put(change.view(), after);
    }
    byte[] staging = to.stagings.get(change.view());
    if (staging != null && staging(staging).generation() == head.generation()) {
      to.stagings.remove(change.view());
    }
    write(to, new Generation(change.view(), change.generation()), change.states());
  }

  private static void write(Opened to, Generation generation, List<StateWrite> changes) {
    if (changes.isEmpty()) {
      return;
    }
    MVMap<byte[], byte[]> states = to.states(generation);
    for (StateWrite change : changes) {
      byte[] key = change.key();
      change.tiles().forEach((tile, bytes) -> states.put(entry(key, tile), bytes.clone()));
      change.removed().forEach(tile -> states.remove(entry(key, tile)));
      byte[] first = entry(key);
      if (change.tiles().isEmpty() && !hasTiles(states, first)) {
        states.remove(first);
      } else {
        states.put(first, ByteBuffer.allocate(8).putLong(0, change.expected() + 1).array());
      }
    }
  }

  private static boolean hasTiles(MVMap<byte[], byte[]> states, byte[] first) {
    byte[] next = states.higherKey(first);
    return next != null
        && next.length > first.length
        && Arrays.equals(first, 0, first.length, next, 0, first.length);
  }

  @Override
  public Changes changes(String view, long after) {
    throw new UnsupportedOperationException("a file has no other writers");
  }

  @Override
  public void hold(String view) {
    throw new UnsupportedOperationException("a file has no other writers");
  }

  @Override
  public void stage(String view, long generation, List<StateWrite> states, byte[] progress) {
    writing(
        to -> {
          byte[] before = to.stagings.get(view);
          if (before != null && staging(before).generation() != generation) {
            to.remove(new Generation(view, staging(before).generation()));
          }
          write(to, new Generation(view, generation), states);
          to.stagings.put(
              view,
              ByteBuffer.allocate(8 + progress.length).putLong(generation).put(progress).array());
          return true;
        });
  }

  @Override
  public void drop(String view, long generation) {
    writing(
        to -> {
          boolean found = to.remove(new Generation(view, generation));
          byte[] staging = to.stagings.get(view);
          if (staging != null && staging(staging).generation() == generation) {
            to.stagings.remove(view);
            found = true;
          }
          return found;
        });
  }

  @Override
  public void close() {
    writing.lock();
    try {
      closed = true;
      replace(null);
      if (opened != null) {
        Opened last = opened;
        opened = null;
        // All is on the disk. A file that is marked as closed well is looked at less closely when
        // it is opened, and taken for damaged where a write has failed before.
        last.store.closeImmediately();
      }
    } catch (MVStoreException e) {
      throw failure("closing", e);
    } finally {
      writing.unlock();
    }
  }

  /**
   * Makes a change and lets readers see it once it is on the disk.
   *
   * @param change says whether it has changed anything
   */
  private boolean writing(Function<Opened, Boolean> change) {
    writing.lock();
    try {
      Opened to = openAgain();
      boolean whole = false;
      try {
        boolean changed = change.apply(to);
        if (changed) {
          to.store.commit();
          to.store.sync();
          compactSometimes(to);
          replace(Snapshot.of(to));
        }
        whole = true;
        return changed;
      } catch (MVStoreException e) {
        throw failure("writing", e);
      } finally {
        if (!whole) {
          // What the store has in memory is no longer what the file has.
          opened = null;
          replace(null);
          to.store.closeImmediately();
        }
      }
    } finally {
      writing.unlock();
    }
  }

  private void compactSometimes(Opened to) {
    if (to.file.written() - compactedAt >= COMPACTED_BYTES) {
      to.store.compact(COMPACTED_FILL_PERCENT, COMPACTED_BYTES);
      compactedAt = to.file.written();
    }
  }

  private void replace(@Nullable Snapshot by) {
    replacing.writeLock().lock();
    try {
      Snapshot before = snapshot;
      snapshot = by;
      if (before != null) {
        before.inUse.run();
      }
    } finally {
      replacing.writeLock().unlock();
    }
  }

  private <T extends @Nullable Object> T reading(Function<Snapshot, T> reader) {
    while (true) {
      replacing.readLock().lock();
      try {
        Snapshot now = snapshot;
        if (now != null) {
          return reader.apply(now);
        }
      } catch (MVStoreException e) {
        throw failure("reading", e);
      } finally {
        replacing.readLock().unlock();
      }
      openAgain();
    }
  }

  private MlInfraException failure(String what, Exception e) {
    int code = e instanceof MVStoreException mv ? mv.getErrorCode() : 0;
    if (code == DataUtils.ERROR_FILE_LOCKED) {
      return new MlInfraException(
          ErrorCode.CONFLICT, "the online store is open already, here or elsewhere: " + file, e);
    }
    if (code == DataUtils.ERROR_FILE_CORRUPT
        || code == DataUtils.ERROR_UNSUPPORTED_FORMAT
        || code == DataUtils.ERROR_CHUNK_NOT_FOUND
        || e.getCause() instanceof EOFException) {
      return new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "no online store, or a damaged one: " + file, e);
    }
    return new MlInfraException(
        ErrorCode.IO_FAILED, what + " the online store " + file + " failed", e);
  }

  private static byte[] bytes(long generation, long watermark, byte[] meta) {
    return ByteBuffer.allocate(16 + meta.length)
        .putLong(generation)
        .putLong(watermark)
        .put(meta)
        .array();
  }

  private static Head head(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    return new Head(from.getLong(0), Arrays.copyOfRange(bytes, 16, bytes.length), from.getLong(8));
  }

  private static Staging staging(byte[] bytes) {
    return new Staging(
        ByteBuffer.wrap(bytes).getLong(), Arrays.copyOfRange(bytes, 8, bytes.length));
  }

  /** Where the version of a state is. The length keeps keys apart that begin alike. */
  private static byte[] entry(byte[] key) {
    return ByteBuffer.allocate(Integer.BYTES + key.length).putInt(key.length).put(key).array();
  }

  /** Where a tile is: behind the version, in the order of the numbers. */
  private static byte[] entry(byte[] key, long tile) {
    return ByteBuffer.allocate(Integer.BYTES + key.length + Long.BYTES)
        .putInt(key.length)
        .put(key)
        .putLong(tile ^ Long.MIN_VALUE)
        .array();
  }
}
