package io.mlinfra.features.transform;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/** 1 where a number is missing, else 0. */
record MissingIndicator(List<String> columns) implements Transform {
  MissingIndicator {
    columns = List.copyOf(columns);
  }

  @Override
  public Fitter fitter(Schema schema) {
    for (String name : columns) {
      if (RawColumns.type(schema, name) == ColumnType.STRING) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "column '"
                + name
                + "' is text; missingIndicator takes numbers, and oneHot tells missing text apart");
      }
    }
    return new Gaps(columns, schema);
  }

  private static final class Gaps implements Fitter {
    private final List<String> columns;
    private final Schema schema;
    private final boolean[] gaps;

    Gaps(List<String> columns, Schema schema) {
      this.columns = columns;
      this.schema = schema;
      this.gaps = new boolean[columns.size()];
    }

    @Override
    public void accept(VectorSchemaRoot batch) {
      for (int i = 0; i < gaps.length; i++) {
        if (!gaps[i]) {
          for (double value :
              RawColumns.doubles(RawColumns.vector(batch, columns.get(i)), batch.getRowCount())) {
            gaps[i] |= Double.isNaN(value);
          }
        }
      }
    }

    @Override
    public void merge(Fitter other) {
      for (int i = 0; i < gaps.length; i++) {
        gaps[i] |= ((Gaps) other).gaps[i];
      }
    }

    @Override
    public Fitted finish() {
      List<Column> inputs = new ArrayList<>();
      for (int i = 0; i < gaps.length; i++) {
        String name = columns.get(i);
        inputs.add(RawColumns.numericInput(name, RawColumns.type(schema, name), gaps[i]));
      }
      return new FittedIndicator(inputs);
    }
  }

  private record FittedIndicator(List<Column> inputs) implements Fitted {
    @Override
    public List<String> outputs() {
      return inputs.stream().map(input -> input.name() + "_missing").toList();
    }

    @Override
    public void apply(VectorSchemaRoot batch, FloatBuffer into, int first, int stride) {
      for (int i = 0; i < inputs.size(); i++) {
        int at = first + i;
        for (double value : RawColumns.doubles(batch, inputs.get(i))) {
          into.put(at, Double.isNaN(value) ? 1f : 0f);
          at += stride;
        }
      }
    }

    @Override
    public String write(GraphBuilder graph, UnaryOperator<String> values) {
      List<String> doubles = new ArrayList<>();
      for (Column input : inputs) {
        doubles.add(graph.cast(values.apply(input.name()), ElementType.DOUBLE));
      }
      String x = graph.node("Concat", doubles, new Attribute.Int("axis", 1));
      return graph.cast(graph.node("IsNaN", x), ElementType.FLOAT);
    }

    @Override
    public String toString() {
      return "missingIndicator" + inputs.stream().map(Column::name).toList();
    }
  }
}
