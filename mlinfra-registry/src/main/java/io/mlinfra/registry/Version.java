package io.mlinfra.registry;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One version of one thing, as the registry recorded it.
 *
 * @param id its name; {@code id.hash()} is the SHA-256 of its content
 * @param created when it was registered
 * @param madeFrom the versions that it was made from, as they were given
 * @param properties texts about it, sorted by key
 * @param attachments the hashes of the files that belong to it, by name, sorted
 * @param signedBy the id of the key that its record says it was signed with; empty if it is not
 *     signed. Nothing is checked by reading it: {@link RegistryOptions.Builder#trust} has the
 *     registry check
 */
public record Version(
    VersionId id,
    Instant created,
    List<VersionId> madeFrom,
    Map<String, String> properties,
    Map<String, ContentHash> attachments,
    Optional<String> signedBy) {
  public Version {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(created, "created");
    madeFrom = List.copyOf(madeFrom);
    properties = Collections.unmodifiableMap(new TreeMap<>(properties));
    attachments = Collections.unmodifiableMap(new TreeMap<>(attachments));
    Objects.requireNonNull(signedBy, "signedBy");
  }

  /** One that is not signed. */
  public Version(
      VersionId id,
      Instant created,
      List<VersionId> madeFrom,
      Map<String, String> properties,
      Map<String, ContentHash> attachments) {
    this(id, created, madeFrom, properties, attachments, Optional.empty());
  }

  /** {@code model flight-delay:3 (0a1b2c3d4e5f), created …, made from run flight-delay:3 (…)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(id.toString()).append(", created ").append(created);
    if (!madeFrom.isEmpty()) {
      text.append(
          madeFrom.stream()
              .map(VersionId::toString)
              .collect(Collectors.joining(" and ", ", made from ", "")));
    }
    if (!properties.isEmpty()) {
      text.append(", ").append(properties);
    }
    if (!attachments.isEmpty()) {
      text.append(", with ").append(String.join(", ", attachments.keySet()));
    }
    signedBy.ifPresent(key -> text.append(", signed by ").append(key));
    return text.toString();
  }
}
