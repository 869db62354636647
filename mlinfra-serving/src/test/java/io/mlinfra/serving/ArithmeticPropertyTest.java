package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;

/** A row alone, a batch and Java come to the same bits where a graph adds, multiplies, divides. */
class ArithmeticPropertyTest {
  /** An expression over the columns a float32, b float64 and c int64, rounded once at the end. */
  sealed interface Expression {
    record Variable(String name) implements Expression {}

    record Constant(double value) implements Expression {}

    record Operation(String operator, Expression left, Expression right) implements Expression {}
  }

  record Row(float a, double b, long c) {}

  @Provide
  Arbitrary<Expression> expressions() {
    Arbitrary<Expression> leaf =
        Arbitraries.oneOf(
            Arbitraries.of("a", "b", "c").map(Expression.Variable::new),
            Arbitraries.doubles().between(-1e6, 1e6).ofScale(4).map(Expression.Constant::new));
    return Arbitraries.lazyOf(() -> leaf, () -> leaf, this::operation);
  }

  private Arbitrary<Expression> operation() {
    return Combinators.combine(
            Arbitraries.of("Add", "Sub", "Mul", "Div"), expressions(), expressions())
        .as(Expression.Operation::new);
  }

  @Provide
  Arbitrary<List<Row>> rows() {
    Arbitrary<Float> floats =
        Arbitraries.oneOf(
            Arbitraries.floats(),
            Arbitraries.of(0f, -0f, Float.NaN, Float.MIN_VALUE, Float.POSITIVE_INFINITY));
    Arbitrary<Double> doubles =
        Arbitraries.oneOf(
            Arbitraries.doubles(), Arbitraries.of(0.0, -0.0, Double.NaN, Double.MIN_VALUE, 0.1));
    return Combinators.combine(floats, doubles, Arbitraries.longs())
        .as(Row::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(40);
  }

  @Property(tries = 200)
  void rowAndBatchAndJavaAgreeToTheBit(
      @ForAll("expressions") Expression expression, @ForAll("rows") @Size(min = 1) List<Row> rows) {
    try (BufferAllocator allocator = new RootAllocator();
        Scorer scorer = Scorer.open(model(expression));
        VectorSchemaRoot batch = batch(allocator, rows)) {
      float[] scored = new float[rows.size()];
      scorer.score(batch, "y", FloatBuffer.wrap(scored));
      for (int i = 0; i < rows.size(); i++) {
        Row row = rows.get(i);
        int expected = bits((float) evaluate(expression, row));
        Prediction alone = scorer.predict(Map.of("a", row.a, "b", row.b, "c", row.c));
        assertThat(bits((Float) alone.value("y"))).as("row %s", row).isEqualTo(expected);
        assertThat(bits(scored[i])).as("row %s of the batch", row).isEqualTo(expected);
      }
    }
  }

  /** Bits, but for the sign and payload of NaN, which IEEE 754 leaves to the machine. */
  private static int bits(float value) {
    return Float.floatToIntBits(value);
  }

  private static Model model(Expression expression) {
    GraphBuilder graph = new GraphBuilder("arithmetic");
    String a = graph.input("a", ElementType.FLOAT, "N", "1");
    String b = graph.input("b", ElementType.DOUBLE, "N", "1");
    String c = graph.input("c", ElementType.INT64, "N", "1");
    Map<String, String> columns =
        Map.of(
            "a", graph.cast(a, ElementType.DOUBLE), "b", b, "c", graph.cast(c, ElementType.DOUBLE));
    // However constant the expression, this one makes a value per row of it.
    String one = graph.cast(graph.node("Equal", c, c), ElementType.DOUBLE);
    String value = graph.node("Mul", write(graph, expression, columns), one);
    graph.output(graph.cast(value, ElementType.FLOAT), "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  private static String write(
      GraphBuilder graph, Expression expression, Map<String, String> columns) {
    if (expression instanceof Expression.Variable variable) {
      return columns.get(variable.name);
    }
    if (expression instanceof Expression.Constant constant) {
      return graph.constant(TensorValue.doubles(new double[] {constant.value}, 1, 1));
    }
    Expression.Operation operation = (Expression.Operation) expression;
    String left = write(graph, operation.left, columns);
    return graph.node(operation.operator, left, write(graph, operation.right, columns));
  }

  private static double evaluate(Expression expression, Row row) {
    if (expression instanceof Expression.Variable variable) {
      return switch (variable.name) {
        case "a" -> row.a;
        case "b" -> row.b;
        default -> row.c;
      };
    }
    if (expression instanceof Expression.Constant constant) {
      return constant.value;
    }
    Expression.Operation operation = (Expression.Operation) expression;
    double left = evaluate(operation.left, row);
    double right = evaluate(operation.right, row);
    return switch (operation.operator) {
      case "Add" -> left + right;
      case "Sub" -> left - right;
      case "Mul" -> left * right;
      default -> left / right;
    };
  }

  private static VectorSchemaRoot batch(BufferAllocator allocator, List<Row> rows) {
    Float4Vector a = new Float4Vector("a", allocator);
    Float8Vector b = new Float8Vector("b", allocator);
    BigIntVector c = new BigIntVector("c", allocator);
    for (int i = 0; i < rows.size(); i++) {
      a.setSafe(i, rows.get(i).a);
      b.setSafe(i, rows.get(i).b);
      c.setSafe(i, rows.get(i).c);
    }
    a.setValueCount(rows.size());
    b.setValueCount(rows.size());
    c.setValueCount(rows.size());
    VectorSchemaRoot root = new VectorSchemaRoot(List.of(a, b, c));
    root.setRowCount(rows.size());
    return root;
  }
}
