package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.TextTable;
import io.mlinfra.warehouse.Warehouse;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A look at a table: for every column its type, missing and distinct values, extremes, mean,
 * quantiles, histogram and most frequent values. Immutable and thread-safe.
 *
 * <pre>{@code
 * TableProfile flights = TableProfile.of(warehouse, "flights");
 * System.out.println(flights);
 * Constraints rules = Constraints.suggest(flights);
 * }</pre>
 *
 * <p>DuckDB computes it by sketches where the data lies: every column is read once, in memory that
 * its number of values does not matter to. Wide tables are read 32 columns at a time, queries 256.
 * Then columns whose values repeat, or seem to be all different, are read once more: to count the
 * most frequent values, and to prove that values are unique, which spills to disk if need be. This
 * second scan may see a later state of a table that somebody writes to. {@link ColumnSummary} tells
 * how exact everything is.
 *
 * <p>To compare data over time, take the profile of {@code mlinfra-monitoring}, which can be merged
 * and stored with a model; this one is for looking at what a warehouse holds and for suggesting
 * constraints.
 */
public final class TableProfile {
  private final Relation relation;
  private final long rows;
  private final int scans;
  private final List<ColumnSummary> columns;

  TableProfile(Relation relation, long rows, int scans, List<ColumnSummary> columns) {
    this.relation = relation;
    this.rows = rows;
    this.scans = scans;
    this.columns = List.copyOf(columns);
  }

  /**
   * Looks at a table or view.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  public static TableProfile of(Warehouse warehouse, String table) {
    return new ProfileScan(warehouse, Relation.table(table)).run();
  }

  /**
   * Looks at what a query gives; the query runs once for each scan, and of each 256 columns.
   *
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} with DuckDB's message
   */
  public static TableProfile ofQuery(Warehouse warehouse, String sql) {
    return new ProfileScan(warehouse, Relation.query(sql)).run();
  }

  Relation relation() {
    return relation;
  }

  /** How many rows there are. */
  public long rows() {
    return rows;
  }

  /** How often the column that was read most often was read: 1 or 2. */
  public int scans() {
    return scans;
  }

  /** The columns, in the order of the table. */
  public List<ColumnSummary> columns() {
    return columns;
  }

  /**
   * One of the columns, whatever the case of its letters.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is none of that name
   */
  public ColumnSummary column(String name) {
    return columns.stream()
        .filter(column -> Fragment.same(column.name(), name))
        .findFirst()
        .orElseThrow(
            () ->
                new MlInfraException(
                    ErrorCode.NAME_UNKNOWN,
                    "the profile of "
                        + relation.label()
                        + " has no column '"
                        + name
                        + "'; there are "
                        + columns.stream()
                            .map(ColumnSummary::name)
                            .limit(20)
                            .collect(Collectors.joining(", "))));
  }

  String headline() {
    return relation.label()
        + ": "
        + Format.count(rows)
        + " rows, "
        + columns.size()
        + (columns.size() == 1 ? " column" : " columns");
  }

  /** The most frequent values that stand out. */
  static String frequent(ColumnSummary column) {
    return column.top().stream()
        .filter(value -> value.count() >= 0.005 * column.rows())
        .limit(3)
        .map(
            value ->
                (value.text().length() <= 20 ? value.text() : value.text().substring(0, 19) + "…")
                    + " ("
                    + Format.percent((double) value.count() / column.rows())
                    + ")")
        .collect(Collectors.joining(", "));
  }

  static String distinct(ColumnSummary column) {
    return (column.distinctExact() ? "" : "≈ ") + Format.count(column.distinct());
  }

  /** The columns as a table for a shell. */
  @Override
  public String toString() {
    TextTable table =
        new TextTable(
            "column",
            "type",
            ">missing",
            ">distinct",
            ">min",
            ">median",
            ">mean",
            ">max",
            ">std. dev.",
            "most frequent");
    for (ColumnSummary column : columns) {
      table.row(
          column.name(),
          column.type(),
          Format.percent(column.nullFraction()),
          distinct(column),
          column.shown(column.lowest()),
          column.percentiles().isEmpty() ? "–" : column.shown(column.quantile(0.5)),
          Format.number(column.mean()),
          column.shown(column.highest()),
          Format.number(column.standardDeviation()),
          frequent(column));
    }
    return headline() + "\n\n" + table;
  }

  /** The same for a notebook, with small histograms: HTML that loads nothing and runs nothing. */
  public String toHtml() {
    return ProfileHtml.of(this);
  }
}
