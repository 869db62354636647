package io.mlinfra.registry;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code name}, {@code name:3} or {@code name@alias}, taken apart.
 *
 * @param number 0 where none is given
 */
record Reference(String name, int number, @Nullable String alias) {
  private static final Pattern PARTS = Pattern.compile("([^:@]*)(?::([1-9][0-9]{0,8})|@([^:@]*))?");

  static Reference parse(String reference) {
    Matcher parts = PARTS.matcher(reference);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "reference ('"
              + Texts.abbreviated(reference)
              + "') must be name, name:number or name@alias");
    }
    String number = parts.group(2);
    String alias = parts.group(3);
    return new Reference(
        FileNames.require("name", parts.group(1)),
        number == null ? 0 : Integer.parseInt(number),
        alias == null ? null : FileNames.require("alias", alias));
  }
}
