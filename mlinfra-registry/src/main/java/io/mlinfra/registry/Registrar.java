package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes versions: first the content, without the lock, then the record. */
final class Registrar {
  private final Layout layout;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final WriteLock lock;
  private final Clock clock;

  Registrar(Layout layout, BlobStore blobs, VersionStore versions, WriteLock lock, Clock clock) {
    this.layout = layout;
    this.blobs = blobs;
    this.versions = versions;
    this.lock = lock;
    this.clock = clock;
  }

  Version register(Registration registration) throws IOException {
    List<VersionId> madeFrom = check(registration);
    Blob content = keep(registration.content());
    Map<String, Blob> attachments = new TreeMap<>();
    for (Map.Entry<String, Registration.Content> attachment :
        registration.attachments().entrySet()) {
      attachments.put(attachment.getKey(), keep(attachment.getValue()));
    }
    return lock.hold(
        () ->
            versions.add(
                registration.kind(),
                registration.name(),
                content,
                registration.properties(),
                attachments,
                madeFrom,
                clock.instant()));
  }

  /**
   * Refuses what can be refused before anything is written.
   *
   * @return what it is made from, by the numbers of this registry
   */
  List<VersionId> check(Registration registration) throws IOException {
    Kind kind = registration.kind();
    registration.content();
    FileNames.requireNoTwin(kind.label(), registration.name(), Layout.list(layout.names(kind)));
    List<VersionId> madeFrom = new ArrayList<>();
    for (Version version : registration.madeFrom()) {
      madeFrom.add(versions.require(version.id()).version().id());
    }
    return madeFrom;
  }

  private Blob keep(Registration.Content content) throws IOException {
    try (InputStream in = content.open()) {
      return blobs.put(in);
    }
  }
}
