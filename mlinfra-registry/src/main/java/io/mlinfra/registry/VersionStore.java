package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The records of versions. Reading needs no lock; {@link #add} is called under the write lock. */
final class VersionStore {
  private final Layout layout;
  private final Records records;
  private final Signatures signatures;

  /** What is known of the things that this object wrote to; guarded by the write lock. */
  private final Map<Path, Index> indexes = new HashMap<>();

  VersionStore(Layout layout, Records records, Signatures signatures) {
    this.layout = layout;
    this.records = records;
    this.signatures = signatures;
  }

  /** A version, where its content and its attachments are, and its signature if it has one. */
  record Stored(
      Version version,
      Blob blob,
      Map<String, Blob> attachments,
      @Nullable VersionSignature signature) {
    Blob attachment(String name) {
      Blob found = attachments.get(name);
      if (found == null) {
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN,
            version.id()
                + " has no attachment '"
                + name
                + "'; it has "
                + (attachments.isEmpty() ? "none" : Texts.few(attachments.keySet())));
      }
      return found;
    }
  }

  /** Which number some content has, so that registering need not read every record again. */
  private static final class Index {
    private final Map<ContentHash, Integer> numbers = new HashMap<>();
    private int last;
  }

  SortedSet<String> names(Kind kind) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (String name : Layout.list(layout.names(kind))) {
      // A writer may have died, or be, between making the folder and the first record.
      if (Layout.hasNumbers(layout.versions(kind, name))) {
        names.add(name);
      }
    }
    return names;
  }

  List<Integer> numbers(Kind kind, String name) throws IOException {
    return Layout.numbers(layout.versions(kind, name));
  }

  Optional<Stored> find(Kind kind, String name, int number) throws IOException {
    Path file = layout.version(kind, name, number);
    Optional<byte[]> bytes = records.read(file);
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    Fields fields = Fields.parseRecord(file.toString(), bytes.get());
    VersionId id = fields.object("version").versionId();
    if (id.kind() == kind && id.name().equalsIgnoreCase(name) && !id.name().equals(name)) {
      // The file system takes both names for the same. We do not.
      return Optional.empty();
    }
    if (id.kind() != kind || !id.name().equals(name) || id.number() != number) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, file + " was altered: it is the record of " + id);
    }
    // Schema 1 had none.
    Map<String, Blob> attachments = fields.schema() == 1 ? Map.of() : fields.blobs("attachments");
    VersionSignature signature =
        fields.has("signature") ? signature(fields.object("signature")) : null;
    return Optional.of(
        new Stored(
            new Version(
                id,
                fields.instant("created"),
                fields.objects("madeFrom").stream().map(Fields::versionId).toList(),
                fields.texts("properties"),
                hashes(attachments),
                Optional.ofNullable(signature).map(VersionSignature::key)),
            new Blob(id.hash(), fields.size("bytes")),
            attachments,
            signature));
  }

  private static VersionSignature signature(Fields fields) {
    return new VersionSignature(fields.text("key"), fields.text("value"));
  }

  static Map<String, ContentHash> hashes(Map<String, Blob> attachments) {
    Map<String, ContentHash> hashes = new TreeMap<>();
    attachments.forEach((name, blob) -> hashes.put(name, blob.hash()));
    return hashes;
  }

  /** The record of exactly this version, its hash included. */
  Stored require(VersionId id) throws IOException {
    Optional<Stored> found = find(id.kind(), id.name(), id.number());
    if (found.isEmpty() || !found.get().version().id().equals(id)) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "the registry "
              + layout.folder()
              + " does not hold "
              + id
              + found.map(other -> "; what it has there is " + other.version().id()).orElse(""));
    }
    return found.get();
  }

  /** The version of that number. */
  Stored require(Kind kind, String name, int number) throws IOException {
    Optional<Stored> found = find(kind, name, number);
    if (found.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          kind.label()
              + " '"
              + name
              + "' has no version "
              + number
              + "; the latest is "
              + latest(kind, name));
    }
    return found.get();
  }

  Stored requireLatest(Kind kind, String name) throws IOException {
    return require(kind, name, latest(kind, name));
  }

  private int latest(Kind kind, String name) throws IOException {
    requireName(kind, name);
    return Collections.max(numbers(kind, name));
  }

  /** The listing decides, not the file system, for which two names may be one. */
  void requireName(Kind kind, String name) throws IOException {
    if (!Layout.list(layout.names(kind)).contains(name)
        || !Layout.hasNumbers(layout.versions(kind, name))) {
      SortedSet<String> names = names(kind);
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "the registry "
              + layout.folder()
              + " has no "
              + kind.label()
              + " '"
              + name
              + "'; it has "
              + (names.isEmpty() ? "none" : Texts.few(names)));
    }
  }

  /**
   * Records a version of content that is kept already, unless there is one; one that is not signed
   * does not count for one that is.
   *
   * @return the version that has this content
   */
  Version add(
      Kind kind,
      String name,
      Blob blob,
      Map<String, String> properties,
      Map<String, Blob> attachments,
      List<VersionId> madeFrom,
      Instant now,
      @Nullable VersionSignature signature)
      throws IOException {
    FileNames.requireNoTwin(kind.label(), name, Layout.list(layout.names(kind)));
    Index index = index(kind, name);
    Integer existing = index.numbers.get(blob.hash());
    if (existing != null) {
      Optional<Stored> found = find(kind, name, existing);
      if (found.isPresent()
          && found.get().blob().equals(blob)
          && (signature == null || signatures.isSigned(found.get()))) {
        return found.get().version();
      }
    }
    Version version =
        new Version(
            new VersionId(kind, name, index.last + 1, blob.hash()),
            now,
            madeFrom,
            properties,
            hashes(attachments),
            Optional.ofNullable(signature).map(VersionSignature::key));
    Stored stored = new Stored(version, blob, attachments, signature);
    if (signature != null) {
      signatures.require(stored);
    }
    DurableFiles.createFolders(layout.versions(kind, name));
    records.write(layout.version(version.id()), toJson(stored));
    index.last++;
    index.numbers.put(blob.hash(), index.last);
    return version;
  }

  private Index index(Kind kind, String name) throws IOException {
    Index index = indexes.computeIfAbsent(layout.versions(kind, name), folder -> new Index());
    if (index.last == 0) {
      for (int number : numbers(kind, name)) {
        learn(index, kind, name, number);
      }
    }
    // Another process, or another object, may have gone on from here.
    while (Files.exists(layout.version(kind, name, index.last + 1))) {
      learn(index, kind, name, index.last + 1);
    }
    return index;
  }

  private void learn(Index index, Kind kind, String name, int number) throws IOException {
    index.last = number;
    try {
      // The last one counts: content may have a version that is not signed, and a later one that
      // is.
      find(kind, name, number)
          .ifPresent(found -> index.numbers.put(found.version().id().hash(), number));
    } catch (MlInfraException unreadable) {
      if (unreadable.code() == ErrorCode.KEY_REFUSED) {
        throw unreadable;
      }
      // It must not keep people from registering better versions. Its number stays taken, whoever
      // reads it gets the error, and verify() tells of it.
      return;
    }
  }

  private static byte[] toJson(Stored stored) {
    Version version = stored.version();
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    Json.put(json.putObject("version"), version.id());
    json.put("created", version.created().toString());
    json.put("bytes", stored.blob().bytes());
    ArrayNode madeFrom = json.putArray("madeFrom");
    version.madeFrom().forEach(id -> Json.put(madeFrom.addObject(), id));
    Json.put(json.putObject("properties"), version.properties());
    ObjectNode attachments = json.putObject("attachments");
    stored.attachments().forEach((name, blob) -> Json.put(attachments.putObject(name), blob));
    VersionSignature signature = stored.signature();
    if (signature != null) {
      json.putObject("signature").put("key", signature.key()).put("value", signature.value());
    }
    return Json.record(json);
  }
}
