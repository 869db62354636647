package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.regex.Pattern;

/** What records of every sort have in common: names that are file names, and small files. */
final class RecordFiles {
  private static final Pattern DEVICE =
      Pattern.compile("(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");

  private RecordFiles() {}

  /** A name that is also a file name everywhere, so that the folder can move to any machine. */
  static String requireName(String what, String name) {
    Names.require(what, name);
    if (name.endsWith(".") || DEVICE.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what + " ('" + name + "') must not end with . nor be a name that Windows reserves");
    }
    return name;
  }

  /** Refuses a name that some file systems could not tell from one of those there are. */
  static void requireNoTwin(String what, String name, Collection<String> existing) {
    for (String other : existing) {
      if (other.equalsIgnoreCase(name) && !other.equals(name)) {
        throw new MlInfraException(
            ErrorCode.CONFLICT,
            "the "
                + what
                + " name '"
                + name
                + "' differs only in case from '"
                + other
                + "', which is there already");
      }
    }
  }

  /** A record's bytes; empty where there is no such file. */
  static Optional<byte[]> read(Path file) throws IOException {
    try {
      if (Files.size(file) > Json.MAX_RECORD_BYTES) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, file + " cannot be read: it is too large for a record");
      }
      return Optional.of(Files.readAllBytes(file));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    }
  }
}
