package io.mlinfra.core.onnx;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Gives a graph of others, which takes and gives tables as tensors of shape {@code [N, k]}, one
 * input and one output of shape {@code [N, 1]} per column. What is in the graph stays as it stands,
 * byte for byte: nodes that join the columns go before it, nodes that take the answers apart behind
 * it, and none of them computes more than a type. Only where a value inside has the name of a
 * column is it renamed.
 *
 * <table>
 * <caption>What becomes of an input or output</caption>
 * <tr><th>shape</th><th>columns</th></tr>
 * <tr><td>{@code [N]}, {@code [N, 1]}</td><td>one, of the same name</td></tr>
 * <tr><td>{@code [N, k]}</td><td>k, named {@code name_0}, {@code name_1}…</td></tr>
 * <tr><td>{@code [N, ?]}, or not known</td><td>as many as the caller names</td></tr>
 * <tr><td>{@code sequence(map(…,float))} of a ZipMap</td><td>one per class, named
 *     {@code name_label}; the ZipMap is left out</td></tr>
 * </table>
 *
 * <p>Columns of float, double, int64, string and bool stay what they are. An input of int32 takes
 * int64 and one of float16 takes float: the graph converts, and a number that does not fit comes
 * out as ONNX's Cast says, which is not an error. Outputs of other integer types (but uint64)
 * become int64, those of float16 and bfloat16 float, which loses nothing.
 *
 * <p>N must be for each call to choose. A graph whose input has a fixed number of rows, one
 * included, may mix rows when it is given others (a Reshape to {@code [1, -1]} would), so it is
 * refused; it has to be exported again. An output that says 1 is taken, as older exporters write
 * that for a number of rows they do not know.
 */
public final class OnnxColumns {
  /** ONNX Runtime promises no older operator sets. */
  private static final long OLDEST_OPSET = 7;

  private final byte[] onnx;
  private final Map<String, List<String>> declared;
  private final OnnxInspection file;
  private final List<ProtoReader> graphs = new ArrayList<>();

  private final Set<String> inside = new HashSet<>();
  private final Map<String, ZipMap> zipMaps = new HashMap<>();
  private final Set<String> elsewhere = new HashSet<>();

  private final Set<String> taken = new HashSet<>();
  private final List<ColumnPlan> inputs = new ArrayList<>();
  private final List<ColumnPlan> outputs = new ArrayList<>();
  private final Map<String, String> renamed = new HashMap<>();

  private OnnxColumns(byte[] onnx, Map<String, List<String>> declared) {
    this.onnx = onnx;
    this.declared = declared;
    this.file = OnnxInspection.of(onnx);
  }

