package io.mlinfra.serving;

/**
 * Carries any text through ONNX Runtime's Java binding, which converts texts by JNI's modified
 * UTF-8: what lies outside the basic multilingual plane, or holds a NUL, arrives as other bytes
 * than those the graph holds, and a known category is silently scored as an unknown one.
 *
 * <p>Texts on their way in therefore have every such character replaced by a mark and its four
 * hexadecimal digits, the texts in the graph likewise ({@link PortableGraph}), and texts on their
 * way out the other way round. Two texts are equal exactly if their encoded forms are, and to
 * encode the parts of a text encodes the whole. Texts without such characters, nearly all, stay as
 * they are.
 */
final class Texts {
  /** A code point that Unicode promises never to give a character. */
  private static final char MARK = '\uFFFF';

  private Texts() {}

  /** Whether the text is its own encoded form. */
  static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || c == MARK || Character.isSurrogate(c)) {
        return false;
      }
    }
    return true;
  }

  static String encode(String text) {
    if (isPlain(text)) {
      return text;
    }
    StringBuilder encoded = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0 || c == MARK || Character.isSurrogate(c)) {
        encoded.append(MARK).append(String.format("%04x", (int) c));
      } else {
        encoded.append(c);
      }
    }
    return encoded.toString();
  }

  static String decode(String encoded) {
    if (encoded.indexOf(MARK) < 0) {
      return encoded;
    }
    StringBuilder text = new StringBuilder(encoded.length());
    for (int i = 0; i < encoded.length(); i++) {
      char c = encoded.charAt(i);
      if (c == MARK) {
        text.append((char) Integer.parseInt(encoded, i + 1, i + 5, 16));
        i += 4;
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }
}
