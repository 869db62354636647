package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells one SQL statement from several. The driver runs {@code select 1; select 2} without a word,
 * so that a caller who takes a piece of SQL from elsewhere would run whatever is appended to it.
 *
 * <p>Follows PostgreSQL's lexer, which is DuckDB's: quotes doubled inside quotes, backslashes in
 * {@code e'…'}, dollar quotes, line comments, nested block comments.
 */
final class Statements {
  /**
   * Where a value goes.
   *
   * @param name of {@code $name}, null for the others
   * @param number of {@code $1}, 0 for a {@code ?}, which takes the next
   */
  record Placeholder(int start, int end, @Nullable String name, long number) {}

  private final String sql;
  private final List<Placeholder> placeholders = new ArrayList<>();
  private final boolean spaced;
  private int at;

  /**
   * @param spaced whether Unicode's spaces are taken for plain ones. DuckDB does so where it sees
   *     no quote, and sees quotes in words such as {@code a$$}; taking them for letters refuses
   *     rather too much, so that the guard does.
   */
  private Statements(String sql, boolean spaced) {
    this.sql = sql;
    this.spaced = spaced;
  }

  /**
   * Does nothing if the text is one statement; a semicolon may end it.
   *
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} if it is none or several
   */
  static void requireSingle(String sql) {
    // To the native parser the text ends there.
    if (sql.indexOf('\0') >= 0) {
      throw refused("the statement contains a NUL character");
    }
    Statements text = new Statements(sql, false);
    int count = 0;
    while (text.at < sql.length()) {
      count += text.skipStatement() ? 1 : 0;
    }
    if (count == 0) {
      throw refused("there is no statement");
    }
    if (count > 1) {
      throw refused("there is more than one statement; pass them one at a time");
    }
  }

  /**
   * One statement as a part of another, without the semicolon that ends it.
   *
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} if it is none or several, or its
   *     brackets are such that it would end the one that it is put into
   */
  static String single(String sql) {
    requireSingle(sql);
    requireBalanced(sql);
    Statements text = new Statements(sql, false);
    text.skipStatement();
    // A comment may stand behind the semicolon.
    boolean ended = text.at > 0 && sql.charAt(text.at - 1) == ';' && text.at <= sql.length();
    return ended ? sql.substring(0, text.at - 1) : sql;
  }

  private static void requireBalanced(String sql) {
    Statements text = new Statements(sql, false);
    int open = 0;
    while (open >= 0 && text.skipBlank()) {
      char c = sql.charAt(text.at);
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
      text.skipToken(c);
    }
    if (open != 0) {
      throw refused(
          "the statement's brackets do not match: " + (open < 0 ? ")" : "(") + " is left");
    }
  }

  /** The word that a statement begins with, in lower case; empty where it is none. */
  static String firstWord(String sql) {
    Statements text = new Statements(sql, false);
    if (!text.skipBlank() || !text.isWordStart(sql.charAt(text.at))) {
      return "";
    }
    int start = text.at;
    text.skipWord();
    return sql.substring(start, text.at).toLowerCase(Locale.ROOT);
  }

  /**
   * The statement's words and signs without its comments: names in lower case and without their
   * quotes, a text as {@code '}. What DuckDB takes for a space counts as one.
   */
  static List<String> tokens(String sql) {
    StringBuilder plain = new StringBuilder(sql);
    for (int i = 0; i < plain.length(); i++) {
      char c = plain.charAt(i);
      if (Character.isSpaceChar(c) || c == '\u200b' || c == '\ufeff') {
        plain.setCharAt(i, ' ');
      }
    }
    Statements text = new Statements(plain.toString(), false);
    List<String> tokens = new ArrayList<>();
    while (text.at < text.sql.length()) {
      int start = text.at;
      char c = text.sql.charAt(start);
      if (text.startsWith("--")) {
        text.skipLine();
      } else if (text.startsWith("/*")) {
        text.skipBlockComment();
      } else if (text.isSpace(c)) {
        text.at++;
      } else {
        text.skipToken(c);
        tokens.add(token(text.sql.substring(start, Math.min(text.at, text.sql.length()))));
      }
    }
    return tokens;
  }

  private static String token(String text) {
    char first = text.charAt(0);
    if (first == '"') {
      String name = text.length() > 1 ? text.substring(1, text.length() - 1) : "";
      return name.replace("\"\"", "\"").toLowerCase(Locale.ROOT);
    }
    boolean literal = text.length() > 1 && (first == '$' || text.indexOf('\'') >= 0);
    return literal ? "'" : text.toLowerCase(Locale.ROOT);
  }

  /**
   * Where values go, in the order of the text; of a text that DuckDB refuses whatever comes out.
   */
  static List<Placeholder> placeholders(String sql) {
    Statements text = new Statements(sql, true);
    while (text.at < sql.length()) {
      text.skipStatement();
    }
    return text.placeholders;
  }

  private static MlInfraException refused(String why) {
    return new MlInfraException(ErrorCode.QUERY_FAILED, why);
  }

  /** Passes the next semicolon or the end; true if anything but space and comments came before. */
  private boolean skipStatement() {
    boolean something = false;
    while (skipBlank()) {
      char c = sql.charAt(at);
      if (c == ';') {
        at++;
        return something;
      }
      something = true;
      skipToken(c);
    }
    return something;
  }

