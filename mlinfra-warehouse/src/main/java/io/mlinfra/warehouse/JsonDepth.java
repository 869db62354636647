package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.duckdb.DuckDBConnection;

/**
 * How deep JSON is nested, found out before DuckDB reads it: it recurses, whatever its own limit
 * for types says, and a file of a million brackets ends the process.
 */
final class JsonDepth {
  private static final byte OTHER = 0;
  private static final byte OPEN = 1;
  private static final byte CLOSE = 2;
  private static final byte QUOTE = 3;
  private static final byte ESCAPE = 4;
  private static final byte SPACE = 5;
  private static final byte LINE = 6;
  private static final byte[] KINDS = kinds();

  private final int deepest;
  private int depth;
  private boolean quoted;
  private boolean escaped;
  private boolean empty = true;

  private JsonDepth(int deepest) {
    this.deepest = deepest;
  }

  /**
   * Reads a file through.
   *
   * @return whether there is nothing in it
   * @throws MlInfraException {@link ErrorCode#FILE_UNREADABLE} if it is nested too deep
   */
  static boolean require(Path file, int deepest, DuckDBConnection connection) throws SQLException {
    JsonDepth scan = new JsonDepth(deepest);
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    boolean deep = false;
    if (name.endsWith(".zst")) {
      deep = scan.zstandard(file, connection);
    } else {
      try (InputStream plain = Files.newInputStream(file);
          InputStream in = name.endsWith(".gz") ? new GZIPInputStream(plain, 1 << 16) : plain) {
        byte[] bytes = new byte[1 << 16];
        for (int read = in.read(bytes); read >= 0 && !deep; read = in.read(bytes)) {
          deep = scan.isDeep(bytes, read);
        }
      } catch (IOException e) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE,
            "'" + file.toAbsolutePath() + "' is not readable as JSON: " + e.getMessage(),
            e);
      }
    }
    if (deep) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'" + file.toAbsolutePath() + "' is nested deeper than " + deepest + " levels");
    }
    return scan.empty;
  }

  /**
   * Java has no Zstandard; DuckDB gives the values as they stand, which it does not recurse for.
   */
  private boolean zstandard(Path file, DuckDBConnection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT json::VARCHAR FROM read_json_objects(?, hive_partitioning = false)")) {
      statement.setString(1, Sql.pattern(file));
      try (ResultSet values = statement.executeQuery()) {
        while (values.next()) {
          byte[] value = values.getString(1).getBytes(StandardCharsets.UTF_8);
          depth = 0;
          quoted = false;
          if (isDeep(value, value.length)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private boolean isDeep(byte[] bytes, int length) {
    int level = depth;
    boolean inside = quoted;
    boolean skip = escaped;
    for (int i = 0; i < length; i++) {
      if (skip) {
        skip = false;
        continue;
      }
      byte kind = KINDS[bytes[i] & 0xFF];
      if (kind == OTHER) {
        continue;
      }
      if (kind == LINE) {
        // No string goes on behind it, and of broken lines each is read for itself.
        inside = false;
      } else if (inside) {
        skip = kind == ESCAPE;
        inside = kind != QUOTE;
      } else if (kind == QUOTE) {
        inside = true;
      } else if (kind == OPEN) {
        if (++level > deepest) {
          return true;
        }
      } else if (kind == CLOSE) {
        level = Math.max(0, level - 1);
      }
    }
    for (int i = 0; empty && i < length; i++) {
      byte kind = KINDS[bytes[i] & 0xFF];
      empty = kind == SPACE || kind == LINE;
    }
    depth = level;
    quoted = inside;
    escaped = skip;
    return false;
  }

  private static byte[] kinds() {
    byte[] kinds = new byte[256];
    kinds['['] = OPEN;
    kinds['{'] = OPEN;
    kinds[']'] = CLOSE;
    kinds['}'] = CLOSE;
    kinds['"'] = QUOTE;
    kinds['\\'] = ESCAPE;
    for (char c : " \t\r".toCharArray()) {
      kinds[c] = SPACE;
    }
    kinds['\n'] = LINE;
    return kinds;
  }
}
