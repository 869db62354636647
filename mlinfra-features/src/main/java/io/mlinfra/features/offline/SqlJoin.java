package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Answers rows that ask with one SQL statement, which the database runs, spills and streams by
 * itself. It means what {@link io.mlinfra.features.internal.PointInTimeJoin} means.
 *
 * <p><b>Exactness.</b> All features but sums, means, variances and standard deviations are the very
 * values of the other engine, and so are sums and means of whole numbers whose absolute values add
 * up to less than 2<sup>53</sup>. The others are rounded in the order in which the database adds.
 * Over n values x, with u = 2<sup>−53</sup>, S = Σ|x| and V the exact variance:
 *
 * <ul>
 *   <li>|sum − exact| ≤ (n + 1) u S, that of adding in any order (Higham, Accuracy and Stability of
 *       Numerical Algorithms, section 4.2). Doubles are added with compensation, which mostly gives
 *       the exact sum's nearest double. Where S is infinite, nothing is promised.
 *   <li>|mean − exact| ≤ (n + 3) u S / n.
 *   <li>|variance − exact| ≤ 8 n u √(V Σx² / (n − 1)) + 64 n² u² Σx² / (n − 1): the values are
 *       averaged and their squared distances added in one pass, which is stable (Welford; Chan,
 *       Golub and LeVeque, Algorithms for Computing the Sample Variance, 1983).
 * </ul>
 *
 * <p>The sums of the other engine are within u |sum| of the exact ones.
 */
final class SqlJoin {
  private SqlJoin() {}

  /**
   * Starts the statement.
   *
   * @param labels SQL that {@link LabelColumns} has checked
   * @return the columns of the labels, then the features of the plans, in the order of the labels;
   *     the caller closes it. A row without a time is answered as one whose entity has no events.
   */
  static ArrowReader open(
      Warehouse warehouse,
      List<FeaturePlan> plans,
      String labels,
      String timeColumn,
      @Nullable Object... parameters) {
    String empty = "SELECT * FROM " + Sql.subquery(labels) + " AS l LIMIT 0";
    try (ArrowReader none = warehouse.query(empty, parameters)) {
      Schema columns = none.getVectorSchemaRoot().getSchema();
      return warehouse.query(statement(plans, columns, labels, timeColumn), parameters);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "reading the labels failed: " + e.getMessage(), e);
    }
  }

  /**
   * The statement; its only parameters are those of the labels.
   *
   * @param labelColumns what the labels hold
   */
  static String statement(
      List<FeaturePlan> plans, Schema labelColumns, String labels, String timeColumn) {
    String prefix = prefix(plans, labels);
    String asking = prefix + "l";
    List<String> tables = new ArrayList<>();
    tables.add(
        asking + " AS MATERIALIZED (" + labels(plans, labelColumns, labels, timeColumn) + ")");
    List<String> columns = new ArrayList<>();
    for (int c = 0; c < labelColumns.getFields().size(); c++) {
      columns.add("l.c" + c + " AS " + Sql.quote(labelColumns.getFields().get(c).getName()));
    }
    StringBuilder from = new StringBuilder(" FROM " + asking + " AS l");
    for (int p = 0; p < plans.size(); p++) {
      SqlEvents events = new SqlEvents(plans.get(p), p, asking, prefix);
      tables.addAll(events.tables());
      from.append(events.joins());
      columns.addAll(events.features());
    }
    return "WITH "
        + String.join(",\n", tables)
        + "\nSELECT "
        + String.join(", ", columns)
        + from
        + " ORDER BY l.r";
  }

  /** Begins the names of the statement's own tables; no query that is put into it knows them. */
  private static String prefix(List<FeaturePlan> plans, String labels) {
    StringBuilder texts = new StringBuilder(labels);
    plans.forEach(plan -> texts.append(' ').append(plan.view().source()));
    String all = texts.toString().toLowerCase(Locale.ROOT);
    String prefix = "join_";
    while (all.contains(prefix)) {
      prefix += "_";
    }
    return prefix;
  }

  /**
   * The labels: their number {@code r}, their columns {@code c0…}, their time {@code t}, and the
   * keys {@code p0k0…} of each plan.
   */
  private static String labels(
      List<FeaturePlan> plans, Schema labelColumns, String labels, String timeColumn) {
    List<String> columns = new ArrayList<>();
    for (int c = 0; c < labelColumns.getFields().size(); c++) {
      columns.add(column(labelColumns.getFields().get(c)) + " AS c" + c);
    }
    columns.add(Sql.micros("l", timeColumn) + " AS t");
    for (int p = 0; p < plans.size(); p++) {
      List<KeyType> types = plans.get(p).keyTypes();
      for (int k = 0; k < types.size(); k++) {
        String key = plans.get(p).view().entity().keys().get(k);
        columns.add(Sql.key("l", key, types.get(k)) + " AS p" + p + "k" + k);
      }
    }
    return "SELECT *, row_number() OVER () AS r FROM (SELECT "
        + String.join(", ", columns)
        + " FROM "
        + Sql.subquery(labels)
        + " AS l)";
  }

  /** An enumeration goes as text, as it does in {@link LabelColumns}. */
  private static String column(Field field) {
    return field.getDictionary() == null
        ? "l." + Sql.quote(field.getName())
        : Sql.key("l", field.getName(), KeyType.TEXT);
  }
}
