package io.mlinfra.registry;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Removes content that no record refers to, and what dead writers left. Under the write lock; a
 * registration looks, under the same lock, whether its content is still there.
 */
final class GarbageCollector {
  /** A writer that has not written for so long is taken for dead. */
  private static final Duration TEMPORARY = Duration.ofHours(1);

  private final Layout layout;
  private final WriteLock lock;
  private final RegistryOptions options;
  private final Clock clock;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final AuditLog audit;
  private final List<Referrer> referrers;

  GarbageCollector(
      Layout layout,
      WriteLock lock,
      RegistryOptions options,
      BlobStore blobs,
      VersionStore versions,
      AuditLog audit,
      List<Referrer> referrers) {
    this.layout = layout;
    this.lock = lock;
    this.options = options;
    this.clock = options.clock();
    this.blobs = blobs;
    this.versions = versions;
    this.audit = audit;
    this.referrers = List.copyOf(referrers);
    audit.onEntry(AuditLog.COLLECTED, entry -> goOn());
  }

  private record Garbage(List<Path> contents, List<Path> temporaryFiles, Collected sizes) {
    boolean isEmpty() {
      return contents.isEmpty() && temporaryFiles.isEmpty();
    }
  }

  Collected collect() throws IOException {
    String actor = options.actor();
    return lock.hold(
        () -> {
          Garbage garbage = garbage();
          if (!garbage.isEmpty()) {
            Collected sizes = garbage.sizes();
            Map<String, String> details = AuditLog.details();
            details.put("contents", Long.toString(sizes.contents()));
            details.put("contentBytes", Long.toString(sizes.contentBytes()));
            details.put("temporaryFiles", Long.toString(sizes.temporaryFiles()));
            details.put("temporaryBytes", Long.toString(sizes.temporaryBytes()));
            audit.append(actor, AuditLog.COLLECTED, "garbage", details, entry -> remove(garbage));
          }
          return garbage.sizes();
        });
  }

  /** What a collector that died did not come to is garbage still, with whatever came to it. */
  private void goOn() throws IOException {
    Garbage garbage;
    try {
      garbage = garbage();
    } catch (MlInfraException unreadable) {
      // It must not keep people from writing. What is left goes with the next collection.
      return;
    }
    remove(garbage);
  }

  private Garbage garbage() throws IOException {
    Set<ContentHash> needed = needed();
    List<Path> contents = new ArrayList<>();
    long contentBytes = 0;
    for (ContentHash hash : blobs.all()) {
      if (!needed.contains(hash)) {
        Path file = layout.blob(hash);
        contents.add(file);
        contentBytes += Files.size(file);
      }
    }
    List<Path> temporaryFiles = new ArrayList<>();
    long temporaryBytes = oldTemporaryFiles(temporaryFiles);
    return new Garbage(
        contents,
        temporaryFiles,
        new Collected(contents.size(), contentBytes, temporaryFiles.size(), temporaryBytes));
  }

  /** Everything that a record refers to. A record that cannot be read is an error, not garbage. */
  private Set<ContentHash> needed() throws IOException {
    Set<ContentHash> needed = new HashSet<>();
    for (Kind kind : Kind.values()) {
      for (String name : versions.allNames(kind)) {
        for (int number : versions.numbers(kind, name)) {
          Optional<Stored> found = versions.find(kind, name, number);
          if (found.isPresent()) {
            needed.add(found.get().blob().hash());
            found.get().attachments().values().forEach(blob -> needed.add(blob.hash()));
          }
        }
      }
    }
    for (Referrer referrer : referrers) {
      referrer.contents((blob, owner) -> needed.add(blob.hash()));
    }
    return needed;
  }

  private long oldTemporaryFiles(List<Path> found) throws IOException {
    Instant before = clock.instant().minus(TEMPORARY);
    long[] bytes = new long[1];
    Files.walkFileTree(
        layout.folder(),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (DurableFiles.isTemporary(file)
                && attributes.isRegularFile()
                && attributes.lastModifiedTime().toInstant().isBefore(before)) {
              found.add(file);
              bytes[0] += attributes.size();
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException gone) throws IOException {
            // Temporary files come and go.
            if (gone instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw gone;
          }
        });
    return bytes[0];
  }

  private static void remove(Garbage garbage) throws IOException {
    // The folders stay: somebody may be about to put something there.
    for (Path file : garbage.contents()) {
      Files.deleteIfExists(file);
    }
    for (Path file : garbage.temporaryFiles()) {
      Files.deleteIfExists(file);
    }
  }
}
