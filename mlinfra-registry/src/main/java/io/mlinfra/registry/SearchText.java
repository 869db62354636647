package io.mlinfra.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A search, cut into its smallest parts. */
final class SearchText {
  private static final String END = "the end";
  private static final int SHOWN = 40;

  /** What sort of part. */
  enum Sort {
    /** A keyword or a name without quotes, dots included. */
    WORD,
    /** A name in backticks or double quotes. */
    NAME,
    /** A text in single quotes. */
    TEXT,
    NUMBER,
    /** An operator, bracket or comma. */
    SIGN,
    END
  }

  /**
   * A part.
   *
   * @param text without quotes
   * @param at where it begins, the first character is 1
   */
  record Token(Sort sort, String text, int at) {
    boolean isWord(String word) {
      return sort == Sort.WORD && text.equalsIgnoreCase(word);
    }

    boolean isSign(String sign) {
      return sort == Sort.SIGN && text.equals(sign);
    }

    String shown() {
      return switch (sort) {
        case END -> END;
        case TEXT -> "the text '" + few() + "'";
        default -> "'" + few() + "'";
      };
    }

    private String few() {
      return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
  }

  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  private SearchText(String text) {
    this.text = text;
  }

  static List<Token> tokens(String text) {
    SearchText reader = new SearchText(text);
    reader.read();
    return reader.tokens;
  }

  /** The error of a search that cannot be understood. */
  static IllegalArgumentException error(Token found, String expected) {
    return new IllegalArgumentException(
        "search: expected "
            + expected
            + " at character "
            + found.at()
            + ", found "
            + found.shown());
  }

  private void read() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (Character.isWhitespace(c)) {
        at++;
      } else if (c == '\'') {
        quoted(Sort.TEXT, c);
      } else if (c == '`' || c == '"') {
        quoted(Sort.NAME, c);
      } else if (isDigit(c) || (c == '-' || c == '+' || c == '.') && startsNumber()) {
        number();
      } else if (Character.isLetter(c) || c == '_') {
        word();
      } else {
        sign(c);
      }
    }
    tokens.add(new Token(Sort.END, "", text.length() + 1));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  // The dot of params.`x y` ends the word before it, and is none of a number.
  private boolean startsNumber() {
    int next = at + 1;
    if (text.charAt(at) != '.' && next < text.length() && text.charAt(next) == '.') {
      next++;
    }
    return next < text.length() && isDigit(text.charAt(next));
  }

  private void quoted(Sort sort, char quote) {
    StringBuilder inside = new StringBuilder();
    int start = at++;
    while (true) {
      int end = text.indexOf(quote, at);
      if (end < 0) {
        throw new IllegalArgumentException(
            "search: the quote at character " + (start + 1) + " has no end; expected " + quote);
      }
      inside.append(text, at, end);
      at = end + 1;
      if (at == text.length() || text.charAt(at) != quote) {
        break;
      }
      inside.append(quote);
      at++;
    }
    tokens.add(new Token(sort, inside.toString(), start + 1));
  }

  private void number() {
    int start = at++;
    while (at < text.length() && isNumberPart(text.charAt(at), text.charAt(at - 1))) {
      at++;
    }
    String number = text.substring(start, at);
    Token token = new Token(Sort.NUMBER, number, start + 1);
    try {
      if (!Double.isFinite(Double.parseDouble(number))) {
        throw error(token, "a number that is not too large");
      }
    } catch (NumberFormatException e) {
      throw error(token, "a number");
    }
    tokens.add(token);
  }

  private static boolean isNumberPart(char c, char before) {
    return isDigit(c)
        || c == '.'
        || c == 'e'
        || c == 'E'
        || (c == '-' || c == '+') && (before == 'e' || before == 'E');
  }

  private void word() {
    int start = at++;
    while (at < text.length() && isWordPart(text.charAt(at))) {
      at++;
    }
    tokens.add(new Token(Sort.WORD, text.substring(start, at), start + 1));
  }

  private static boolean isWordPart(char c) {
    return Character.isLetterOrDigit(c) || "_.-:/".indexOf(c) >= 0;
  }

  private void sign(char c) {
    String two = text.substring(at, Math.min(at + 2, text.length()));
    String sign =
        two.equals("!=") || two.equals("<=") || two.equals(">=") ? two : String.valueOf(c);
    Token token = new Token(Sort.SIGN, sign, at + 1);
    if (sign.length() == 1 && "=<>(),".indexOf(c) < 0) {
      throw error(token, "a name, a value or an operator");
    }
    tokens.add(token);
    at += sign.length();
  }

  static boolean isKeyword(Token token) {
    return token.sort() == Sort.WORD
        && List.of("and", "or", "not", "order", "by", "limit", "asc", "desc", "in", "is", "null")
            .contains(token.text().toLowerCase(Locale.ROOT));
  }
}
