package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Content by its hash. Needs no lock: the same content has the same place. */
final class BlobStore {
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final int PIECE = 1 << 16;
  private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;

  private final Layout layout;
  private final Vault vault;

  BlobStore(Layout layout, Vault vault) {
    this.layout = layout;
    this.vault = vault;
  }

  /** Some content: its hash and how many bytes it has. */
  record Blob(ContentHash hash, long bytes) {}

  /** A file that a caller wants kept. */
  static InputStream open(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file + "' cannot be registered: it is a folder");
    }
    try {
      return Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw new MlInfraException(ErrorCode.FILE_MISSING, "there is no file '" + file + "'", e);
    }
  }

  /** Keeps what the stream gives. Content that is there, but altered, is made good. */
  Blob put(InputStream content) throws IOException {
    DurableFiles.createFolders(layout.blobs());
    Path temporary = DurableFiles.temporaryIn(layout.blobs());
    try {
      Blob blob;
      try (OutputStream out = vault.sealing(create(temporary))) {
        blob = copy(content, out);
      }
      Path target = layout.blob(blob.hash());
      if (isThere(blob)) {
        // Whoever wrote it may not have come to forcing the rename to the disk.
        DurableFiles.syncFolder(DurableFiles.parent(target));
      } else {
        DurableFiles.createFolders(DurableFiles.parent(target));
        DurableFiles.publish(temporary, target);
      }
      return blob;
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * The content.
   *
   * @param owner whose content it is, for error messages
   */
  byte[] read(Blob blob, String owner) throws IOException {
    requireWholeSize(blob, owner);
    if (blob.bytes() > MAX_ARRAY) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          owner + " has " + blob.bytes() + " bytes, too many for an array: export it to a file");
    }
    byte[] content;
    try (InputStream stored = open(blob.hash())) {
      content = stored.readAllBytes();
    } catch (AlteredException e) {
      throw altered(blob, owner);
    }
    if (!ContentHash.of(content).equals(blob.hash())) {
      throw altered(blob, owner);
    }
    return content;
  }

  /** Writes the content to a file, which is there wholly or not at all. */
  void export(Blob blob, Path target, String owner) throws IOException {
    requirePlaceFor(target);
    Path temporary = DurableFiles.temporaryIn(DurableFiles.parent(target));
    try {
      try (OutputStream out = create(temporary)) {
        copyTo(blob, out, owner);
      }
      DurableFiles.publish(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Writes the content to a stream; without success some of it, or something else. */
  void copyTo(Blob blob, OutputStream out, String owner) throws IOException {
    requireWholeSize(blob, owner);
    try (InputStream content = open(blob.hash())) {
      if (!copy(content, out).equals(blob)) {
        throw altered(blob, owner);
      }
    } catch (AlteredException e) {
      throw altered(blob, owner);
    }
  }

  static void requirePlaceFor(Path file) {
    if (Files.isDirectory(file)) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + file + "' cannot be written: it is a folder");
    }
    if (!Files.isDirectory(DurableFiles.parent(file))) {
      throw new MlInfraException(
          ErrorCode.FILE_MISSING, "there is no folder '" + file.getParent() + "' to write to");
    }
  }

  private boolean isThere(Blob blob) throws IOException {
    try {
      return has(blob) && isIntact(blob);
    } catch (NoSuchFileException collected) {
      return false;
    }
  }

  /** The hashes of all that is kept, by the names of the files. */
  List<ContentHash> all() throws IOException {
    List<ContentHash> hashes = new ArrayList<>();
    for (String prefix : Layout.list(layout.blobs())) {
      for (String name : Layout.list(layout.blobs().resolve(prefix))) {
        if (HASH.matcher(name).matches() && name.startsWith(prefix)) {
          hashes.add(new ContentHash(name));
        }
      }
    }
    return hashes;
  }

  /** Whether there is something of the right size in its place. */
  boolean has(Blob blob) throws IOException {
    try {
      Path file = layout.blob(blob.hash());
      return Files.isRegularFile(file) && Files.size(file) == vault.storedBytes(blob.bytes());
    } catch (NoSuchFileException collected) {
      return false;
    }
  }

  /** Whether what is kept under this hash is this content. It is read to the end. */
  boolean isIntact(Blob blob) throws IOException {
    return reread(blob.hash()).filter(blob::equals).isPresent();
  }

  /** What is kept under a hash, read to the end; empty if it does not have that hash. */
  Optional<Blob> reread(ContentHash hash) throws IOException {
    try (InputStream content = open(hash)) {
      return Optional.of(copy(content, OutputStream.nullOutputStream()))
          .filter(found -> found.hash().equals(hash));
    } catch (AlteredException e) {
      return Optional.empty();
    }
  }

  private InputStream open(ContentHash hash) throws IOException {
    return vault.opening(Files.newInputStream(layout.blob(hash)));
  }

  static OutputStream create(Path file) throws IOException {
    return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private void requireWholeSize(Blob blob, String owner) throws IOException {
    Path file = layout.blob(blob.hash());
    try {
      if (Files.size(file) != vault.storedBytes(blob.bytes())) {
        throw altered(blob, owner);
      }
    } catch (NoSuchFileException e) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, "the content of " + owner + " is missing: " + file, e);
    }
  }

  private MlInfraException altered(Blob blob, String owner) {
    return new MlInfraException(
        ErrorCode.CONTENT_ALTERED,
        "the content of " + owner + " was altered: " + layout.blob(blob.hash()));
  }

  // The hash is of the bytes that are written, whatever happens to their source meanwhile.
  static Blob copy(InputStream content, OutputStream out) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
    long bytes = 0;
    byte[] piece = new byte[PIECE];
    for (int n; (n = content.read(piece)) >= 0; bytes += n) {
      digest.update(piece, 0, n);
      out.write(piece, 0, n);
    }
    return new Blob(new ContentHash(HexFormat.of().formatHex(digest.digest())), bytes);
  }
}
