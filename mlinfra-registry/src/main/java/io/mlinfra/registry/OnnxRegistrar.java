package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.OnnxInspection;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes versions of ONNX files that others wrote, and says why one of them cannot be served. */
final class OnnxRegistrar {
  private static final String ORIGINAL = "original.onnx";
  private static final String TENSORS = "signature.json";
  private static final String ADAPTED = OnnxImport.RESERVED + "adapted";

  /** So that a few bytes that claim wide tables do not become gigabytes of columns. */
  private static final long MAX_COLUMNS = 65_536;

  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  private final Registrar registrar;

  OnnxRegistrar(Registrar registrar) {
    this.registrar = registrar;
  }

  Version register(String name, OnnxImport file) throws IOException {
    Registration registration =
        Registration.of(Kind.MODEL, name).properties(file.properties()).madeFrom(file.madeFrom());
    requireNothingDeclaredAsIs(file);
    byte[] original = file.read();
    String what = file.label() + " cannot be registered as model '" + name + "': ";
    OnnxInspection found;
    try {
      found = OnnxInspection.of(original);
      file.policy().check(found);
    } catch (MlInfraException e) {
      throw new MlInfraException(e.code(), what + e.getMessage(), e);
    }
    boolean adapted = false;
    if (file.isAsIs()) {
      registration.content(original).attach(TENSORS, Json.compact(tensors(found)));
    } else {
      Model model = adapt(what, original, found, file);
      requireDeclared(what, file.signature(), model.signature());
      byte[] onnx = model.toOnnx();
      registration.content(onnx);
      CandidateRegistrar.attachExample(registration, file.inputExample(), model.signature());
      adapted = !Arrays.equals(onnx, original);
      if (adapted) {
        registration.attach(ORIGINAL, original);
      }
    }
    describe(registration, found, ContentHash.of(original), adapted);
    return registrar.register(registration);
  }

  private static void requireNothingDeclaredAsIs(OnnxImport file) {
    if (file.isAsIs()
        && (!file.columns().isEmpty()
            || !file.nullable().isEmpty()
            || !file.inputExample().isEmpty()
            || file.signature() != null)) {
      throw new IllegalArgumentException(
          file.label()
              + " is to be registered as it is (asIs), so it must have no columns, nullable columns,"
              + " signature or input example declared");
    }
  }

  private static Model adapt(String what, byte[] onnx, OnnxInspection found, OnnxImport file) {
    try {
      requireFewColumns(found, file);
      return Model.adapt(onnx, file.columns(), file.nullable());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          what
              + e.getMessage()
              + "; declared are the columns "
              + Texts.abbreviated(file.columns().toString())
              + (file.nullable().isEmpty()
                  ? ""
                  : ", nullable " + Texts.abbreviated(file.nullable().toString())),
          e);
    } catch (MlInfraException e) {
      throw new MlInfraException(
          e.code(),
          what
              + e.getMessage()
              + "; OnnxImport.asIs() registers it all the same, as content that is not served by"
              + " row",
          e);
    }
  }

  private static void requireFewColumns(OnnxInspection found, OnnxImport file) {
    long columns = 0;
    for (OnnxInspection.Value value :
        Stream.of(found.inputs(), found.outputs()).flatMap(List::stream).toList()) {
      List<String> shape = value.shape().orElse(List.of());
      boolean isLeftOut = List.of().equals(file.columns().get(value.name()));
      if (shape.size() == 2 && NUMBER.matcher(shape.get(1)).matches() && !isLeftOut) {
        columns += Math.min(Long.parseLong(shape.get(1)), MAX_COLUMNS + 1);
      }
    }
    if (columns > MAX_COLUMNS) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          "what it takes and gives has more than " + MAX_COLUMNS + " columns");
    }
  }

  private static void requireDeclared(String what, @Nullable Signature declared, Signature found) {
    if (declared != null) {
      requireDeclared(what + "it takes ", declared.inputs(), found.inputs());
      requireDeclared(what + "it gives ", declared.outputs(), found.outputs());
    }
  }

  /** The order is left open, for columns have names. */
  private static void requireDeclared(String what, List<Column> declared, List<Column> found) {
    List<Column> undeclared = without(found, declared);
    List<Column> missing = without(declared, found);
    if (!undeclared.isEmpty() || !missing.isEmpty()) {
      throw new MlInfraException(
          ErrorCode.MODEL_REJECTED,
          what
              + few(undeclared, "nothing that is not declared")
              + (undeclared.isEmpty() ? "" : ", not declared")
              + "; declared and not there: "
              + few(missing, "nothing"));
    }
  }

  private static List<Column> without(List<Column> columns, Collection<Column> others) {
    return columns.stream().filter(column -> !others.contains(column)).toList();
  }

  private static String few(List<Column> columns, String otherwise) {
    return columns.isEmpty()
        ? otherwise
        : Texts.few(columns.stream().map(Column::toString).map(Texts::abbreviated).toList());
  }

  /** Briefly, whatever the file says: a record must stay small. */
  private static void describe(
      Registration registration, OnnxInspection found, ContentHash original, boolean adapted) {
    String producer = (found.producer() + " " + found.producerVersion()).strip();
    if (!producer.isEmpty()) {
      registration.property(OnnxImport.RESERVED + "producer", Texts.abbreviated(producer));
    }
    registration.property(OnnxImport.RESERVED + "sha256", original.hex());
    registration.property(
        OnnxImport.RESERVED + "opset",
        Texts.few(
            new TreeMap<>(found.operatorSets())
                .entrySet().stream()
                    .map(set -> domain(set.getKey()) + " " + set.getValue())
                    .toList()));
    registration.property(ADAPTED, adapted ? "yes" : "no");
  }

  private static String domain(String domain) {
    return domain.isEmpty() ? "ai.onnx" : Texts.abbreviated(domain);
  }

  private static ObjectNode tensors(OnnxInspection found) {
    ObjectNode json = Json.object();
    put(json.putArray("inputs"), found.inputs());
    put(json.putArray("outputs"), found.outputs());
    return json;
  }

  private static void put(ArrayNode json, List<OnnxInspection.Value> values) {
    for (OnnxInspection.Value value : values) {
      ObjectNode tensor = json.addObject().put("name", value.name()).put("type", value.type());
      value.shape().ifPresent(shape -> putShape(tensor.putArray("shape"), shape));
    }
  }

  /** A number, the name of a dimension that each call chooses, or null for one without a name. */
  private static void putShape(ArrayNode json, List<String> shape) {
    for (String dimension : shape) {
      if (dimension.isEmpty()) {
        json.addNull();
      } else if (NUMBER.matcher(dimension).matches()) {
        json.add(Long.parseLong(dimension)); // fits: no name is all digits
      } else {
        json.add(dimension);
      }
    }
  }

  /** The content of a version as a model. */
  static Model model(Version version, byte[] content) {
    try {
      return Model.read(content);
    } catch (MlInfraException e) {
      // What was imported otherwise than as it came is a model.
      boolean isAsIs = version.properties().containsKey(ADAPTED);
      throw new MlInfraException(
          e.code(),
          version.id()
              + " is "
              + e.getMessage()
              + (isAsIs
                  ? "; it was registered as it is (OnnxImport.asIs), for its content to be used, not"
                      + " to be served by row"
                  : ""),
          e);
    }
  }
}
