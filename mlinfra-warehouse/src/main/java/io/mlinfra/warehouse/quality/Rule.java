package io.mlinfra.warehouse.quality;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a constraint demands, without condition, allowance and severity. */
sealed interface Rule {
  /** Its stable text. */
  String text();

  /** A column that the rule needs, and of which kinds. */
  record Need(String column, Predicate<ColumnKind> suits, String what) {}

  /** The table and columns that a foreign key refers to. */
  record Reference(String table, List<String> columns) {}

  /**
   * Each row satisfies a predicate, or it is unknown for the row.
   *
   * @param pattern a regular expression that must be one
   * @param custom whether a caller wrote the predicate
   */
  record Row(
      String text,
      List<Need> needs,
      Fragment holds,
      @Nullable Reference reference,
      @Nullable String pattern,
      boolean custom)
      implements Rule {
    static Row of(String text, List<Need> needs, Fragment holds) {
      return new Row(text, needs, holds, null, null, false);
    }
  }

  /** No two rows have the same values in some columns. */
  record Key(String text, List<String> columns, boolean primary) implements Rule {}

  /** The number of rows lies between bounds. */
  record Count(String text, long lowest, long highest) implements Rule {}

  /** The newest value of a column is not too old. */
  record Fresh(String text, String column, Duration age) implements Rule {}

  /** The share of rows for which a predicate is true lies between bounds. */
  record Share(String text, Fragment raw, double lowest, double highest) implements Rule {
    /** Unknown is not true. */
    Fragment predicate() {
      return new Fragment("coalesce(" + raw.sql() + ", false)", raw.parameters());
    }
  }
}
