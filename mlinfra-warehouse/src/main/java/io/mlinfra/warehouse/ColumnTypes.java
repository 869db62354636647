package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Snapshot.Column;
import java.util.Set;
import java.util.regex.Pattern;

/** How the types of DuckDB go through a Parquet file without loss, and through its hash. */
final class ColumnTypes {
  /** Parquet has them not, or DuckDB rounds them to what it has. */
  private static final Set<String> AS_TEXT =
      Set.of("HUGEINT", "UHUGEINT", "INTERVAL", "TIME WITH TIME ZONE", "BIT", "BIGNUM");

  private static final Pattern PLAIN =
      Pattern.compile(
          "BOOLEAN|U?(?:TINY|SMALL|BIG)INT|U?INTEGER|DECIMAL\\(\\d+,\\d+\\)|FLOAT|DOUBLE|VARCHAR"
              + "|BLOB|UUID|DATE|TIME|TIME_NS|TIMESTAMP(?:_S|_MS|_NS| WITH TIME ZONE)?|JSON"
              + "|ENUM\\(.*\\)",
          Pattern.DOTALL);

  private static final Pattern NESTED =
      Pattern.compile("STRUCT\\(.*|MAP\\(.*|.*\\[\\d*\\]", Pattern.DOTALL);

  /** A doubled quote inside ends one text and begins another, which is as well here. */
  private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"|'[^']*'");

  private static final Pattern LOST_INSIDE =
      Pattern.compile("\\b(?:U?HUGEINT|INTERVAL|TIME WITH TIME ZONE|UNION|VARIANT|GEOMETRY)\\b");

  /** Whose hash takes values for equal that are not the same: 0 and −0, a month and 30 days. */
  private static final Pattern INEXACT =
      Pattern.compile("\\b(?:FLOAT|DOUBLE|INTERVAL|TIME WITH TIME ZONE|UNION|VARIANT|GEOMETRY)\\b");

  private ColumnTypes() {}

  /**
   * Does nothing if a snapshot gives back the values of such a column.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it would not
   */
  static void requireKept(Column column) {
    String type = column.type();
    String bare = QUOTED.matcher(type).replaceAll("''");
    boolean kept =
        AS_TEXT.contains(type)
            || PLAIN.matcher(type).matches()
            || NESTED.matcher(type).matches() && !LOST_INSIDE.matcher(bare).find();
    if (!kept) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + column.name()
              + "' is of type "
              + type
              + ", which Parquet does not keep as it is: cast it, to VARCHAR for example");
    }
  }

  /**
   * Does nothing if the type can stand in SQL. A manifest may come from strangers, in a bundle: its
   * texts must not become more than a type.
   */
  static void requireSafe(Column column, String owner) {
    String bare = QUOTED.matcher(column.type()).replaceAll("");
    int depth = 0;
    boolean safe = !bare.isBlank();
    for (char c : bare.toCharArray()) {
      depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
      safe &= depth >= 0;
      safe &= Character.isLetterOrDigit(c) || "_ ,()[]".indexOf(c) >= 0;
    }
    if (!safe || depth != 0) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          owner + ": column '" + column.name() + "' has no type: " + column.type());
    }
  }

  /** What is written for a column. */
  static String stored(String column, String type) {
    return AS_TEXT.contains(type) ? column + "::VARCHAR" : column;
  }

  /** What {@code hash} is given for a column, so that it tells all values apart. */
  static String hashed(String column, String type) {
    if (type.equals("FLOAT") || type.equals("DOUBLE")) {
      return column + ", signbit(" + column + ")";
    }
    return INEXACT.matcher(type).find() ? column + ", " + column + "::VARCHAR" : column;
  }
}
