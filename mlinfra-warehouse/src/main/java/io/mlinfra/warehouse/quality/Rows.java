package io.mlinfra.warehouse.quality;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.Text;
import org.jspecify.annotations.NullUnmarked;

/** Small results as Java values: numbers, truth values, texts and lists of them; null for NULL. */
@NullUnmarked
final class Rows {
  private Rows() {}

  static List<List<Object>> of(Warehouse warehouse, String sql, List<Object> parameters) {
    List<List<Object>> rows = new ArrayList<>();
    try (ArrowReader reader = warehouse.query(sql, parameters.toArray())) {
      while (reader.loadNextBatch()) {
        List<FieldVector> vectors = reader.getVectorSchemaRoot().getFieldVectors();
        for (int i = 0; i < reader.getVectorSchemaRoot().getRowCount(); i++) {
          List<Object> row = new ArrayList<>(vectors.size());
          for (FieldVector vector : vectors) {
            row.add(plain(vector.getObject(i)));
          }
          rows.add(row);
        }
      }
      return rows;
    } catch (IOException e) {
      throw new MlInfraException(ErrorCode.INTERNAL, "closing a stream failed: " + e, e);
    }
  }

  /** The first row, for a statement that always gives one. */
  static List<Object> single(Warehouse warehouse, String sql, List<Object> parameters) {
    return of(warehouse, sql, parameters).get(0);
  }

  /** The columns that a statement would give. */
  static Schema schema(Warehouse warehouse, String sql, List<Object> parameters) {
    try (ArrowReader reader = warehouse.query(sql, parameters.toArray())) {
      return reader.getVectorSchemaRoot().getSchema();
    } catch (IOException e) {
      throw new MlInfraException(ErrorCode.INTERNAL, "closing a stream failed: " + e, e);
    }
  }

  private static Object plain(Object value) {
    if (value instanceof Text text) {
      return text.toString();
    }
    if (value instanceof List<?> list) {
      List<Object> plain = new ArrayList<>(list.size());
      list.forEach(element -> plain.add(plain(element)));
      return plain;
    }
    return value;
  }
}
