package io.mlinfra.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object being read. A member is there and of the right type, or the error names it and the
 * file.
 */
final class Fields {
  private final String source;
  private final JsonNode json;

  private Fields(String source, JsonNode json) {
    this.source = source;
    this.json = json;
  }

  /**
   * Reads an object of a schema that this library knows.
   *
   * @param source what the bytes are, for error messages
   */
  static Fields parse(String source, byte[] bytes) {
    JsonNode json;
    try {
      json = Json.parse(bytes);
    } catch (JsonProcessingException e) {
      throw unreadable(source, "it is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw unreadable(source, "it is not JSON: " + e.getMessage(), e);
    }
    if (!json.isObject()) {
      throw unreadable(source, "it is not a JSON object", null);
    }
    Fields fields = new Fields(source, json);
    int schema = fields.integer("schema");
    if (schema < 1 || schema > Json.SCHEMA) {
      throw unreadable(
          source,
          "it has schema "
              + schema
              + " and this release of mlinfra knows those from 1 to "
              + Json.SCHEMA
              + (schema < 1 ? "" : ": a newer release wrote it"),
          null);
    }
    return fields;
  }

  /** As {@link #parse}, for a record, whose check must hold. */
  static Fields parseRecord(String source, byte[] bytes) {
    Fields fields = parse(source, bytes);
    if (!Json.isChecked(bytes)) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED, source + " was altered: its check does not hold");
    }
    return fields;
  }

  boolean has(String field) {
    return json.has(field);
  }

  int schema() {
    return integer("schema");
  }

  /** Named content: its hashes and sizes. */
  Map<String, Blob> blobs(String field) {
    Map<String, Blob> blobs = new TreeMap<>();
    JsonNode members = member(field, "an object", JsonNode::isObject);
    Fields inside = new Fields(source, members);
    members.fieldNames().forEachRemaining(name -> blobs.put(name, inside.object(name).blob()));
    return blobs;
  }

  /** This object as content: its hash and its size. */
  Blob blob() {
    return new Blob(hash("hash"), size("bytes"));
  }

  /** The signature of this object, if it has one. */
  @Nullable RecordSignature signature() {
    if (!has("signature")) {
      return null;
    }
    Fields signature = object("signature");
    return new RecordSignature(signature.text("key"), signature.text("value"));
  }

  ContentHash hash(String field) {
    try {
      return new ContentHash(text(field));
    } catch (IllegalArgumentException e) {
      throw unreadable(source, e.getMessage(), e);
    }
  }

  String text(String field) {
    return member(field, "a text", JsonNode::isTextual).textValue();
  }

  int integer(String field) {
    return member(field, "an integer", node -> node.isIntegralNumber() && node.canConvertToInt())
        .intValue();
  }

  long size(String field) {
    return member(field, "an integer", node -> node.isIntegralNumber() && node.canConvertToLong())
        .longValue();
  }

  boolean truth(String field) {
    return member(field, "true or false", JsonNode::isBoolean).booleanValue();
  }

  /** The names of the members, as they stand. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    json.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Refuses members beside these: a newer release may have meant something by them. */
  void requireOnly(String... known) {
    for (String name : names()) {
      if (!List.of(known).contains(name)) {
        throw unreadable("this release of mlinfra does not know '" + name + "'");
      }
    }
  }

  /** The error of an object that says what cannot be. */
  MlInfraException unreadable(String why) {
    return unreadable(source, why, null);
  }

  Instant instant(String field) {
    try {
      return Instant.parse(text(field));
    } catch (DateTimeException e) {
      throw unreadable(source, "'" + field + "' is not a time: " + e.getMessage(), e);
    }
  }

  Map<String, String> texts(String field) {
    Map<String, String> texts = new TreeMap<>();
    JsonNode members = member(field, "an object", JsonNode::isObject);
    Fields inside = new Fields(source, members);
    members.fieldNames().forEachRemaining(name -> texts.put(name, inside.text(name)));
    return texts;
  }

  Map<String, Double> numbers(String field) {
    Map<String, Double> numbers = new TreeMap<>();
    JsonNode members = member(field, "an object", JsonNode::isObject);
    Fields inside = new Fields(source, members);
    members.fieldNames().forEachRemaining(name -> numbers.put(name, inside.number(name)));
    return numbers;
  }

  // JSON has no NaN and no infinity: they are written as texts.
  double number(String field) {
    JsonNode value = member(field, "a number", node -> node.isNumber() || node.isTextual());
    if (value.isNumber()) {
      return value.doubleValue();
    }
    return switch (value.textValue()) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> throw unreadable(source, "'" + field + "' is not a number", null);
    };
  }

  Fields object(String field) {
    return new Fields(source, member(field, "an object", JsonNode::isObject));
  }

  List<Fields> objects(String field) {
    List<Fields> objects = new ArrayList<>();
    for (JsonNode element : member(field, "a list", JsonNode::isArray)) {
      if (!element.isObject()) {
        throw unreadable(source, "'" + field + "' holds something that is not an object", null);
      }
      objects.add(new Fields(source, element));
    }
    return objects;
  }

  /** This object as the name of a version. */
  VersionId versionId() {
    String label = text("kind");
    for (Kind kind : Kind.values()) {
      if (kind.label().equals(label)) {
        try {
          return new VersionId(
              kind, text("name"), integer("number"), new ContentHash(text("hash")));
        } catch (IllegalArgumentException e) {
          throw unreadable(source, e.getMessage(), e);
        }
      }
    }
    throw unreadable(source, "'" + label + "' is no kind that this release knows", null);
  }

  private JsonNode member(String field, String type, Predicate<JsonNode> isRight) {
    JsonNode value = json.get(field);
    if (value == null || !isRight.test(value)) {
      throw unreadable(source, "'" + field + "' is not there or not " + type, null);
    }
    return value;
  }

  private static MlInfraException unreadable(
      String source, @Nullable String why, @Nullable Throwable cause) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE, source + " cannot be read: " + why, cause);
  }
}
