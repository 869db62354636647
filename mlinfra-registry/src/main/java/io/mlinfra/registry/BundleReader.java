package io.mlinfra.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.Bundle.Identity;
import io.mlinfra.registry.Bundle.Member;
import io.mlinfra.registry.VersionStore.Row;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Takes a bundle in. It is read twice: once to the end without keeping anything, so that a bundle
 * that is not all right leaves no trace, and once to keep it. The second time everything is checked
 * again, for the file may have changed.
 */
final class BundleReader {
  private static final int MOST = Integer.MAX_VALUE;

  private final Path file;
  private final Layout layout;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final Signatures signatures;
  private final WriteLock lock;
  private final Progress progress;

  BundleReader(
      Path file,
      Layout layout,
      BlobStore blobs,
      VersionStore versions,
      Signatures signatures,
      WriteLock lock,
      Progress progress) {
    this.file = file;
    this.layout = layout;
    this.blobs = blobs;
    this.versions = versions;
    this.signatures = signatures;
    this.lock = lock;
    this.progress = progress;
  }

  Version read() throws IOException {
    byte[] manifest;
    Bundle bundle;
    try (BundleEntries entries = BundleEntries.open(file)) {
      manifest = entries.small(Bundle.MANIFEST);
      bundle = Bundle.parse(entries.source(Bundle.MANIFEST), manifest);
      check(bundle, entries);
    }
    requireNoTwins(bundle);
    try (BundleEntries entries = BundleEntries.open(file)) {
      entries.small(Bundle.MANIFEST, new Blob(ContentHash.of(manifest), manifest.length));
      return keep(bundle, entries);
    }
  }

  private void check(Bundle bundle, BundleEntries entries) throws IOException {
    SortedMap<ContentHash, Blob> contents = contents(bundle, entries);
    requireOrder(bundle, entries);
    try (Progress.Task task = progress.start("check " + file, bundle.bytes(), "bytes")) {
      for (Blob content : bundle.contents()) {
        InputStream in = entries.content(content, task);
        if (!BlobStore.copy(in, OutputStream.nullOutputStream()).equals(content)) {
          throw entries.altered(Bundle.place(content));
        }
      }
    }
    Map<Identity, List<VersionId>> madeFrom = new HashMap<>();
    Set<ContentHash> used = new HashSet<>();
    for (Member member : bundle.records()) {
      Stored stored = check(member, entries);
      signatures.require(stored);
      for (Blob content : blobs(stored)) {
        if (!content.equals(contents.get(content.hash()))) {
          throw entries.refused("it lacks content of " + member.version() + ": " + content.hash());
        }
        used.add(content.hash());
      }
      for (VersionId source : stored.version().madeFrom()) {
        if (!madeFrom.containsKey(Identity.of(source))) {
          throw entries.refused(
              "it lacks " + source + ", or has it behind " + member.version() + ", made from it");
        }
      }
      madeFrom.put(Identity.of(member.version()), stored.version().madeFrom());
    }
    entries.requireNoMore();
    if (used.size() < contents.size()) {
      throw entries.refused("it has content that belongs to no version of it");
    }
    requireReached(bundle, madeFrom, entries);
  }

  private static SortedMap<ContentHash, Blob> contents(Bundle bundle, BundleEntries entries) {
    SortedMap<ContentHash, Blob> contents = new TreeMap<>();
    for (Blob content : bundle.contents()) {
      if (!contents.isEmpty() && contents.lastKey().compareTo(content.hash()) >= 0) {
        throw entries.refused("content " + content.hash() + " is there twice, or out of order");
      }
      contents.put(content.hash(), content);
    }
    return contents;
  }

  private static void requireOrder(Bundle bundle, BundleEntries entries) {
    Map<Kind, SortedMap<String, String>> names = new EnumMap<>(Kind.class);
    Set<Identity> seen = new HashSet<>();
    VersionId last = null;
    for (Member member : bundle.records()) {
      last = member.version();
      requireFileName(last.kind().label() + " name", last.name(), entries);
      if (!seen.add(Identity.of(last))) {
        throw entries.refused(last + " is there twice");
      }
      String twin =
          names
              .computeIfAbsent(last.kind(), kind -> new TreeMap<>(String.CASE_INSENSITIVE_ORDER))
              .putIfAbsent(last.name(), last.name());
      if (twin != null && !twin.equals(last.name())) {
        throw entries.refused(
            "the names '" + twin + "' and '" + last.name() + "' differ only in case");
      }
    }
    if (!bundle.root().equals(last)) {
      throw entries.refused("its last version is " + last + " and not " + bundle.root());
    }
  }

  private static void requireFileName(String what, String name, BundleEntries entries) {
    try {
      FileNames.require(what, name);
    } catch (IllegalArgumentException e) {
      throw entries.refused(String.valueOf(e.getMessage()));
    }
  }

