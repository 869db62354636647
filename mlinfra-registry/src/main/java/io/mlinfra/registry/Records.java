package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;

/** Small files, each written and read as a whole, on the disk as the {@link Vault} has them. */
final class Records {
  private final Layout layout;
  private final Vault vault;

  Records(Layout layout, Vault vault) {
    this.layout = layout;
    this.vault = vault;
  }

  /** A record's bytes; empty where there is no such file. */
  Optional<byte[]> read(Path file) throws IOException {
    byte[] stored;
    try {
      if (Files.size(file) > vault.storedBytes(Json.MAX_RECORD_BYTES)) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, file + " cannot be read: it is too large for a record");
      }
      stored = Files.readAllBytes(file);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    }
    return Optional.of(vault.open(layout.place(file), stored));
  }

  /** Writes a record, replacing what is there: durably, and wholly or not at all. */
  void write(Path file, byte[] record) throws IOException {
    DurableFiles.write(file, vault.seal(layout.place(file), record));
  }
}
