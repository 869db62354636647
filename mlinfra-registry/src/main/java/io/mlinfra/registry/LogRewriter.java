package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;

/**
 * Seals the logs of runs with another key, line by line. What the record of a run says of its log
 * is said of the lines as they are before encryption, and so remains true.
 */
final class LogRewriter implements Reencryption.Rewriter {
  private static final String LOG = ".log";

  private final Layout layout;
  private final WriteLock lock;
  private final Look isRunning;

  /** Whether somebody is still writing a run's log. */
  interface Look {
    boolean isRunning(RunId id) throws IOException;
  }

  LogRewriter(Layout layout, WriteLock lock, Look isRunning) {
    this.layout = layout;
    this.lock = lock;
    this.isRunning = isRunning;
  }

  @Override
  public boolean owns(String place) {
    return place.startsWith("runs/") && place.endsWith(LOG);
  }

  @Override
  public boolean rewrite(Path file, EncryptedVault vault, boolean plainToo) throws IOException {
    return lock.hold(
        () -> {
          Vault present = plainToo && isPlain(file) ? Vault.PLAIN : vault;
          String place = layout.place(file);
          if (present == vault && isCurrent(file, vault)) {
            return false;
          }
          RunId id = id(file);
          if (isRunning.isRunning(id)) {
            throw new MlInfraException(
                ErrorCode.CONFLICT,
                "the log of run " + id + " cannot be encrypted while it is being written");
          }
          Path temporary = DurableFiles.temporaryIn(DurableFiles.parent(file));
          try {
            try (OutputStream out =
                Files.newOutputStream(
                    temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
              LogLine line = new LogLine();
              new LogReader(file, present, place)
                  .advance(
                      (number, json) ->
                          line.start().raw(json).end(vault, place, number).writeTo(out));
            }
            DurableFiles.publish(temporary, file);
          } finally {
            Files.deleteIfExists(temporary);
          }
          return true;
        });
  }

  private RunId id(Path file) {
    String name = String.valueOf(file.getFileName());
    return RunId.parse(
        DurableFiles.parent(file).getFileName()
            + "/"
            + name.substring(0, name.length() - LOG.length()));
  }

  /** The payload of a plain line begins as an object does, which Base64 does not. */
  private static boolean isPlain(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(LogLine.HEAD + 1);
      return start.length == LogLine.HEAD + 1 && start[LogLine.HEAD] == '{';
    }
  }

  /** Whether every line was sealed with the current key. */
  private static boolean isCurrent(Path file, EncryptedVault vault) throws IOException {
    String current = vault.keyring().current();
    for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
      String header = line.substring(Math.min(LogLine.HEAD, line.length()));
      byte[] start;
      try {
        start = Base64.getDecoder().decode(header);
      } catch (IllegalArgumentException e) {
        return false; // an incomplete last line, or an altered one: reading tells
      }
      if (!SealHeader.isAtStartOf(start) || !SealHeader.parse(start).keyId().equals(current)) {
        return false;
      }
    }
    return true;
  }
}