  /** Passes space and comments; false if the text ends there. */
  private boolean skipBlank() {
    while (at < sql.length()) {
      if (startsWith("--")) {
        skipLine();
      } else if (startsWith("/*")) {
        skipBlockComment();
      } else if (isSpace(sql.charAt(at))) {
        at++;
      } else {
        return true;
      }
    }
    return false;
  }

  private void skipToken(char c) {
    if (c == '\'') {
      skipQuoted('\'', false);
    } else if (c == '"') {
      skipQuoted('"', false);
    } else if ((c == 'e' || c == 'E') && startsWith("'", 1)) {
      at++;
      skipQuoted('\'', true);
    } else if (isWordStart(c)) {
      skipWord();
    } else if (c == '$') {
      skipDollar();
    } else if (c == '?') {
      skipNumbered();
    } else {
      at++;
    }
  }

  private void skipWord() {
    // A word may contain dollars, which start no quote then.
    while (at < sql.length() && isWordPart(sql.charAt(at))) {
      at++;
    }
  }

  /** A question mark or a dollar, and the digits behind it. */
  private void skipNumbered() {
    int start = at++;
    long number = 0;
    while (at < sql.length() && isDigit(sql.charAt(at))) {
      number = Math.min(number * 10 + sql.charAt(at++) - '0', Integer.MAX_VALUE);
    }
    placeholders.add(new Placeholder(start, at, null, number));
  }

  private void skipDollar() {
    if (at + 1 < sql.length() && isDigit(sql.charAt(at + 1))) {
      skipNumbered();
    } else if (!skipDollarQuoted()) {
      named();
      at++;
    }
  }

  /** Looks at the name behind a dollar, which space and comments may keep apart. */
  private void named() {
    Statements ahead = new Statements(sql, spaced);
    ahead.at = at + 1;
    if (!ahead.skipBlank()) {
      return;
    }
    int from = ahead.at;
    char first = sql.charAt(from);
    if (first == '"') {
      ahead.skipQuoted('"', false);
      if (ahead.at > from + 2 && sql.charAt(ahead.at - 1) == '"') {
        String name = sql.substring(from + 1, ahead.at - 1).replace("\"\"", "\"");
        placeholders.add(new Placeholder(at, ahead.at, name, 0));
      }
    } else if (isWordStart(first)) {
      ahead.skipWord();
      // Before a quote it is the mark of a literal, such as e'…'.
      if (!ahead.startsWith("'")) {
        placeholders.add(new Placeholder(at, ahead.at, sql.substring(from, ahead.at), 0));
      }
    }
  }

  private void skipQuoted(char quote, boolean backslashes) {
    at++;
    while (at < sql.length()) {
      char c = sql.charAt(at++);
      if (backslashes && c == '\\') {
        at++;
      } else if (c == quote) {
        if (at < sql.length() && sql.charAt(at) == quote) {
          at++;
        } else if (!backslashes || !continues(quote)) {
          return;
        }
      }
    }
  }

  /** Whether the literal goes on behind space with a line break in it, as SQL allows. */
  private boolean continues(char quote) {
    int next = at;
    boolean broken = false;
    while (next < sql.length() && isSpace(sql.charAt(next))) {
      broken |= sql.charAt(next) == '\n' || sql.charAt(next) == '\r';
      next++;
    }
    if (broken && next < sql.length() && sql.charAt(next) == quote) {
      at = next + 1;
      return true;
    }
    return false;
  }

  /** False if it is none, where it does nothing. */
  private boolean skipDollarQuoted() {
    int end = at + 1;
    while (end < sql.length() && isTagPart(sql.charAt(end), end == at + 1)) {
      end++;
    }
    if (end >= sql.length() || sql.charAt(end) != '$') {
      return false;
    }
    String tag = sql.substring(at, end + 1);
    int close = sql.indexOf(tag, end + 1);
    at = close < 0 ? sql.length() : close + tag.length();
    return true;
  }

  private void skipLine() {
    while (at < sql.length() && sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
      at++;
    }
  }

  private void skipBlockComment() {
    int depth = 0;
    do {
      if (startsWith("/*")) {
        depth++;
        at += 2;
      } else if (startsWith("*/")) {
        depth--;
        at += 2;
      } else {
        at++;
      }
    } while (depth > 0 && at < sql.length());
  }

  private boolean startsWith(String text) {
    return startsWith(text, 0);
  }

  private boolean startsWith(String text, int ahead) {
    return sql.startsWith(text, at + ahead);
  }

  private boolean isSpace(char c) {
    return c == ' ' || c >= '\t' && c <= '\r' || spaced && isUnicodeSpace(c);
  }

  private static boolean isUnicodeSpace(char c) {
    return c == 0x00A0
        || c >= 0x2000 && c <= 0x200D
        || c == 0x202F
        || c == 0x205F
        || c == 0x2060
        || c == 0x3000
        || c == 0xFEFF;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private boolean isWordStart(char c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c == '_'
        || c >= 0x80 && !(spaced && isUnicodeSpace(c));
  }

  private boolean isWordPart(char c) {
    return isWordStart(c) || isDigit(c) || c == '$';
  }

  private boolean isTagPart(char c, boolean first) {
    return isWordStart(c) || !first && isDigit(c);
  }
}
