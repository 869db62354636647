package io.mlinfra.monitoring;

import io.mlinfra.core.text.Html;

/** HTML with the style of a report around it. */
final class Page {
  private Page() {}

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
}
