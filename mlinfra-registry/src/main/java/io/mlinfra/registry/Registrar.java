package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes versions: first the content, without the lock, then the record. */
final class Registrar {
  private static final int ATTEMPTS = 100;

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
    List<VersionId> madeFrom = check(registration);
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Blob content = keep(registration.content());
      Map<String, Blob> attachments = new TreeMap<>();
      for (Map.Entry<String, Registration.Content> attachment :
          registration.attachments().entrySet()) {
        attachments.put(attachment.getKey(), keep(attachment.getValue()));
      }
      attachments.putAll(shared(registration));
      RecordSignature signature = signature(registration, content, attachments, madeFrom);
      Optional<Version> version =
          lock.hold(
              () ->
                  blobs.has(content) && hasAll(attachments.values())
                      ? Optional.of(
                          versions.add(
                              registration.kind(),
                              registration.name(),
                              content,
                              registration.properties(),
                              attachments,
                              madeFrom,
                              clock.instant(),
                              signature))
                      : Optional.empty());
      if (version.isPresent()) {
        return version.get();
      }
      // No record referred to it yet, so that a collection of garbage took it. Once more, then.
    }
    throw new MlInfraException(
        ErrorCode.CONFLICT,
        registration
            + ": its content was taken away "
            + ATTEMPTS
            + " times before it was registered");
  }

  // Without the lock, for a signer may be a device far away.
  private @Nullable RecordSignature signature(
      Registration registration,
      Blob content,
      Map<String, Blob> attachments,
      List<VersionId> madeFrom) {
    RecordSignature given = registration.signature();
    return given != null
        ? given
        : signatures.sign(
            registration.kind(),
            registration.name(),
            content.hash(),
            madeFrom,
            registration.properties(),
            VersionStore.hashes(attachments));
  }

  /** The attachments that are there, by the records of the versions that have them. */
  private Map<String, Blob> shared(Registration registration) throws IOException {
    Map<String, Blob> found = new TreeMap<>();
    for (Map.Entry<String, Registration.Shared> entry : registration.shared().entrySet()) {
      VersionId from = entry.getValue().from().id();
      String name = entry.getValue().attachment();
      Blob blob = signatures.require(versions.require(from)).attachment(name);
      if (!blobs.has(blob)) {
        // Unless a collection of garbage just took it, since its version was deleted.
        versions.require(from);
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED,
            "the content of '" + name + "' of " + from + " is missing or has another size");
      }
      found.put(entry.getKey(), blob);
    }
    return found;
  }

  private boolean hasAll(Collection<Blob> wanted) throws IOException {
    for (Blob blob : wanted) {
      if (!blobs.has(blob)) {
        return false;
      }
    }
    return true;
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
    shared(registration);
    return madeFrom;
  }

  private Blob keep(Registration.Content content) throws IOException {
    try (InputStream in = content.open()) {
      return blobs.put(in);
    }
  }
}
