package io.mlinfra.features.transform;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/** {@code (x − mean) ÷ standard deviation}; a missing value counts as the mean. */
record Standardize(List<String> columns) implements Transform {
  Standardize {
    columns = List.copyOf(columns);
  }

  @Override
  public Fitter fitter(Schema schema) {
    return new Moments(columns, schema);
  }

  /**
   * Mean and squared deviations per column, by Welford's method; merged by Chan, Golub and
   * LeVeque's.
   */
  private static final class Moments implements Fitter {
    private final List<String> columns;
    private final ColumnType[] types;
    private final long[] rows;
    private final long[] count;
    private final double[] mean;
    private final double[] squares;

    Moments(List<String> columns, Schema schema) {
      this.columns = columns;
      int width = columns.size();
      types = new ColumnType[width];
      rows = new long[width];
      count = new long[width];
      mean = new double[width];
      squares = new double[width];
      for (int i = 0; i < width; i++) {
        types[i] = RawColumns.type(schema, columns.get(i));
        if (types[i] == ColumnType.STRING) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '"
                  + columns.get(i)
                  + "' is text and cannot be standardized; oneHot takes text");
        }
      }
    }

    @Override
    public void accept(VectorSchemaRoot batch) {
      for (int i = 0; i < columns.size(); i++) {
        double[] values =
            RawColumns.doubles(RawColumns.vector(batch, columns.get(i)), batch.getRowCount());
        long n = count[i];
        double m = mean[i];
        double s = squares[i];
        for (double value : values) {
          if (!Double.isNaN(value)) {
            n++;
            double delta = value - m;
            m += delta / n;
            s += delta * (value - m);
          }
        }
        rows[i] += values.length;
        count[i] = n;
        mean[i] = m;
        squares[i] = s;
      }
    }

    @Override
    public void merge(Fitter other) {
      Moments that = (Moments) other;
      for (int i = 0; i < columns.size(); i++) {
        rows[i] += that.rows[i];
        long n = count[i] + that.count[i];
        if (count[i] == 0) {
          // Below, the mean of a column that never changes would be rounded, and then it changes.
          count[i] = n;
          mean[i] = that.mean[i];
          squares[i] = that.squares[i];
        } else if (that.count[i] > 0) {
          double delta = that.mean[i] - mean[i];
          mean[i] += delta * that.count[i] / n;
          squares[i] += that.squares[i] + delta * delta * ((double) count[i] * that.count[i] / n);
          count[i] = n;
        }
      }
    }

    @Override
    public Fitted finish() {
      List<Column> inputs = new ArrayList<>();
      double[] deviation = new double[columns.size()];
      for (int i = 0; i < columns.size(); i++) {
        String name = columns.get(i);
        if (count[i] == 0) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '"
                  + name
                  + "' has no value in any of "
                  + rows[i]
                  + " rows, so there is nothing to learn from it");
        }
        double found = Math.sqrt(squares[i] / count[i]);
        if (!Double.isFinite(mean[i]) || !Double.isFinite(found)) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '" + name + "' holds infinite or too large values");
        }
        // A column that never changes says nothing; dividing by 1 keeps it at 0.
        deviation[i] = found == 0 ? 1 : found;
        inputs.add(RawColumns.numericInput(name, types[i], count[i] < rows[i]));
      }
      return new FittedStandardize(inputs, mean.clone(), deviation);
    }
  }

  record FittedStandardize(List<Column> inputs, double[] mean, double[] deviation)
      implements Fitted {
    @Override
    public List<String> outputs() {
      return inputs.stream().map(Column::name).toList();
    }

    @Override
    public void apply(VectorSchemaRoot batch, FloatBuffer into, int first, int stride) {
      for (int i = 0; i < mean.length; i++) {
        double[] values = RawColumns.doubles(batch, inputs.get(i));
        double m = mean[i];
        double d = deviation[i];
        int at = first + i;
        for (double value : values) {
          into.put(at, Double.isNaN(value) ? 0f : (float) ((value - m) / d));
          at += stride;
        }
      }
    }

    @Override
    public String write(GraphBuilder graph, UnaryOperator<String> values) {
      List<String> doubles = new ArrayList<>();
      boolean gaps = false;
      for (Column input : inputs) {
        String value = values.apply(input.name());
        doubles.add(
            input.type() == ColumnType.FLOAT64 ? value : graph.cast(value, ElementType.DOUBLE));
        gaps |= input.nullable();
      }
      // All columns at once: a node costs more than the arithmetic on one row.
      String x =
          doubles.size() == 1
              ? doubles.get(0)
              : graph.node("Concat", doubles, new Attribute.Int("axis", 1));
      String centred = graph.node("Sub", x, graph.constant(TensorValue.doubles(mean, mean.length)));
      String scaled =
          graph.node(
              "Div", centred, graph.constant(TensorValue.doubles(deviation, deviation.length)));
      if (gaps) {
        String zero = graph.constant(TensorValue.doubles(new double[1], 1));
        scaled = graph.node("Where", graph.node("IsNaN", x), zero, scaled);
      }
      return graph.cast(scaled, ElementType.FLOAT);
    }

    @Override
    public String toString() {
      return "standardize" + outputs();
    }
  }
}
