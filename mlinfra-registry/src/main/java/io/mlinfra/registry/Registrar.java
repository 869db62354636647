package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes versions: first the content, without the lock, then the record. */
final class Registrar {
  private final Layout layout;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final Signatures signatures;
  private final WriteLock lock;
  private final Clock clock;

  Registrar(
      Layout layout,
      BlobStore blobs,
      VersionStore versions,
      Signatures signatures,
      WriteLock lock,
      Clock clock) {
    this.layout = layout;
    this.blobs = blobs;
    this.versions = versions;
    this.signatures = signatures;
    this.lock = lock;
    this.clock = clock;
  }

  Version register(Registration registration) throws IOException {
    check(registration);
    Blob content = keep(registration.content());
    Map<String, Blob> attachments = new TreeMap<>();
    for (Map.Entry<String, Registration.Content> attachment :
        registration.attachments().entrySet()) {
      attachments.put(attachment.getKey(), keep(attachment.getValue()));
    }
    VersionSignature signature = signature(registration, content, attachments);
    return lock.hold(
        () ->
            versions.add(
                registration.kind(),
                registration.name(),
                content,
                registration.properties(),
                attachments,
                ids(registration),
                clock.instant(),
                signature));
  }

  // Without the lock, for a signer may be a device far away.
  private @Nullable VersionSignature signature(
      Registration registration, Blob content, Map<String, Blob> attachments) {
    VersionSignature given = registration.signature();
    return given != null
        ? given
        : signatures.sign(
            registration.kind(),
            registration.name(),
            content.hash(),
            ids(registration),
            registration.properties(),
            VersionStore.hashes(attachments));
  }

  /** Refuses what can be refused before anything is written. */
  void check(Registration registration) throws IOException {
    Kind kind = registration.kind();
    registration.content();
    FileNames.requireNoTwin(kind.label(), registration.name(), Layout.list(layout.names(kind)));
    for (VersionId id : ids(registration)) {
      versions.require(id);
    }
  }

  private Blob keep(Registration.Content content) throws IOException {
    try (InputStream in = content.open()) {
      return blobs.put(in);
    }
  }

  private static List<VersionId> ids(Registration registration) {
    return registration.madeFrom().stream().map(Version::id).toList();
  }
}
