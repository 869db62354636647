package io.mlinfra.features.view;

import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** How names, texts and numbers stand in a definition. */
final class Text {
  private Text() {}

  /**
   * In quotes, on one line. What a terminal or an editor would obey instead of showing it, such as
   * line separators and changes of the writing direction, stands there by its number.
   */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (isObeyed(c)) {
            quoted.append(String.format("\\u%04x", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  // A list of our own: Character.getType changes with the JDK, and a hash must not.
  private static boolean isObeyed(char c) {
    return c < ' '
        || c >= 0x7f && c <= 0x9f
        || c == 0x200e
        || c == 0x200f
        || c >= 0x2028 && c <= 0x202e
        || c >= 0x2066 && c <= 0x2069;
  }

  /**
   * The shortest decimal number that reads as this double, with a point or an exponent. {@link
   * Double#toString} is not the same in all JDKs.
   */
  static String number(double value) {
    if (value == 0) {
      return "0.0";
    }
    BigDecimal exact = new BigDecimal(value);
    int digits = 1;
    BigDecimal shortest = exact.round(new MathContext(digits));
    while (shortest.doubleValue() != value) {
      shortest = exact.round(new MathContext(++digits));
    }
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (exponent >= -3 && exponent < 7) {
      String plain = shortest.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String unscaled = shortest.unscaledValue().abs().toString();
    String rest = unscaled.length() == 1 ? "0" : unscaled.substring(1);
    return (value < 0 ? "-" : "") + unscaled.charAt(0) + "." + rest + "e" + exponent;
  }

  static String required(String what, String value) {
    if (Objects.requireNonNull(value, what).isBlank()) {
      throw new IllegalArgumentException(what + " must not be blank");
    }
    return unicode(what, value);
  }

  /** Half of a surrogate pair has no place in UTF-8, so that two texts would have one hash. */
  static String unicode(String what, String value) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(value)) {
      throw new IllegalArgumentException(
          what + " must be Unicode text; '" + value + "' has half of a surrogate pair");
    }
    return value;
  }
}
