package io.mlinfra.features.offline;

import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.warehouse.Warehouse;
import java.util.List;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Answers rows that ask with one SQL statement, which the database runs and spills by itself. */
final class SqlJoin {
  private SqlJoin() {}

  /**
   * Starts the statement.
   *
   * @param labels checked by {@link LabelQuery}
   * @return the columns of the labels, then the features of the plans, in the order of the labels;
   *     the caller closes it
   */
  static ArrowReader open(
      Warehouse warehouse,
      List<FeaturePlan> plans,
      String labels,
      String timeColumn,
      @Nullable Object... parameters) {
    throw new UnsupportedOperationException();
  }

  /**
   * The statement; its only parameters are those of the labels.
   *
   * @param labelColumns what the labels hold
   */
  static String statement(
      List<FeaturePlan> plans, Schema labelColumns, String labels, String timeColumn) {
    throw new UnsupportedOperationException();
  }

  /**
   * Whether the database answers faster than {@link io.mlinfra.features.internal.PointInTimeJoin}.
   *
   * @param labels how many rows ask
   * @param events how many events the sources of the plans hold together
   */
  static boolean suits(List<FeaturePlan> plans, long labels, long events) {
    return false;
  }
}
