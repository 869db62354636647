package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Names;
import java.util.Collection;
import java.util.regex.Pattern;

/** Names that are file names too. */
final class FileNames {
  private static final Pattern DEVICE =
      Pattern.compile("(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");

  private FileNames() {}

  /** A name that is also a file name everywhere, so that the folder can move to any machine. */
  static String require(String what, String name) {
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
}
