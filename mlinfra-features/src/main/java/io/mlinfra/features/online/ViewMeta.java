package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.FeaturePlan;
import io.mlinfra.features.internal.KeyType;
import io.mlinfra.features.internal.ValueType;
import io.mlinfra.features.view.FeatureView;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What a store knows of a view: enough to serve it without the warehouse.
 *
 * @param definition of the view, without what computes nothing
 * @param materializedAt in microseconds; {@link #NEVER} for a view that is defined only
 */
record ViewMeta(
    String name,
    String definition,
    List<KeyType> keyTypes,
    List<FeaturePlan.Input> inputs,
    boolean zoned,
    long materializedAt) {
  static final long NEVER = Long.MIN_VALUE;
  private static final int FORMAT = 1;

  static ViewMeta of(FeaturePlan plan, long materializedAt) {
    return new ViewMeta(
        plan.view().name(),
        computing(plan.view()),
        plan.keyTypes(),
        List.copyOf(plan.inputs()),
        plan.isZoned(),
        materializedAt);
  }

  /** The definition of a view without its owner, description and tags. */
  static String computing(FeatureView view) {
    return view.definition()
        .lines()
        .filter(line -> !line.matches(" {2}(owner|description|tag) .*"))
        .collect(Collectors.joining("\n"));
  }

  /** Whether both mean the same values of the same events. */
  boolean computesAs(ViewMeta other) {
    return definition.equals(other.definition)
        && keyTypes.equals(other.keyTypes)
        && inputs.equals(other.inputs)
        && zoned == other.zoned;
  }

  boolean isMaterialized() {
    return materializedAt != NEVER;
  }

  ViewMeta at(long time) {
    return new ViewMeta(name, definition, keyTypes, inputs, zoned, time);
  }

  /** The plan of a view of this definition. */
  FeaturePlan plan(FeatureView view) {
    // A source of columns of just these types.
    List<Field> fields = new ArrayList<>();
    ArrowType time = new ArrowType.Timestamp(TimeUnit.MICROSECOND, zoned ? "UTC" : null);
    fields.add(Field.nullable(view.eventTime(), time));
    view.knownAt().ifPresent(column -> fields.add(Field.nullable(column, time)));
    for (int k = 0; k < keyTypes.size(); k++) {
      ValueType type = keyTypes.get(k) == KeyType.TEXT ? ValueType.TEXT : ValueType.INT64;
      fields.add(Field.nullable(view.entity().keys().get(k), type.arrowType()));
    }
    inputs.forEach(input -> fields.add(Field.nullable(input.name(), input.type().arrowType())));
    return FeaturePlan.of(view, new Schema(fields));
  }

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream to = new DataOutputStream(bytes)) {
      to.writeByte(FORMAT);
      text(to, definition);
      to.writeInt(keyTypes.size());
      for (KeyType type : keyTypes) {
        text(to, type.name());
      }
      to.writeInt(inputs.size());
      for (FeaturePlan.Input input : inputs) {
        text(to, input.name());
        text(to, input.type().name());
      }
      to.writeBoolean(zoned);
      to.writeLong(materializedAt);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void text(DataOutputStream to, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    to.writeInt(bytes.length);
    to.write(bytes);
  }

  static ViewMeta decode(String view, byte[] bytes) {
    try (DataInputStream from = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (from.readByte() != FORMAT) {
        throw new IOException("another format");
      }
      String definition = text(from);
      List<KeyType> keyTypes = new ArrayList<>();
      for (int k = from.readInt(); k > 0; k--) {
        keyTypes.add(KeyType.valueOf(text(from)));
      }
      List<FeaturePlan.Input> inputs = new ArrayList<>();
      for (int i = from.readInt(); i > 0; i--) {
        inputs.add(new FeaturePlan.Input(text(from), ValueType.valueOf(text(from))));
      }
      return new ViewMeta(view, definition, keyTypes, inputs, from.readBoolean(), from.readLong());
    } catch (IOException | IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "what is kept of feature view '" + view + "' cannot be read: " + e.getMessage(),
          e);
    }
  }

  private static String text(DataInputStream from) throws IOException {
    return new String(from.readNBytes(from.readInt()), StandardCharsets.UTF_8);
  }
}