  /**
   * Splits a graph's inputs and outputs into columns.
   *
   * @param onnx the file's bytes
   * @param columns the names of the columns by the name of the input or output; what is not there
   *     is named as the table above says, with {@code _2} appended to a name that is taken. An
   *     output with an empty list is left out
   * @param metadata texts about the file, which replace those that it has under the same keys
   * @return the bytes of a file that gives the same answers to the bit; the same bytes if it needs
   *     no change
   * @throws IllegalArgumentException if a name is empty, has a line break or is there twice, if
   *     there are more or fewer names than columns, or the graph has no such input or output
   * @throws MlInfraException {@link ErrorCode#MODEL_REJECTED} if the bytes are no ONNX file, or an
   *     input or output is nothing that has columns
   */
  public static byte[] split(
      byte[] onnx, Map<String, List<String>> columns, Map<String, String> metadata) {
    OnnxColumns split = new OnnxColumns(onnx.clone(), columns);
    try {
      split.plan();
      return split.isAsItIs() && metadata.isEmpty() ? split.onnx : split.rewrite(metadata);
    } catch (OnnxFormatException e) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED, "not an ONNX file: " + e.getMessage(), e);
    }
  }

  private void plan() {
    requireNames("input", file.inputs());
    requireNames("output", file.outputs());
    requireDeclaredNames();
    lookInside();
    for (OnnxInspection.Value input : file.inputs()) {
      inputs.add(named(ColumnPlan.input(input, declared.get(input.name()))));
    }
    for (OnnxInspection.Value output : file.outputs()) {
      List<String> names = declared.get(output.name());
      if (names == null || !names.isEmpty()) {
        outputs.add(named(ColumnPlan.output(output, zipMaps.get(output.name()), names)));
      }
    }
    if (outputs.isEmpty()) {
      throw new IllegalArgumentException("columns leave out every output");
    }
    rename();
  }

  private boolean isAsItIs() {
    return outputs.size() == file.outputs().size()
        && inputs.stream().allMatch(ColumnPlan::isAsItIs)
        && outputs.stream().allMatch(ColumnPlan::isAsItIs);
  }

  // ---- names

  private static void requireNames(String what, List<OnnxInspection.Value> values) {
    Set<String> names = new HashSet<>();
    for (OnnxInspection.Value value : values) {
      if (value.name().isEmpty()) {
        throw ColumnPlan.rejected("an " + what + " has no name");
      }
      if (!names.add(value.name())) {
        throw ColumnPlan.rejected("the " + what + " '" + value.name() + "' is there twice");
      }
    }
  }

  private void requireDeclaredNames() {
    Set<String> known = new HashSet<>();
    file.inputs().forEach(value -> known.add(value.name()));
    file.outputs().forEach(value -> known.add(value.name()));
    declared.forEach(
        (value, names) -> {
          if (!known.contains(value)) {
            throw new IllegalArgumentException(
                "columns are named for '"
                    + value
                    + "'; the graph takes "
                    + show(file.inputs())
                    + " and gives "
                    + show(file.outputs()));
          }
          for (String name : names) {
            if (name.isEmpty() || name.indexOf('\n') >= 0) {
              throw new IllegalArgumentException(
                  "column ('" + name + "') of '" + value + "' must be a name on one line");
            }
            if (!taken.add(name)) {
              throw new IllegalArgumentException("the column '" + name + "' is there twice");
            }
          }
        });
  }

  private static String show(List<OnnxInspection.Value> values) {
    return values.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /** Names that were inferred give way to all others. */
  private ColumnPlan named(ColumnPlan plan) {
    return declared.containsKey(plan.value())
        ? plan
        : plan.withColumns(plan.columns().stream().map(column -> unused(column, "_")).toList());
  }

  /** The name, or the first that is not taken with 2, 3… appended; it is taken then. */
  private String unused(String name, String separator) {
    String made = name;
    for (int i = 2; !taken.add(made); i++) {
      made = name + separator + i;
    }
    return made;
  }

  private void rename() {
    Set<String> kept = new HashSet<>();
    inputs.stream().filter(ColumnPlan::isAsItIs).forEach(plan -> kept.add(plan.value()));
    outputs.stream().filter(ColumnPlan::isAsItIs).forEach(plan -> kept.add(plan.value()));
    List<String> columns = new ArrayList<>();
    inputs.forEach(plan -> columns.addAll(plan.columns()));
    outputs.forEach(plan -> columns.addAll(plan.columns()));
    taken.addAll(inside);
    for (String column : columns) {
      if (inside.contains(column) && !kept.contains(column)) {
        renamed.put(column, unused(column + ".inside", "."));
      }
    }
  }

  private String inner(String name) {
    return renamed.getOrDefault(name, name);
  }

  private String fresh() {
    return unused("columns", ".");
  }

  // ---- what is there

  private void lookInside() {
    ProtoReader model = new ProtoReader(onnx);
    for (int field; (field = model.next()) != 0; ) {
      if (field != 7) {
        model.skip();
        continue;
      }
      // Of two of them, protobuf's readers make one with the fields of both.
      byte[] graph = model.bytes();
      graphs.add(new ProtoReader(graph));
      ProtoReader in = new ProtoReader(graph);
      for (int part; (part = in.next()) != 0; ) {
        byte[] bytes = in.verbatim();
        ZipMap zipMap = part == 1 ? ZipMap.of(standing(bytes).message()) : null;
        if (zipMap != null) {
          zipMaps.put(zipMap.output(), zipMap);
        } else if (part == 1) {
          GraphRenamer.collect(standing(bytes), part, elsewhere);
        }
        GraphRenamer.collect(standing(bytes), part, inside);
      }
    }
  }

  /** A reader at a field that was taken out as it stands. */
  private static ProtoReader standing(byte[] field) {
    ProtoReader in = new ProtoReader(field);
    in.next();
    return in;
  }

  // ---- the file

  private byte[] rewrite(Map<String, String> metadata) {
    boolean addsNodes =
        Stream.of(inputs, outputs).flatMap(List::stream).anyMatch(plan -> !plan.isAsItIs());
    long known = file.operatorSets().getOrDefault("", 0L);
    boolean addsOpset = addsNodes && known == 0;
    long opset = addsOpset ? ColumnNodes.WITH_AXES_AS_INPUT : known;
    if (addsNodes && opset < OLDEST_OPSET) {
      throw ColumnPlan.rejected(
          "its operator set " + opset + " is older than " + OLDEST_OPSET + "; export it again");
    }
    ProtoWriter model = new ProtoWriter();
    ProtoReader in = new ProtoReader(onnx);
    boolean isWritten = false;
    for (int field; (field = in.next()) != 0; ) {
      byte[] bytes = in.verbatim();
      if (field == 7) {
        if (!isWritten) {
          model.message(7, graph(opset));
        }
        isWritten = true;
      } else if (field != 14 || !metadata.containsKey(name(standing(bytes).message()))) {
        model.verbatim(bytes);
      }
    }
    if (addsOpset) {
      ProtoWriter set = new ProtoWriter();
      set.text(1, "");
      set.varint(2, opset);
      model.message(8, set);
    }
    metadata.forEach(
        (key, value) -> {
          ProtoWriter entry = new ProtoWriter();
          entry.text(1, key);
          entry.text(2, value);
          model.message(14, entry);
        });
    return model.toBytes();
  }

  private ProtoWriter graph(long opset) {
    ColumnNodes before = new ColumnNodes(opset, this::fresh);
    ColumnNodes after = new ColumnNodes(opset, this::fresh);
    inputs.forEach(plan -> before.join(plan, inner(plan.tensor())));
    outputs.forEach(plan -> after.takeApart(plan, inner(plan.tensor())));
    ProtoWriter graph = new ProtoWriter();
    graph.verbatim(before.toBytes());
    ProtoWriter nodes = new ProtoWriter();
    ProtoWriter rest = new ProtoWriter();
    List<byte[]> taking = new ArrayList<>();
    List<byte[]> giving = new ArrayList<>();
    for (ProtoReader in : graphs) {
      for (int field; (field = in.next()) != 0; ) {
        switch (field) {
          case 1 -> {
            byte[] node = in.verbatim();
            if (!isBypassed(node)) {
              nodes.verbatim(GraphRenamer.rename(standing(node), field, renamed));
            }
          }
          case 11 -> taking.add(in.verbatim());
          case 12 -> giving.add(in.verbatim());
          default -> rest.verbatim(GraphRenamer.rename(in, field, renamed));
        }
      }
    }
    graph.verbatim(nodes.toBytes());
    graph.verbatim(after.toBytes());
    graph.verbatim(rest.toBytes());
    declare(graph, 11, inputs, taking, true);
    declare(graph, 12, outputs, giving, false);
    return graph;
  }

  private boolean isBypassed(byte[] node) {
    ZipMap zipMap = ZipMap.of(standing(node).message());
    return zipMap != null
        && !elsewhere.contains(zipMap.output())
        && outputs.stream()
            .anyMatch(plan -> plan.bypassesZipMap() && plan.value().equals(zipMap.output()));
  }

  /** The first field of a message that has its name, or key, there. */
  private static String name(ProtoReader message) {
    String name = "";
    for (int field; (field = message.next()) != 0; ) {
      if (field == 1) {
        name = message.text();
      } else {
        message.skip();
      }
    }
    return name;
  }

  /** The columns in place of the inputs or outputs; what stays as it is keeps its bytes. */
  private void declare(
      ProtoWriter graph, int field, List<ColumnPlan> plans, List<byte[]> old, boolean keepsOthers) {
    Map<String, ColumnPlan> byName = new HashMap<>();
    plans.forEach(plan -> byName.put(plan.value(), plan));
    for (byte[] bytes : old) {
      ColumnPlan plan = byName.get(name(standing(bytes).message()));
      if (plan == null) {
        if (keepsOthers) {
          // The default of a constant that a call may replace, as files of IR 3 list all of them.
          graph.verbatim(GraphRenamer.rename(standing(bytes), field, renamed));
        }
      } else if (plan.isAsItIs()) {
        graph.verbatim(bytes);
      } else {
        for (String column : plan.columns()) {
          ValueInfo info = new ValueInfo(column, plan.columnType(), List.of(plan.rows(), "1"));
          graph.message(field, OnnxWriter.valueInfo(info));
        }
      }
    }
  }
}
