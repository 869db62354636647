package io.mlinfra.core.text;

/**
 * Puts HTML together. Names and values come from people and data, so they pass through {@link
 * #text}; what reaches {@link #markup} is the library's own. Not thread-safe.
 */
public final class Html {
  private final StringBuilder out = new StringBuilder();

  /** Appends HTML as it is, with each {@code {}} replaced by the next text, escaped. */
  public Html markup(String html, Object... texts) {
    int from = 0;
    for (Object text : texts) {
      int hole = html.indexOf("{}", from);
      out.append(html, from, hole);
      text(text.toString());
      from = hole + 2;
    }
    out.append(html, from, html.length());
    return this;
  }

  /** Appends another piece. */
  public Html add(Html other) {
    out.append(other.out);
    return this;
  }

  /** Appends text, escaped for an element's content and for an attribute in double quotes. */
  public Html text(String text) {
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
    return this;
  }

  /** A text as {@link #text} writes it. */
  public static String escape(String text) {
    return new Html().text(text).toString();
  }

  /**
   * Control characters are errors in HTML and XML, as are two of the non-characters; unpaired
   * surrogates cannot be written at all.
   */
  private static boolean isHarmless(int point) {
    return point == '\n'
        || point == '\t'
        || !Character.isISOControl(point)
            && Character.getType(point) != Character.SURROGATE
            && point != 0xFFFE
            && point != 0xFFFF;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
