package io.mlinfra.registry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** How records are written and read. */
final class Json {
  /** Grows when a record's meaning changes, so that an older library refuses what it would miss. */
  static final int SCHEMA = 2;

  /** Records are small; content is for what is not. */
  static final int MAX_RECORD_BYTES = 16 << 20;

  private static final String END = "\n}";
  private static final String CHECK = ",\n  \"check\" : \"";
  private static final String CHECK_END = "\"\n}\n";
  private static final int CHECK_BYTES = CHECK.length() + 64 + CHECK_END.length();

  // Jackson's own double writer: the JDK's prints some numbers differently from release 19 on.
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxNameLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final ObjectReader READER = MAPPER.readerFor(JsonNode.class);
  private static final ObjectWriter COMPACT = MAPPER.writer();
  private static final ObjectWriter PRETTY =
      MAPPER.writer(
          new DefaultPrettyPrinter()
              .withObjectIndenter(new DefaultIndenter("  ", "\n"))
              .withArrayIndenter(new DefaultIndenter("  ", "\n")));

  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static void put(ObjectNode json, Map<String, String> texts) {
    texts.forEach(json::put);
  }

  static void put(ObjectNode json, VersionId id) {
    json.put("hash", id.hash().hex());
    json.put("kind", id.kind().label());
    json.put("name", id.name());
    json.put("number", id.number());
  }

  static void put(ObjectNode json, RecordSignature signature) {
    json.putObject("signature").put("key", signature.key()).put("value", signature.value());
  }

  static void put(ObjectNode json, Blob blob) {
    json.put("hash", blob.hash().hex());
    json.put("bytes", blob.bytes());
  }

  static byte[] compact(JsonNode json) {
    return write(COMPACT, json);
  }

  /** A record's bytes: the object, readable, with its check as the last member. */
  static byte[] record(ObjectNode json) {
    String text = new String(write(PRETTY, json), StandardCharsets.UTF_8);
    String body = text.substring(0, text.length() - END.length());
    byte[] bytes =
        (body + CHECK + ContentHash.of(body) + CHECK_END).getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_RECORD_BYTES) {
      throw new IllegalArgumentException(
          "the record's size ("
              + bytes.length
              + " bytes, most of it properties) must be <= "
              + MAX_RECORD_BYTES
              + "; register what is large as content");
    }
    return bytes;
  }

  /** Whether the last member is the check of the bytes before it. */
  static boolean isChecked(byte[] record) {
    int body = record.length - CHECK_BYTES;
    if (body < 0) {
      return false;
    }
    String check = CHECK + ContentHash.of(Arrays.copyOf(record, body)) + CHECK_END;
    return Arrays.equals(
        check.getBytes(StandardCharsets.UTF_8), Arrays.copyOfRange(record, body, record.length));
  }

  /** Any JSON value; the whole of the bytes. */
  static JsonNode parse(byte[] json) throws IOException {
    return READER.readValue(json);
  }

  /** For what is read so often that a tree of it would cost too much; the bytes are borrowed. */
  static JsonParser parser(byte[] json) throws IOException {
    return MAPPER.createParser(json);
  }

  private static byte[] write(ObjectWriter writer, JsonNode json) {
    try {
      return writer.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of texts and numbers can be written", e);
    }
  }
}
