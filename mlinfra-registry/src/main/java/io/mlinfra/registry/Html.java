package io.mlinfra.registry;

/** Texts in HTML. */
final class Html {
  private Html() {}

  /** Escapes a text for an element's content and for an attribute in double quotes. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            point -> {
              switch (point) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(isHarmless(point) ? point : 0xFFFD);
              }
            });
    return out.toString();
  }

  /** Control characters are errors in HTML; unpaired surrogates cannot be written at all. */
  private static boolean isHarmless(int point) {
    return point == '\n'
        || point == '\t'
        || !Character.isISOControl(point) && Character.getType(point) != Character.SURROGATE;
  }
}
