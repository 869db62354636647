package io.mlinfra.core;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The names that people give to things that are kept: models, data sets, feature views, aliases.
 */
public final class Names {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

  private Names() {}

  /**
   * Returns {@code value} if it is a name: 1 to 128 characters of {@code A-Z a-z 0-9 _ . -}, the
   * first one neither dot nor dash. Such a name is safe as a file name, in a reference such as
   * {@code name@alias}, and in HTML.
   *
   * @param what what the name is for, as the error message calls it
   * @throws IllegalArgumentException if it is not
   */
  public static String require(String what, String value) {
    if (!NAME.matcher(Objects.requireNonNull(value, what)).matches()) {
      String shown =
          value.length() <= 40
              ? value
              : value.substring(0, 40) + "… (" + value.length() + " characters)";
      throw new IllegalArgumentException(
          what
              + " ('"
              + shown
              + "') must be 1 to 128 of A-Z a-z 0-9 _ . - and must not start with . or -");
    }
    return value;
  }
}
