package io.mlinfra.monitoring;

/**
 * Puts HTML together. Column names and values come from data, so everything passes through {@link
 * #text}; what reaches {@link #markup} is ours.
 */
final class Html {
  private final StringBuilder out = new StringBuilder();

  /** Appends HTML as it is, with each {@code {}} replaced by the next text, escaped. */
  Html markup(String html, Object... texts) {
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

  Html add(Html other) {
    out.append(other.out);
    return this;
  }

  /** Appends text, escaped for an element's content and for an attribute in double quotes. */
  Html text(String text) {
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

  /** Control characters are errors in HTML; unpaired surrogates cannot be written at all. */
  private static boolean isHarmless(int point) {
    return point == '\n'
        || point == '\t'
        || !Character.isISOControl(point) && Character.getType(point) != Character.SURROGATE;
  }

  /** A piece of a page, with the style it needs. */
  static String fragment(Html content) {
    return new Html()
        .markup("<div class=\"mlinfra\">\n<style>\n" + Style.FRAGMENT + Style.CSS + "</style>\n")
        .add(content)
        .markup("</div>\n")
        .toString();
  }

  /** A whole page. Its policy lets a browser load nothing and run nothing. */
  static String page(String title, Html content) {
    return new Html()
        .markup(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{}</title>
            <style>
            """,
            title)
        .markup(Style.PAGE + Style.CSS + "</style>\n</head>\n<body>\n<main class=\"mlinfra\">\n")
        .add(content)
        .markup("</main>\n</body>\n</html>\n")
        .toString();
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
