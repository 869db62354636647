package io.mlinfra.core.version;

import io.mlinfra.core.text.Html;

/**
 * Puts SVG and HTML together. Facts come from people and data, so they pass through {@link #text};
 * what reaches {@link #raw} is ours.
 */
final class Markup {
  private final StringBuilder out = new StringBuilder();

  Markup raw(String markup) {
    out.append(markup);
    return this;
  }

  /** Appends text, escaped for an element's content and for an attribute in double quotes. */
  Markup text(String text) {
    out.append(Html.escape(text));
    return this;
  }

  /** A coordinate with at most one decimal. */
  Markup number(double value) {
    long tenths = Math.round(value * 10);
    if (tenths < 0) {
      out.append('-');
      tenths = -tenths;
    }
    out.append(tenths / 10);
    if (tenths % 10 != 0) {
      out.append('.').append(tenths % 10);
    }
    return this;
  }

  /** The character itself, or U+FFFD where XML or UTF-8 has no place for it. */
  static int harmless(int point) {
    boolean harmless =
        point == '\n'
            || point == '\t'
            || !Character.isISOControl(point)
                && Character.getType(point) != Character.SURROGATE
                && point != 0xFFFE
                && point != 0xFFFF;
    return harmless ? point : 0xFFFD;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
