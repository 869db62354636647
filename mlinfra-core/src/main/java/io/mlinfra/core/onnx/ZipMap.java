package io.mlinfra.core.onnx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The node at the end of scikit-learn's classifiers that makes a map per row of a table whose
 * columns are classes.
 *
 * @param tensor the value with the table, of floats
 * @param output the value with the maps
 * @param labels of the classes, integers as their digits
 */
record ZipMap(String tensor, String output, List<String> labels) {
  /** Of a node's message; null if it is another operator. */
  static @Nullable ZipMap of(ProtoReader in) {
    String operator = "";
    String domain = "";
    List<String> from = new ArrayList<>();
    List<String> to = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (int part; (part = in.next()) != 0; ) {
      switch (part) {
        case 1 -> from.add(in.text());
        case 2 -> to.add(in.text());
        case 4 -> operator = in.text();
        case 5 -> labels.addAll(labels(in.message()));
        case 7 -> domain = in.text();
        default -> in.skip();
      }
    }
    boolean isZipMap = operator.equals("ZipMap") && domain.equals(GraphBuilder.ML_DOMAIN);
    return isZipMap && from.size() == 1 && to.size() == 1
        ? new ZipMap(from.get(0), to.get(0), labels)
        : null;
  }

  /** Of an attribute: the texts or integers if it is the one that has the classes. */
  private static List<String> labels(ProtoReader in) {
    String name = "";
    List<Long> integers = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text();
        case 8 -> OnnxReader.readIntegers(in, integers);
        case 9 -> texts.add(in.text());
        default -> in.skip();
      }
    }
    return switch (name) {
      case "classlabels_int64s" -> integers.stream().map(String::valueOf).toList();
      case "classlabels_strings" -> texts;
      default -> List.of();
    };
  }
}
