package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.warehouse.Snapshot.Column;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a snapshot consists of: columns, and parts in their order. As bytes it is JSON of one fixed
 * form, an item a line, so that equal snapshots have equal bytes. Where the rows came from stands
 * in the version's properties, for it is not part of what they are.
 *
 * @param engine the version of DuckDB that wrote the parts
 */
record Manifest(String engine, List<Column> columns, List<Part> parts) {
  private static final String FORMAT = "{\"format\":1,";

  private static final String ENGINE = FORMAT + "\"engine\":\"";
  private static final String NAME = "{\"name\":\"";
  private static final String TYPE = "\",\"type\":\"";

  private static final Pattern HEX = Pattern.compile("[0-9a-f]{4}");

  private static final Pattern PART =
      Pattern.compile(
          "\\{\"sha256\":\"([0-9a-f]{64})\",\"rows\":([0-9]{1,18}),\"bytes\":([0-9]{1,18}),"
              + "\"fingerprint\":\"([0-9a-f]*)\"\\}(?:,|\\]\\})");

  /**
   * A Parquet file.
   *
   * @param fingerprint by which the same rows are recognised without writing them
   */
  record Part(ContentHash hash, long rows, long bytes, String fingerprint) {
    /** The name that it has among the version's attachments: equal parts are one file. */
    String attachment() {
      return hash.hex() + ".parquet";
    }
  }

  Manifest {
    columns = List.copyOf(columns);
    parts = List.copyOf(parts);
  }

  long rows() {
    return parts.stream().mapToLong(Part::rows).sum();
  }

  /** The size of the files; one that is there twice counts once. */
  long bytes() {
    return parts.stream().distinct().mapToLong(Part::bytes).sum();
  }

  byte[] toBytes() {
    StringBuilder out = new StringBuilder(FORMAT).append("\"engine\":");
    text(out, engine).append(",\"rows\":").append(rows()).append(",\n\"columns\":[\n");
    for (int i = 0; i < columns.size(); i++) {
      text(out.append("{\"name\":"), columns.get(i).name());
      text(out.append(",\"type\":"), columns.get(i).type());
      out.append(i + 1 < columns.size() ? "},\n" : "}],\n");
    }
    out.append("\"parts\":[\n");
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      out.append("{\"sha256\":\"").append(part.hash().hex());
      out.append("\",\"rows\":").append(part.rows()).append(",\"bytes\":").append(part.bytes());
      out.append(",\"fingerprint\":\"").append(part.fingerprint());
      out.append(i + 1 < parts.size() ? "\"},\n" : "\"}]}\n");
    }
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads what {@link #toBytes} wrote, and nothing else.
   *
   * @param owner whose manifest it is, for error messages
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it is something else
   */
  static Manifest parse(byte[] bytes, String owner) {
    String json = new String(bytes, StandardCharsets.UTF_8);
    if (json.startsWith("{\"format\":") && !json.startsWith(FORMAT)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE, owner + " is a snapshot that a newer release wrote");
    }
    String engine = null;
    List<Column> columns = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    for (String line : json.split("\n")) {
      Matcher part = PART.matcher(line);
      if (line.startsWith(ENGINE)) {
        engine = text(line, ENGINE.length());
      } else if (line.startsWith(NAME)) {
        String name = text(line, NAME.length());
        int type = endOfText(line, NAME.length()) + TYPE.length();
        columns.add(new Column(name, text(line, type)));
      } else if (part.matches()) {
        parts.add(
            new Part(
                new ContentHash(part.group(1)),
                Long.parseLong(part.group(2)),
                Long.parseLong(part.group(3)),
                part.group(4)));
      }
    }
    // Writing it again shows whatever was not as it should be.
    if (engine != null && !columns.isEmpty() && !parts.isEmpty()) {
      Manifest manifest = new Manifest(engine, columns, parts);
      if (Arrays.equals(manifest.toBytes(), bytes)) {
        columns.forEach(column -> ColumnTypes.requireSafe(column, owner));
        return manifest;
      }
    }
    throw new MlInfraException(ErrorCode.DATA_UNSUITABLE, owner + " is no snapshot");
  }

  private static StringBuilder text(StringBuilder out, String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (Character.isISOControl(c) || Character.isSurrogate(c)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"');
  }

  /** The text that starts there; whatever is wrong with it shows when it is written again. */
  private static String text(String json, int from) {
    StringBuilder text = new StringBuilder();
    int end = endOfText(json, from);
    for (int i = from; i < end; i++) {
      char c = json.charAt(i);
      if (c != '\\' || i + 1 >= end) {
        text.append(c);
      } else if (json.charAt(++i) != 'u') {
        text.append(json.charAt(i));
      } else if (i + 4 < end && HEX.matcher(json.substring(i + 1, i + 5)).matches()) {
        text.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
        i += 4;
      }
    }
    return text.toString();
  }

  private static int endOfText(String json, int from) {
    int at = from;
    while (at < json.length() && json.charAt(at) != '"') {
      at += json.charAt(at) == '\\' ? 2 : 1;
    }
    return Math.min(at, json.length());
  }
}
