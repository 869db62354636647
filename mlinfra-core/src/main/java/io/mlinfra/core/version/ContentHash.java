package io.mlinfra.core.version;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The SHA-256 of some bytes.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record ContentHash(String hex) implements Comparable<ContentHash> {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  public ContentHash {
    if (!HEX.matcher(hex).matches()) {
      throw new IllegalArgumentException(
          "hash ('" + hex + "') must be 64 lower-case hexadecimal digits");
    }
  }

  /** The hash of the bytes. */
  public static ContentHash of(byte[] bytes) {
    return finish(newDigest().digest(bytes));
  }

  /** The hash of the text in UTF-8. */
  public static ContentHash of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The hash of a file's content, read in pieces. */
  public static ContentHash of(Path file) throws IOException {
    MessageDigest digest = newDigest();
    byte[] piece = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n; (n = in.read(piece)) >= 0; ) {
        digest.update(piece, 0, n);
      }
    }
    return finish(digest.digest());
  }

  /** The first 12 digits: enough for people to tell versions apart. */
  public String abbreviated() {
    return hex.substring(0, 12);
  }

  @Override
  public int compareTo(ContentHash other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }

  private static ContentHash finish(byte[] digest) {
    return new ContentHash(HexFormat.of().formatHex(digest));
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
