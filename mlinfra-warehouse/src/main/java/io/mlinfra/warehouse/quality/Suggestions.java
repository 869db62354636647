package io.mlinfra.warehouse.quality;

import io.mlinfra.core.text.Format;
import io.mlinfra.warehouse.quality.ColumnSummary.Value;

/** Constraints that a profile shows to hold, see {@link Constraints#suggest}. */
final class Suggestions {
  private static final int MOST_VALUES = 20;
  private static final int LEAST_REPEATED = 10;

  /** A value as long may have been cut. */
  private static final int LONGEST_VALUE = 199;

  private Suggestions() {}

  static Constraints of(TableProfile profile) {
    Constraints rules = Constraints.on(profile.relation());
    String rows = Format.count(profile.rows()) + " rows";
    for (ColumnSummary column : profile.columns()) {
      String name = column.name();
      if (column.count() == 0) {
        continue;
      }
      if (column.nulls() == 0) {
        rules = rules.notNull(name).because("complete in " + rows);
      }
      if (isUnique(column)) {
        rules =
            rules
                .unique(name)
                .because(Format.count(column.distinct()) + " different values in " + rows);
      }
      if (isCategory(column)) {
        rules =
            rules
                .inSet(name, column.top().stream().map(Value::text).toList())
                .because("no other values in " + rows);
      }
      if (isNonNegative(column)) {
        rules = rules.atLeast(name, 0).because("the lowest is " + column.lowest());
      }
      if (column.kind() == ColumnKind.TEXT && column.shortest() == column.longest()) {
        rules =
            rules
                .length(name, (int) column.shortest(), (int) column.longest())
                .because("all " + Format.count(column.count()) + " are so long");
      }
    }
    return rules;
  }

  private static boolean isUnique(ColumnSummary column) {
    return column.distinctExact()
        && column.rows() > 1
        && column.nulls() == 0
        && column.distinct() == column.rows();
  }

  private static boolean isCategory(ColumnSummary column) {
    return column.kind() == ColumnKind.TEXT
        && column.isTopAll()
        && column.top().size() <= MOST_VALUES
        && column.count() >= (long) LEAST_REPEATED * column.top().size()
        && column.longest() <= LONGEST_VALUE;
  }

  private static boolean isNonNegative(ColumnSummary column) {
    return column.kind().isNumber()
        && column.infinities() == 0
        && column.lowest() != null
        && Double.parseDouble(column.lowest()) >= 0;
  }
}
