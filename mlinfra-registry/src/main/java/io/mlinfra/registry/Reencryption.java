package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.ContentHash;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Seals with the current key what is not: what earlier keys sealed or, when a registry becomes an
 * encrypted one, plain files. One file after the other, each replaced at once, so that it may end
 * anywhere and be done again. Readers wait for nobody; writers for one record, never for content.
 */
final class Reencryption {
  private static final Pattern CONTENT = Pattern.compile("blobs/[0-9a-f]{2}/[0-9a-f]{64}");
  private static final String RECORD = ".json";
  private static final String LOG = ".log";

  /** Rewrites files in a form of their own, which are neither records nor content. */
  interface Rewriter {
    /** Whether a file is one of those. */
    boolean owns(String place);

    /**
     * Seals what is in the file with the vault's current key, where it is not yet.
     *
     * @param plainToo whether the file may be plain
     * @return whether the file was rewritten
     * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if it does not open, {@link
     *     ErrorCode#CONFLICT} if somebody is writing to it
     */
    boolean rewrite(Path file, EncryptedVault vault, boolean plainToo) throws IOException;
  }

  private final Layout layout;
  private final EncryptedVault vault;
  private final WriteLock lock;
  private final List<Rewriter> rewriters;
  private final boolean plainToo;
  private final List<String> failures = new ArrayList<>();

  /**
   * @param rewriters for all that is neither a record nor content
   * @param plainToo whether plain files are sealed, too, and temporary files deleted; otherwise
   *     they are failures
   */
  Reencryption(
      Layout layout,
      EncryptedVault vault,
      WriteLock lock,
      List<Rewriter> rewriters,
      boolean plainToo) {
    this.layout = layout;
    this.vault = vault;
    this.lock = lock;
    this.rewriters = List.copyOf(rewriters);
    this.plainToo = plainToo;
  }

  /**
   * @return how many files were rewritten
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if some could not be opened; all
   *     others are rewritten by then
   */
  int run(Progress progress) throws IOException {
    List<Path> files = files();
    int rewritten = 0;
    try (Progress.Task task = progress.start("encrypt", files.size(), "files")) {
      for (Path file : files) {
        if (rewrite(file)) {
          rewritten++;
        }
        task.advance(1);
      }
    }
    if (!failures.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          failures.size()
              + (failures.size() == 1 ? " file" : " files")
              + " of the registry "
              + layout.folder()
              + " cannot be encrypted with the key '"
              + vault.keyring().current()
              + "': "
              + Texts.few(failures));
    }
    new RegistryFile(layout, lock).complete(vault);
    return rewritten;
  }

  /** The records, content and logs there are. What comes later is sealed with the current key. */
  private List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path part : layout.parts()) {
      Files.walkFileTree(
          part,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              String place = layout.place(file);
              String name = String.valueOf(file.getFileName());
              if (name.startsWith(".")) {
                // What a writer that died left behind may be plain.
                if (plainToo && name.endsWith(".tmp")) {
                  Files.deleteIfExists(file);
                }
              } else if (name.endsWith(RECORD)
                  || name.endsWith(LOG)
                  || CONTENT.matcher(place).matches()) {
                files.add(file);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
              }
              throw e;
            }
          });
    }
    return files;
  }

  private boolean rewrite(Path file) throws IOException {
    try {
      String place = layout.place(file);
      if (CONTENT.matcher(place).matches()) {
        return rewriteContent(file);
      }
      for (Rewriter rewriter : rewriters) {
        if (rewriter.owns(place)) {
          return rewriter.rewrite(file, vault, plainToo);
        }
      }
      if (place.endsWith(RECORD)) {
        return rewriteRecord(file);
      }
      // Nothing must get lost with the old key because nobody thought of it.
      failures.add(file + " has a form that cannot be rewritten");
      return false;
    } catch (NoSuchFileException e) {
      return false; // deleted meanwhile
    } catch (AlteredException e) {
      failures.add(file + " was altered: " + e.getMessage());
      return false;
    } catch (MlInfraException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      failures.add(String.valueOf(e.getMessage()));
      return false;
    }
  }

  private boolean rewriteRecord(Path file) throws IOException {
    if (isCurrent(start(file))) {
      return false;
    }
    String place = layout.place(file);
    // Under the lock, for a record that a writer replaces meanwhile must not be set back.
    return lock.hold(
        () -> {
          byte[] stored = Files.readAllBytes(file);
          if (isCurrent(stored)) {
            return false;
          }
          boolean plain = plainToo && !SealHeader.isAtStartOf(stored);
          byte[] record = plain ? stored : vault.open(place, stored);
          DurableFiles.write(file, vault.seal(place, record));
          return true;
        });
  }

  private boolean rewriteContent(Path file) throws IOException {
    boolean plain = plainToo && isPlainContent(file);
    if (!plain && isCurrent(start(file))) {
      return false;
    }
    Path temporary = DurableFiles.temporaryIn(DurableFiles.parent(file));
    try {
      InputStream stored = Files.newInputStream(file);
      try (InputStream content = plain ? stored : vault.opening(stored);
          OutputStream out =
              vault.sealing(
                  Files.newOutputStream(
                      temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
        content.transferTo(out);
      }
      // What takes long is done before the lock is held.
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      return lock.hold(
          () -> {
            if (!Files.exists(file)) {
              return false;
            }
            DurableFiles.publish(temporary, file);
            return true;
          });
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Plain content may begin with anything, also as sealed content does; its hash tells. */
  private static boolean isPlainContent(Path file) throws IOException {
    return !SealHeader.isAtStartOf(start(file))
        || ContentHash.of(file).hex().equals(String.valueOf(file.getFileName()));
  }

  private boolean isCurrent(byte[] stored) throws AlteredException {
    return SealHeader.isAtStartOf(stored)
        && SealHeader.parse(stored).keyId().equals(vault.keyring().current());
  }

  private static byte[] start(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(SealHeader.BYTES);
    }
  }
}
