package io.mlinfra.warehouse;

import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which types of numbers hold all values of another, exactly. */
final class Widening {
  /**
   * A type of integers.
   *
   * @param signed whether it has negative ones
   * @param bits of its width
   * @param digits that its longest number has
   */
  private record Whole(boolean signed, int bits, int digits) {}

  private static final Map<String, Whole> WHOLES =
      Map.of(
          "TINYINT", new Whole(true, 8, 3),
          "SMALLINT", new Whole(true, 16, 5),
          "INTEGER", new Whole(true, 32, 10),
          "BIGINT", new Whole(true, 64, 19),
          "HUGEINT", new Whole(true, 128, 39),
          "UTINYINT", new Whole(false, 8, 3),
          "USMALLINT", new Whole(false, 16, 5),
          "UINTEGER", new Whole(false, 32, 10),
          "UBIGINT", new Whole(false, 64, 20),
          "UHUGEINT", new Whole(false, 128, 39));

  private static final Pattern DECIMAL = Pattern.compile("DECIMAL\\((\\d+),(\\d+)\\)");

  private static final Set<String> PLAIN =
      Set.of(
          "BOOLEAN",
          "FLOAT",
          "DOUBLE",
          "VARCHAR",
          "DATE",
          "TIME",
          "TIMESTAMP",
          "TIMESTAMP WITH TIME ZONE",
          "UUID");

  private Widening() {}

  /** Whether a column of one type takes values of another, or of the same. */
  static boolean fits(String from, String to) {
    if (from.equals(to)) {
      return true;
    }
    Whole whole = WHOLES.get(from);
    if (whole == null) {
      return from.equals("FLOAT") && to.equals("DOUBLE") || decimalFits(from, to);
    }
    Whole wider = WHOLES.get(to);
    if (wider != null) {
      return whole.signed() == wider.signed()
          ? whole.bits() <= wider.bits()
          : wider.signed() && whole.bits() < wider.bits();
    }
    Matcher decimal = DECIMAL.matcher(to);
    return to.equals("DOUBLE") && whole.bits() <= 32
        || to.equals("FLOAT") && whole.bits() <= 16
        || decimal.matches() && whole.digits() <= number(decimal, 1) - number(decimal, 2);
  }

  /**
   * Whether a column of one type may take values whose type was found out to be another: what is
   * written {@code 7} is any number, and what is no number may be anything that is written as text.
   * A value that does not fit is an error of its own.
   */
  static boolean mayMean(String from, String to) {
    boolean number =
        WHOLES.containsKey(to)
            || to.equals("FLOAT")
            || to.equals("DOUBLE")
            || DECIMAL.matcher(to).matches();
    return switch (from) {
      case "VARCHAR" -> !number;
      case "DATE" -> to.startsWith("TIMESTAMP");
      case "DOUBLE" -> number && !WHOLES.containsKey(to);
      default -> WHOLES.containsKey(from) && number;
    };
  }

  /** Whether values of this type are written in one way that every reader of text knows. */
  static boolean isPlain(String type) {
    return WHOLES.containsKey(type) || DECIMAL.matcher(type).matches() || PLAIN.contains(type);
  }

  private static boolean decimalFits(String from, String to) {
    Matcher narrow = DECIMAL.matcher(from);
    Matcher wide = DECIMAL.matcher(to);
    if (!narrow.matches() || !wide.matches()) {
      return false;
    }
    int narrowScale = number(narrow, 2);
    int wideScale = number(wide, 2);
    return narrowScale <= wideScale
        && number(narrow, 1) - narrowScale <= number(wide, 1) - wideScale;
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }
}
