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
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The records of versions. Reading needs no lock; {@link #add}, {@link #bury} and {@link #madeFrom}
 * are called under the write lock.
 *
 * <p>A version that was deleted leaves its record, without properties and attachments and with a
 * tombstone: its number and what it was made from stay known, and for all else it is not there.
 */
final class VersionStore {
  private final Layout layout;
  private final Records records;
  private final Signatures signatures;

  /** What is known of the things that this object wrote to; guarded by the write lock. */
  private final Map<Path, Index> indexes = new HashMap<>();

  /** What was made from a version, deleted ones among it; guarded by the write lock. */
  private final Map<VersionId, List<VersionId>> products = new HashMap<>();

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
      @Nullable RecordSignature signature) {
    Blob attachment(String name) {
      Blob found = attachments.get(name);
      if (found == null) {
        throw new MlInfraException(
            ErrorCode.NAME_UNKNOWN,
            version.id()
                + " has no attachment '"
                + Texts.abbreviated(name)
                + "'; it has "
                + (attachments.isEmpty() ? "none" : Texts.few(attachments.keySet())));
      }
      return found;
    }
  }

  /** Who deleted a version, when and why, and the entry of the audit log that this follows from. */
  record Deletion(Instant at, String actor, String reason, int auditNumber, ContentHash entry) {
    /** {@code was deleted on … by ada: the reason}. */
    @Override
    public String toString() {
      return "was deleted on " + at + " by " + actor + (reason.isEmpty() ? "" : ": " + reason);
    }
  }

  /** What a record says; the deletion is empty for a version that is there. */
  record Row(Stored stored, Optional<Deletion> deletion) {
    VersionId id() {
      return stored.version().id();
    }

    boolean isLive() {
      return deletion.isEmpty();
    }
  }

  /** Which number some content has, so that registering need not read every record again. */
  private static final class Index {
    private final Map<ContentHash, Integer> numbers = new HashMap<>();
    private final Set<Integer> unreadable = new TreeSet<>();
    private int last;
  }

  SortedSet<String> names(Kind kind) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (String name : Layout.list(layout.names(kind))) {
      if (isAnyLive(kind, name)) {
        names.add(name);
      }
    }
    return names;
  }

  private boolean isAnyLive(Kind kind, String name) throws IOException {
    List<Integer> numbers = numbers(kind, name);
    for (int i = numbers.size() - 1; i >= 0; i--) {
      try {
        if (find(kind, name, numbers.get(i)).isPresent()) {
          return true;
        }
      } catch (MlInfraException unreadable) {
        // Whoever asks for that version gets the error.
        return true;
      }
    }
    // A writer may have died, or be, between making the folder and the first record.
    return false;
  }

  /** As {@link #names}, with those of which all is deleted. */
  SortedSet<String> allNames(Kind kind) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (String name : Layout.list(layout.names(kind))) {
      if (Layout.hasNumbers(layout.versions(kind, name))) {
        names.add(name);
      }
    }
    return names;
  }

  List<Integer> numbers(Kind kind, String name) throws IOException {
    return Layout.numbers(layout.versions(kind, name));
  }

  /** The version of that number; empty if there is none, or it was deleted. */
  Optional<Stored> find(Kind kind, String name, int number) throws IOException {
    return row(kind, name, number).filter(Row::isLive).map(Row::stored);
  }

  /** As {@link #find}, also for a version that was deleted. */
  Optional<Row> row(Kind kind, String name, int number) throws IOException {
    Path file = layout.version(kind, name, number);
    Optional<Row> found = records.read(file, Row.class, VersionStore::parse);
    if (found.isEmpty()) {
      return found;
    }
    VersionId id = found.get().id();
    if (id.kind() == kind && id.name().equalsIgnoreCase(name) && !id.name().equals(name)) {
      // The file system takes both names for the same. We do not.
      return Optional.empty();
    }
    if (id.kind() != kind || !id.name().equals(name) || id.number() != number) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, file + " was altered: it is the record of " + id);
    }
    return found;
  }

  /**
   * What a record says.
   *
   * @param source what the bytes are, for error messages
   */
  static Row parse(String source, byte[] record) {
    return parse(Fields.parseRecord(source, record));
  }

  private static Row parse(Fields fields) {
    VersionId id = fields.object("version").versionId();
    // Schema 1 had none.
    Map<String, Blob> attachments = fields.schema() == 1 ? Map.of() : fields.blobs("attachments");
    RecordSignature signature = fields.signature();
    return new Row(
        new Stored(
            new Version(
                id,
                fields.instant("created"),
                fields.objects("madeFrom").stream().map(Fields::versionId).toList(),
                fields.texts("properties"),
                hashes(attachments),
                Optional.ofNullable(signature).map(RecordSignature::key)),
            new Blob(id.hash(), fields.size("bytes")),
            Collections.unmodifiableMap(attachments),
            signature),
        deletion(fields));
  }

  private static Optional<Deletion> deletion(Fields fields) {
    if (!fields.has("deleted")) {
      return Optional.empty();
    }
    Fields deleted = fields.object("deleted");
    Fields entry = deleted.object("entry");
    return Optional.of(
        new Deletion(
            deleted.instant("at"),
            deleted.text("actor"),
            deleted.text("reason"),
            entry.integer("number"),
            entry.hash("hash")));
  }

  /** Whether, when and why exactly this version was deleted. */
  Optional<Deletion> deletion(VersionId id) throws IOException {
    return row(id).flatMap(Row::deletion);
  }

  /** The record of exactly this version. */
  Optional<Row> row(VersionId id) throws IOException {
    return row(id.kind(), id.name(), id.number()).filter(row -> row.id().equals(id));
  }

  static Map<String, ContentHash> hashes(Map<String, Blob> attachments) {
    Map<String, ContentHash> hashes = new TreeMap<>();
    attachments.forEach((name, blob) -> hashes.put(name, blob.hash()));
    return hashes;
  }

  /**
   * The record of this version, which was not deleted. The hash says which one it is; its number is
   * only where to look first, for imported content names versions by the numbers of the registry
   * that it came from.
   */
  Stored require(VersionId id) throws IOException {
    return requireLive(requireRow(id));
  }

  private MlInfraException unheld(VersionId id, Optional<Row> other) {
    return new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        "the registry "
            + layout.folder()
            + " does not hold "
            + id
            + other.map(row -> "; what it has there is " + row.id()).orElse(""));
  }

  /** As {@link #require(VersionId)}, also for a version that was deleted. */
  Row requireRow(VersionId id) throws IOException {
    Optional<Row> found = row(id.kind(), id.name(), id.number());
    if (found.isPresent() && found.get().id().equals(id)) {
      return found.get();
    }
    Optional<Row> elsewhere = findContent(id.kind(), id.name(), id.hash());
    return elsewhere.orElseThrow(() -> unheld(id, found));
  }

  /** The latest version of that content that was not deleted. Reads records until it is found. */
  private Optional<Row> findContent(Kind kind, String name, ContentHash hash) throws IOException {
    List<Integer> numbers = numbers(kind, name);
    for (int i = numbers.size() - 1; i >= 0; i--) {
      try {
        Optional<Row> found = row(kind, name, numbers.get(i));
        if (found.isPresent() && found.get().isLive() && found.get().id().hash().equals(hash)) {
          return found;
        }
      } catch (MlInfraException unreadable) {
        // Not the one that was asked for, as far as anybody can tell; verify() tells of it.
        continue;
      }
    }
    return Optional.empty();
  }

  /** The bytes of a record that there is. */
  byte[] record(VersionId id) throws IOException {
    Path file = layout.version(id);
    return records
        .read(file)
        .orElseThrow(() -> new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " is missing"));
  }

  private static Stored requireLive(Row row) {
    if (!row.isLive()) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN, row.id() + " " + row.deletion().orElseThrow());
    }
    return row.stored();
  }

  /** The version of that number. */
  Stored require(Kind kind, String name, int number) throws IOException {
    Optional<Row> found = row(kind, name, number);
    if (found.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          kind.label()
              + " '"
              + name
              + "' has no version "
              + number
              + "; the latest is "
              + requireLatest(kind, name).version().id().number());
    }
    return requireLive(found.get());
  }

  /** The latest version that was not deleted. */
  Stored requireLatest(Kind kind, String name) throws IOException {
    requireName(kind, name);
    List<Integer> numbers = numbers(kind, name);
    for (int i = numbers.size() - 1; i >= 0; i--) {
      Optional<Stored> found = find(kind, name, numbers.get(i));
      if (found.isPresent()) {
        return found.get();
      }
    }
    return require(kind, name, numbers.get(numbers.size() - 1));
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
      @Nullable RecordSignature signature)
      throws IOException {
    for (VersionId source : madeFrom) {
      require(source);
    }
    return add(
        kind,
        name,
        blob,
        signature,
        number ->
            Json.record(
                toJson(
                    new Stored(
                        new Version(
                            new VersionId(kind, name, number, blob.hash()),
                            now,
                            madeFrom,
                            properties,
                            hashes(attachments),
                            Optional.ofNullable(signature).map(RecordSignature::key)),
                        blob,
                        attachments,
                        signature))));
  }

  /**
   * As the other way to add, for a record that is there already, but for its number.
   *
   * @param record gives the record that has this number
   */
  Version add(
      Kind kind,
      String name,
      Blob blob,
      @Nullable RecordSignature signature,
      IntFunction<byte[]> record)
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
    int number = index.last + 1;
    Path file = layout.version(kind, name, number);
    byte[] bytes = record.apply(number);
    Stored stored = parse(file.toString(), bytes).stored();
    if (stored.signature() != null) {
      signatures.require(stored);
    }
    DurableFiles.createFolders(layout.versions(kind, name));
    records.write(file, bytes);
    index.last = number;
    learn(index, stored.version());
    return stored.version();
  }

  private void learn(Index index, Version version) {
    // Of versions of the same content all but the latest were deleted, or are not signed.
    index.numbers.put(version.id().hash(), version.id().number());
    for (VersionId source : version.madeFrom().stream().distinct().toList()) {
      products.computeIfAbsent(source, id -> new ArrayList<>()).add(version.id());
    }
  }

  /**
   * The versions that were made from this one and are not deleted.
   *
   * @throws MlInfraException if there is a record that cannot be read, for it might be one of them
   */
  List<VersionId> madeFrom(VersionId source) throws IOException {
    for (Kind kind : Kind.values()) {
      for (String name : allNames(kind)) {
        Index index = index(kind, name);
        for (int number : List.copyOf(index.unreadable)) {
          find(kind, name, number).ifPresent(found -> learn(index, found.version()));
          index.unreadable.remove(number);
        }
      }
    }
    List<VersionId> live = new ArrayList<>();
    for (VersionId product : products.getOrDefault(source, List.of())) {
      if (row(product).filter(Row::isLive).isPresent()) {
        live.add(product);
      }
    }
    return live;
  }

  /** Gives a version a tombstone, unless it has this one. */
  void bury(VersionId id, Deletion deletion) throws IOException {
    Optional<Row> found = row(id);
    if (found.isEmpty()) {
      throw unheld(id, row(id.kind(), id.name(), id.number()));
    }
    if (found.get().deletion().isEmpty()) {
      records.write(layout.version(id), tombstone(found.get().stored(), deletion));
    } else if (!found.get().deletion().get().equals(deletion)) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          layout.version(id) + " was altered: by it, the version " + found.get().deletion().get());
    }
  }

  /**
   * The record of a version that was deleted.
   *
   * @throws IllegalArgumentException if it is too large
   */
  static byte[] tombstone(Stored stored, Deletion deletion) {
    Version version = stored.version();
    Version bare =
        new Version(version.id(), version.created(), version.madeFrom(), Map.of(), Map.of());
    ObjectNode json = toJson(new Stored(bare, stored.blob(), Map.of(), null));
    ObjectNode deleted = json.putObject("deleted");
    deleted.put("at", deletion.at().toString());
    deleted.put("actor", deletion.actor());
    deleted.put("reason", deletion.reason());
    ObjectNode entry = deleted.putObject("entry");
    entry.put("number", deletion.auditNumber());
    entry.put("hash", deletion.entry().hex());
    return Json.record(json);
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
      find(kind, name, number).ifPresent(found -> learn(index, found.version()));
    } catch (MlInfraException unreadable) {
      if (unreadable.code() == ErrorCode.KEY_REFUSED) {
        throw unreadable;
      }
      // It must not keep people from registering better versions. Its number stays taken, whoever
      // reads it gets the error, and verify() tells of it.
      index.unreadable.add(number);
    }
  }

  private static ObjectNode toJson(Stored stored) {
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
    RecordSignature signature = stored.signature();
    if (signature != null) {
      Json.put(json, signature);
    }
    return json;
  }
}
