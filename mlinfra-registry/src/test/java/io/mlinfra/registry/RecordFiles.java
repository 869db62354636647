package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/** Records that somebody changed who knows how they are checked. */
final class RecordFiles {
  private RecordFiles() {}

  /** The record with another text and a check that holds. */
  static byte[] rewrite(byte[] record, UnaryOperator<String> change) throws IOException {
    String changed = change.apply(new String(record, StandardCharsets.UTF_8));
    ObjectNode json = (ObjectNode) Json.parse(changed.getBytes(StandardCharsets.UTF_8));
    json.remove("check");
    return Json.record(json);
  }
}
