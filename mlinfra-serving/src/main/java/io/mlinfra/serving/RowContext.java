package io.mlinfra.serving;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that one prediction needs, made once and used again: eight bytes of native memory per column,
 * and tensors over them, so that a call only writes values, runs, and reads values. Not
 * thread-safe; calls take turns through a {@link Pool}.
 */
final class RowContext implements AutoCloseable {
  private static final int SLOT = 8;
  private static final long[] ONE = {1, 1};

  private final OnnxSession session;
  private final List<Column> inputs;
  private final List<Column> outputs;
  private final ByteBuffer memory;
  private final TextTensors texts;
  private final Map<String, OnnxTensor> inputTensors = new LinkedHashMap<>();
  private final Map<String, OnnxTensor> pinned = new LinkedHashMap<>();
  private final Set<String> requested = new LinkedHashSet<>();
  private final List<OnnxTensor> owned = new ArrayList<>();

  RowContext(OnnxSession session) {
    this.session = session;
    this.inputs = session.signature().inputs();
    this.outputs = session.signature().outputs();
    // Arrow and the JDK hand buffers out big-endian; the runtime reads the machine's own order.
    this.memory =
        ByteBuffer.allocateDirect(SLOT * (inputs.size() + outputs.size()))
            .order(ByteOrder.nativeOrder());
    this.texts = new TextTensors(session);
    try {
      for (int i = 0; i < inputs.size(); i++) {
        if (inputs.get(i).type() != ColumnType.STRING) {
          inputTensors.put(session.inputNames().get(i), tensor(inputs.get(i).type(), i));
        }
      }
      for (int i = 0; i < outputs.size(); i++) {
        String name = session.outputNames().get(i);
        if (outputs.get(i).type() == ColumnType.STRING) {
          requested.add(name); // texts cannot be written into memory of ours
        } else {
          pinned.put(name, tensor(outputs.get(i).type(), inputs.size() + i));
        }
      }
    } catch (OrtException e) {
      close();
      throw session.failed(e);
    }
  }

  private OnnxTensor tensor(ColumnType type, int slot) throws OrtException {
    ByteBuffer place = memory.slice(SLOT * slot, SLOT).order(ByteOrder.nativeOrder());
    OnnxTensor tensor = Tensors.over(session.environment(), type, place, ONE, 1);
    owned.add(tensor);
    return tensor;
  }

  /** The outputs in the signature's order. */
  Object[] predict(Map<String, ?> row) {
    try {
      fill(row);
      try (OrtSession.Result result = session.run(inputTensors, requested, pinned)) {
        Object[] values = new Object[outputs.size()];
        for (int i = 0; i < values.length; i++) {
          int at = SLOT * (inputs.size() + i);
          values[i] =
              switch (outputs.get(i).type()) {
                case FLOAT32 -> memory.getFloat(at);
                case FLOAT64 -> memory.getDouble(at);
                case INT64 -> memory.getLong(at);
                case BOOL -> memory.get(at) != 0;
                case STRING -> text(result, i);
              };
        }
        return values;
      }
    } catch (OrtException e) {
      throw session.failed(e);
    } finally {
      texts.endRow();
    }
  }

  private void fill(Map<String, ?> row) throws OrtException {
    for (int i = 0; i < inputs.size(); i++) {
      Column column = inputs.get(i);
      Object value = row.get(column.name());
      if (value == null && !row.containsKey(column.name())) {
        throw RowErrors.missing(column, row, session.signature());
      }
      int at = SLOT * i;
      switch (column.type()) {
        case FLOAT32 -> memory.putFloat(at, Values.float32(column, value));
        case FLOAT64 -> memory.putDouble(at, Values.float64(column, value));
        case INT64 -> memory.putLong(at, Values.int64(column, value));
        case BOOL -> memory.put(at, (byte) (Values.bool(column, value) ? 1 : 0));
        case STRING -> {
          String raw = Values.string(column, value);
          String text = session.encode(raw);
          if (text == null) {
            throw RowErrors.unfaithful(column, raw);
          }
          inputTensors.put(session.inputNames().get(i), texts.get(text));
        }
      }
    }
    if (row.size() != inputs.size()) {
      throw RowErrors.unknown(row, session.signature());
    }
  }

  private String text(OrtSession.Result result, int output) throws OrtException {
    OnnxValue value = result.get(session.outputNames().get(output)).orElseThrow();
    if (value instanceof OnnxTensor tensor
        && tensor.getInfo().type == OnnxJavaType.STRING
        && tensor.getInfo().getNumElements() == 1
        && tensor.getValue() instanceof String[][] texts) {
      return Texts.decode(texts[0][0]);
    }
    throw new MlInfraException(
        ErrorCode.MODEL_REJECTED,
        "the model's output '" + outputs.get(output).name() + "' is not one text per row");
  }

  @Override
  public void close() {
    owned.forEach(OnnxTensor::close);
    owned.clear();
    texts.close();
  }
}
