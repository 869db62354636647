package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** Small files, each written and read as a whole, on the disk as the {@link Vault} has them. */
final class Records {
  private final Layout layout;
  private final Vault vault;
  private final ReadCache cache = new ReadCache(256, 1 << 20);

  Records(Layout layout, Vault vault) {
    this.layout = layout;
    this.vault = vault;
  }

  /** A record's bytes; empty where there is no such file. */
  Optional<byte[]> read(Path file) throws IOException {
    return stored(file).map(stored -> vault.open(layout.place(file), stored));
  }

  /**
   * A record that carries a check; empty where there is no such file.
   *
   * @param parser what it says, of its fields alone; a value that never changes, for it is given
   *     out again as long as the file has the same bytes
   */
  <T> Optional<T> read(Path file, Class<T> type, Function<Fields, T> parser) throws IOException {
    Optional<byte[]> stored = stored(file);
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Optional<T> known = cache.find(file, stored.get(), type);
    if (known.isPresent()) {
      return known;
    }
    byte[] record = vault.open(layout.place(file), stored.get());
    T value = parser.apply(Fields.parseRecord(file.toString(), record));
    cache.keep(file, stored.get(), value);
    return Optional.of(value);
  }

  private Optional<byte[]> stored(Path file) throws IOException {
    int most = Math.toIntExact(vault.storedBytes(Json.MAX_RECORD_BYTES));
    byte[] stored;
    try (InputStream in = Files.newInputStream(file)) {
      stored = in.readNBytes(most + 1);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    }
    if (stored.length > most) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, file + " cannot be read: it is too large for a record");
    }
    return Optional.of(stored);
  }

  /** Writes a record, replacing what is there: durably, and wholly or not at all. */
  void write(Path file, byte[] record) throws IOException {
    DurableFiles.write(file, vault.seal(layout.place(file), record));
  }
}
