package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.Bundle.Identity;
import io.mlinfra.registry.Bundle.Member;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/** Writes a version, and all that it was made from, into one file. */
final class BundleWriter {
  private final VersionStore versions;
  private final BlobStore blobs;
  private final Signatures signatures;
  private final SortedMap<ContentHash, Blob> contents = new TreeMap<>();
  private final Map<ContentHash, String> owners = new HashMap<>();

  BundleWriter(VersionStore versions, BlobStore blobs, Signatures signatures) {
    this.versions = versions;
    this.blobs = blobs;
    this.signatures = signatures;
  }

  void write(VersionId root, Path target, Progress progress) throws IOException {
    BlobStore.requirePlaceFor(target);
    List<Member> members = closure(root);
    Bundle bundle =
        new Bundle(
            members.get(members.size() - 1).version(), List.copyOf(contents.values()), members);
    byte[] manifest = manifest(bundle);
    Path temporary = DurableFiles.temporaryIn(DurableFiles.parent(target));
    try {
      try (ZipOutputStream zip =
              new ZipOutputStream(new BufferedOutputStream(BlobStore.create(temporary), 1 << 16));
          Progress.Task task = progress.start("export " + bundle.root(), bundle.bytes(), "bytes")) {
        entry(zip, Bundle.MANIFEST, manifest);
        for (Blob content : bundle.contents()) {
          content(zip, content, task);
        }
        for (Member member : members) {
          byte[] record = versions.record(member.version());
          if (!member.record().hash().equals(ContentHash.of(record))) {
            throw new MlInfraException(
                ErrorCode.CONFLICT,
                "the record of " + member.version() + " was changed while it was exported");
          }
          entry(zip, member.place(), record);
        }
      }
      DurableFiles.publish(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** The records from the sources up, on a stack of our own: a chain may be long. */
  private List<Member> closure(VersionId root) throws IOException {
    List<Member> done = new ArrayList<>();
    Set<Identity> closed = new HashSet<>();
    Map<Identity, Stored> open = new HashMap<>();
    Deque<VersionId> path = new ArrayDeque<>();
    path.push(root);
    while (!path.isEmpty()) {
      VersionId top = path.element();
      Stored stored = open.get(Identity.of(top));
      if (stored == null) {
        stored = signatures.require(versions.require(top));
        open.put(Identity.of(top), stored);
      }
      VersionId next = firstNotIn(closed, stored.version().madeFrom());
      if (next == null) {
        done.add(keep(stored));
        open.remove(Identity.of(top));
        closed.add(Identity.of(top));
        path.pop();
      } else if (open.containsKey(Identity.of(next))) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED,
            "the record of " + next + " was altered: it is made from itself");
      } else {
        path.push(next);
      }
    }
    return done;
  }

  private static @Nullable VersionId firstNotIn(Set<Identity> closed, List<VersionId> ids) {
    for (VersionId id : ids) {
      if (!closed.contains(Identity.of(id))) {
        return id;
      }
    }
    return null;
  }

  private Member keep(Stored stored) throws IOException {
    VersionId id = stored.version().id();
    keep(stored.blob(), id.toString());
    stored.attachments().forEach((name, blob) -> keep(blob, "'" + name + "' of " + id));
    byte[] record = versions.record(id);
    return new Member(id, new Blob(ContentHash.of(record), record.length));
  }

  private void keep(Blob content, String owner) {
    Blob known = contents.putIfAbsent(content.hash(), content);
    if (known == null) {
      owners.put(content.hash(), owner);
    } else if (!known.equals(content)) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          "the records of " + owner + " and of " + owners.get(content.hash()) + " contradict");
    }
  }

  private static byte[] manifest(Bundle bundle) {
    try {
      return bundle.toJson();
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          bundle.root()
              + " was made from too many versions for a bundle: "
              + (bundle.records().size() - 1),
          e);
    }
  }

  // What is stored as it is needs its checksum before it, so that content is read twice.
  private void content(ZipOutputStream zip, Blob content, Progress.Task task) throws IOException {
    String owner = String.valueOf(owners.get(content.hash()));
    CRC32 crc = new CRC32();
    blobs.copyTo(content, new CheckedOutputStream(OutputStream.nullOutputStream(), crc), owner);
    zip.putNextEntry(header(Bundle.place(content), content.bytes(), crc));
    blobs.copyTo(content, new Counted(zip, task), owner);
    zip.closeEntry();
  }

  private static void entry(ZipOutputStream zip, String place, byte[] bytes) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    zip.putNextEntry(header(place, bytes.length, crc));
    zip.write(bytes);
    zip.closeEntry();
  }

  private static ZipEntry header(String place, long bytes, CRC32 crc) {
    ZipEntry entry = new ZipEntry(place);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(Bundle.TIME);
    return entry;
  }

  /** Tells of each piece that went through. */
  private static final class Counted extends FilterOutputStream {
    private final Progress.Task task;

    Counted(OutputStream out, Progress.Task task) {
      super(out);
      this.task = task;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      task.advance(length);
    }
  }
}
