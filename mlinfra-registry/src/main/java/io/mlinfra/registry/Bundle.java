package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.time.LocalDateTime;
import java.util.List;

/**
 * What is in a bundle, as its manifest tells it: a zip file whose entries are the manifest, then
 * each content, then each record, all stored as they are, in this order and under the names that
 * they have in a registry's folder. Nothing is compressed, so that the same versions give the same
 * bytes on every JVM, and no bundle unpacks to more than its own size.
 *
 * @param root the version that was asked for, the last of the records
 * @param contents by ascending hash
 * @param records each after those that it is made from
 */
record Bundle(VersionId root, List<Blob> contents, List<Member> records) {
  static final String MANIFEST = "manifest.json";

  /** What every entry is dated: a bundle has no time. The first month would bring in time zones. */
  static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  Bundle {
    contents = List.copyOf(contents);
    records = List.copyOf(records);
  }

  /** A version and the hash and the size of its record. */
  record Member(VersionId version, Blob record) {
    String place() {
      return "versions/"
          + version.kind().label()
          + "/"
          + version.name()
          + "/"
          + version.number()
          + ".json";
    }
  }

  /** Which version it is, in any registry. */
  record Identity(Kind kind, String name, ContentHash hash) {
    static Identity of(VersionId id) {
      return new Identity(id.kind(), id.name(), id.hash());
    }
  }

  static String place(Blob content) {
    String hex = content.hash().hex();
    return "blobs/" + hex.substring(0, 2) + "/" + hex;
  }

  /** How many bytes the contents have, all together. */
  long bytes() {
    return contents.stream().mapToLong(Blob::bytes).sum();
  }

  byte[] toJson() {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    Json.put(json.putObject("root"), root);
    ArrayNode contents = json.putArray("contents");
    this.contents.forEach(content -> Json.put(contents.addObject(), content));
    ArrayNode records = json.putArray("records");
    for (Member member : this.records) {
      ObjectNode entry = records.addObject();
      Json.put(entry.putObject("version"), member.version);
      Json.put(entry.putObject("record"), member.record);
    }
    return Json.record(json);
  }

  static Bundle parse(String source, byte[] json) {
    Fields fields = Fields.parseRecord(source, json);
    return new Bundle(
        fields.object("root").versionId(),
        fields.objects("contents").stream().map(Fields::blob).toList(),
        fields.objects("records").stream()
            .map(
                entry ->
                    new Member(entry.object("version").versionId(), entry.object("record").blob()))
            .toList());
  }
}