  private static Stored check(Member member, BundleEntries entries) throws IOException {
    byte[] record = entries.small(member.place(), member.record());
    Row row = VersionStore.parse(entries.source(member.place()), record);
    if (!row.isLive()) {
      throw entries.refused("'" + member.place() + "' is the record of a version that was deleted");
    }
    Stored stored = row.stored();
    if (!stored.version().id().equals(member.version())) {
      throw entries.refused("'" + member.place() + "' is the record of " + stored.version().id());
    }
    stored
        .attachments()
        .keySet()
        .forEach(name -> requireFileName("attachment name", name, entries));
    try {
      requireUnicode(Json.parse(record));
      // Now, rather than when half of the bundle is registered: its numbers may become longer.
      renumbered(record, MOST, stored.version().madeFrom().stream().map(id -> MOST).toList());
    } catch (IllegalArgumentException e) {
      throw entries.refused("'" + member.place() + "' cannot be kept: " + e.getMessage());
    }
    return stored;
  }

  private static void requireUnicode(JsonNode json) {
    if (json.isTextual()) {
      Texts.requireUnicode("a text", json.textValue());
    }
    json.fieldNames().forEachRemaining(name -> Texts.requireUnicode("a name", name));
    json.forEach(BundleReader::requireUnicode);
  }

  private static List<Blob> blobs(Stored stored) {
    List<Blob> blobs = new ArrayList<>(stored.attachments().values());
    blobs.add(stored.blob());
    return blobs;
  }

  /** Refuses versions that the root was not made from. */
  private static void requireReached(
      Bundle bundle, Map<Identity, List<VersionId>> madeFrom, BundleEntries entries) {
    Set<Identity> reached = new HashSet<>();
    reached.add(Identity.of(bundle.root()));
    for (int i = bundle.records().size() - 1; i >= 0; i--) {
      VersionId id = bundle.records().get(i).version();
      if (!reached.contains(Identity.of(id))) {
        throw entries.refused(bundle.root() + " was not made from " + id);
      }
      Objects.requireNonNull(madeFrom.get(Identity.of(id)))
          .forEach(source -> reached.add(Identity.of(source)));
    }
  }

  private void requireNoTwins(Bundle bundle) throws IOException {
    Map<Kind, Collection<String>> existing = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      existing.put(kind, Layout.list(layout.names(kind)));
    }
    for (Member member : bundle.records()) {
      Kind kind = member.version().kind();
      FileNames.requireNoTwin(
          kind.label(), member.version().name(), Objects.requireNonNull(existing.get(kind)));
    }
  }

  private Version keep(Bundle bundle, BundleEntries entries) throws IOException {
    try (Progress.Task task = progress.start("import " + file, bundle.bytes(), "bytes")) {
      for (Blob content : bundle.contents()) {
        if (!blobs.put(entries.content(content, task)).equals(content)) {
          throw entries.altered(Bundle.place(content));
        }
      }
    }
    // One lock for all records, so that nobody takes a twin of a name when some are registered.
    return lock.hold(
        () -> {
          requireNoTwins(bundle);
          for (Blob content : bundle.contents()) {
            if (!blobs.has(content)) {
              // No record referred to it yet, so that a collection of garbage took it.
              throw new MlInfraException(
                  ErrorCode.CONFLICT,
                  "content of '"
                      + file
                      + "' was taken away while it was imported: import it again");
            }
          }
          Map<Identity, Version> kept = new HashMap<>();
          for (Member member : bundle.records()) {
            kept.put(Identity.of(member.version()), keep(member, kept, entries));
          }
          return Objects.requireNonNull(kept.get(Identity.of(bundle.root())));
        });
  }

  private Version keep(Member member, Map<Identity, Version> kept, BundleEntries entries)
      throws IOException {
    byte[] record = entries.small(member.place(), member.record());
    Stored stored = VersionStore.parse(entries.source(member.place()), record).stored();
    List<Integer> sources = new ArrayList<>();
    for (VersionId source : stored.version().madeFrom()) {
      sources.add(Objects.requireNonNull(kept.get(Identity.of(source))).id().number());
    }
    return versions.add(
        member.version().kind(),
        member.version().name(),
        stored.blob(),
        stored.signature(),
        number -> renumbered(record, number, sources));
  }

  /**
   * The record by the numbers of this registry. Whatever else it has stays as it is, also what this
   * release does not know: a signature covers everything but numbers and the time.
   */
  private static byte[] renumbered(byte[] record, int number, List<Integer> sources) {
    ObjectNode json;
    try {
      json = (ObjectNode) Json.parse(record);
    } catch (IOException e) {
      throw new AssertionError("the record was read before", e);
    }
    json.remove("check");
    json.withObject("/version").put("number", number);
    JsonNode madeFrom = json.path("madeFrom");
    for (int i = 0; i < sources.size(); i++) {
      ((ObjectNode) madeFrom.path(i)).put("number", sources.get(i));
    }
    return Json.record(json);
  }
}
