package io.mlinfra.features.transform;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.onnx.Attribute;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * One 0-or-1 number per category of a text or whole-number column. Categories are those of the
 * training data, in their natural order; one that was never seen gives all zeros. Missing text
 * counts as the empty text.
 */
record OneHot(List<String> columns) implements Transform {
  /** More categories than this are a mistake more often than a wish: an identifier, a timestamp. */
  static final int MOST_CATEGORIES = 10_000;

  OneHot {
    columns = List.copyOf(columns);
  }

  @Override
  public Fitter fitter(Schema schema) {
    return new Categories(columns, schema);
  }

  /** The value of a row as a category: a String or a Long. */
  private static Comparable<?> category(FieldVector vector, int row) {
    if (vector instanceof VarCharVector text) {
      return text.isNull(row) ? "" : new String(text.get(row), StandardCharsets.UTF_8);
    }
    if (vector.isNull(row)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + vector.getName()
              + "' is missing in row "
              + row
              + " of a batch; oneHot takes whole numbers without gaps");
    }
    return ((BaseIntVector) vector).getValueAsLong(row);
  }

  private static final class Categories implements Fitter {
    private final List<String> columns;
    private final List<ColumnType> types = new ArrayList<>();
    private final List<TreeSet<Comparable<?>>> seen = new ArrayList<>();
    private final boolean[] gaps;

    Categories(List<String> columns, Schema schema) {
      this.columns = columns;
      this.gaps = new boolean[columns.size()];
      for (String name : columns) {
        ColumnType type = RawColumns.type(schema, name);
        if (type != ColumnType.STRING && type != ColumnType.INT64) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '" + name + "' is " + type + "; oneHot takes text and whole numbers");
        }
        types.add(type);
        seen.add(new TreeSet<>());
      }
    }

    @Override
    public void accept(VectorSchemaRoot batch) {
      for (int i = 0; i < columns.size(); i++) {
        FieldVector vector = RawColumns.vector(batch, columns.get(i));
        TreeSet<Comparable<?>> categories = seen.get(i);
        for (int row = 0; row < batch.getRowCount(); row++) {
          gaps[i] |= vector.isNull(row);
          categories.add(category(vector, row));
        }
        requireFew(i);
      }
    }

    private void requireFew(int i) {
      if (seen.get(i).size() > MOST_CATEGORIES) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "column '"
                + columns.get(i)
                + "' has more than "
                + MOST_CATEGORIES
                + " categories; is it an identifier?");
      }
    }

    @Override
    public void merge(Fitter other) {
      for (int i = 0; i < columns.size(); i++) {
        seen.get(i).addAll(((Categories) other).seen.get(i));
        gaps[i] |= ((Categories) other).gaps[i];
        requireFew(i);
      }
    }

    @Override
    public Fitted finish() {
      List<Column> inputs = new ArrayList<>();
      List<List<Comparable<?>>> categories = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        TreeSet<Comparable<?>> found = seen.get(i);
        boolean onlyGaps = gaps[i] && found.size() == 1 && found.contains("");
        if (found.isEmpty() || onlyGaps) {
          throw new MlInfraException(
              ErrorCode.DATA_UNSUITABLE,
              "column '"
                  + columns.get(i)
                  + "' has no value in any row, so there is nothing to learn from it");
        }
        inputs.add(new Column(columns.get(i), types.get(i), gaps[i]));
        categories.add(List.copyOf(found));
      }
      return new FittedOneHot(inputs, categories);
    }
  }

  private static final class FittedOneHot implements Fitted {
    private final List<Column> inputs;
    private final List<List<Comparable<?>>> categories;
    private final List<Lookup> lookups = new ArrayList<>();

    FittedOneHot(List<Column> inputs, List<List<Comparable<?>>> categories) {
      this.inputs = List.copyOf(inputs);
      this.categories = List.copyOf(categories);
      for (int i = 0; i < inputs.size(); i++) {
        lookups.add(lookup(inputs.get(i).type(), categories.get(i)));
      }
    }

    /** The position of a row's category, -1 for an unseen one. */
    private interface Lookup {
      int find(FieldVector vector, int row);
    }

    private static Lookup lookup(ColumnType type, List<Comparable<?>> categories) {
      if (type == ColumnType.STRING) {
        TextIndex index = new TextIndex(categories.stream().map(String.class::cast).toList());
        return (vector, row) -> index.find((VarCharVector) vector, row);
      }
      Map<Comparable<?>, Integer> index = new HashMap<>();
      categories.forEach(category -> index.put(category, index.size()));
      return (vector, row) -> index.getOrDefault(((BaseIntVector) vector).getValueAsLong(row), -1);
    }

    @Override
    public List<Column> inputs() {
      return inputs;
    }

    @Override
    public List<String> outputs() {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        for (Comparable<?> category : categories.get(i)) {
          names.add(inputs.get(i).name() + "=" + category);
        }
      }
      return names;
    }

    @Override
    public void apply(VectorSchemaRoot batch, FloatBuffer into, int first, int stride) {
      int base = first;
      for (int i = 0; i < inputs.size(); i++) {
        Column input = inputs.get(i);
        FieldVector vector = RawColumns.vector(batch, input);
        Lookup lookup = lookups.get(i);
        for (int row = 0; row < batch.getRowCount(); row++) {
          if (!input.nullable() && vector.isNull(row)) {
            throw new MlInfraException(
                ErrorCode.DATA_UNSUITABLE,
                "column '"
                    + input.name()
                    + "' is missing in row "
                    + row
                    + " of a batch, and was never missing in the training data");
          }
          int position = lookup.find(vector, row);
          if (position >= 0) {
            into.put(base + row * stride + position, 1f);
          }
        }
        base += categories.get(i).size();
      }
    }

    @Override
    public String write(GraphBuilder graph, UnaryOperator<String> values) {
      List<String> blocks = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        List<Comparable<?>> list = categories.get(i);
        int depth = list.size();
        // An unseen category becomes the position behind the last one, which OneHot shows as all
        // zeros.
        List<Long> positions = LongStream.range(0, depth).boxed().toList();
        Attribute keys =
            inputs.get(i).type() == ColumnType.STRING
                ? new Attribute.Texts(
                    "keys_strings", list.stream().map(String.class::cast).toList())
                : new Attribute.Ints("keys_int64s", list.stream().map(Long.class::cast).toList());
        String position =
            graph.mlNode(
                "LabelEncoder",
                List.of(values.apply(inputs.get(i).name())),
                keys,
                new Attribute.Ints("values_int64s", positions),
                new Attribute.Int("default_int64", depth));
        String hot =
            graph.node(
                "OneHot",
                List.of(
                    position,
                    graph.constant(TensorValue.int64s(new long[] {depth}, 1)),
                    graph.constant(TensorValue.floats(new float[] {0, 1}, 2))),
                new Attribute.Int("axis", -1));
        // [N, 1, depth] to [N, depth].
        blocks.add(
            graph.node("Squeeze", hot, graph.constant(TensorValue.int64s(new long[] {1}, 1))));
      }
      return blocks.size() == 1
          ? blocks.get(0)
          : graph.node("Concat", blocks, new Attribute.Int("axis", 1));
    }

    @Override
    public String toString() {
      return "oneHot" + inputs.stream().map(Column::name).toList();
    }
  }
}
