package io.mlinfra.features.view;

import static io.mlinfra.features.view.Columns.micros;
import static io.mlinfra.features.view.Columns.quote;
import static io.mlinfra.features.view.Columns.text;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/** Reads the events of a view, sorted by the database. */
final class EventReader {
  private EventReader() {}

  static Events read(Warehouse warehouse, FeatureView view) {
    Set<String> summed = new LinkedHashSet<>();
    view.features().forEach(feature -> summed.add(feature.aggregate().column()));
    summed.remove("");
    List<String> columns = List.copyOf(summed);
    Events events = new Events(columns);
    try (ArrowReader reader = warehouse.query(sql(view, columns))) {
      while (reader.loadNextBatch()) {
        append(events, columns, reader.getVectorSchemaRoot());
      }
      return events;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED,
          "reading the events of feature view '" + view.name() + "' failed: " + e.getMessage(),
          e);
    }
  }

  /** Entity, time of becoming visible, values. */
  private static String sql(FeatureView view, List<String> columns) {
    String visible = micros("e", view.eventTime());
    if (view.knownAt() != null) {
      String known = micros("e", view.knownAt());
      // greatest() passes over NULL, but an event that is not known yet is not to be seen at all.
      visible =
          "CASE WHEN "
              + known
              + " IS NOT NULL AND "
              + visible
              + " IS NOT NULL THEN greatest("
              + visible
              + ", "
              + known
              + ") END";
    }
    StringBuilder sql = new StringBuilder("SELECT * FROM (SELECT ");
    sql.append(text("e", view.entity())).append(" AS k, ").append(visible).append(" AS t");
    for (int v = 0; v < columns.size(); v++) {
      sql.append(", CAST(e.").append(quote(columns.get(v))).append(" AS DOUBLE) AS v").append(v);
    }
    // A query of its own around it, in which k and t cannot be mistaken for columns of the table.
    return sql.append(" FROM ")
        .append(quote(view.source()))
        .append(" AS e) WHERE k IS NOT NULL AND t IS NOT NULL ORDER BY k, t")
        .toString();
  }

  private static void append(Events events, List<String> columns, VectorSchemaRoot batch) {
    VarCharVector keys = (VarCharVector) batch.getVector(0);
    BigIntVector times = (BigIntVector) batch.getVector(1);
    int first = -1;
    byte[] last = {};
    String entity = "";
    for (int row = 0; row < batch.getRowCount(); row++) {
      byte[] key = keys.get(row);
      if (row == 0 || !Arrays.equals(key, last)) {
        entity = new String(key, StandardCharsets.UTF_8);
        last = key;
      }
      int at = events.add(entity, times.get(row));
      if (first < 0) {
        first = at;
      }
    }
    for (int v = 0; v < columns.size(); v++) {
      double[] values = events.values(columns.get(v));
      Float8Vector vector = (Float8Vector) batch.getVector(2 + v);
      for (int row = 0; row < batch.getRowCount(); row++) {
        values[first + row] = vector.isNull(row) ? Double.NaN : vector.get(row);
      }
    }
  }
}
