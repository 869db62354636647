package io.mlinfra.features.online;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A Lua script, which the server keeps by its SHA-1 hash. */
record RedisScript(byte[] source, byte[] hash) {
  static RedisScript of(String source) {
    byte[] bytes = bytes(source);
    try {
      byte[] hash = MessageDigest.getInstance("SHA-1").digest(bytes);
      return new RedisScript(bytes, bytes(HexFormat.of().formatHex(hash)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-1", e);
    }
  }

  /** The command that runs it; the server does not know one by its hash until it has run once. */
  byte[][] command(boolean known, List<byte[]> keys, List<byte[]> arguments) {
    List<byte[]> command = new ArrayList<>(3 + keys.size() + arguments.size());
    command.add(bytes(known ? "EVALSHA" : "EVAL"));
    command.add(known ? hash : source);
    command.add(bytes(Integer.toString(keys.size())));
    command.addAll(keys);
    command.addAll(arguments);
    return command.toArray(new byte[0][]);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
