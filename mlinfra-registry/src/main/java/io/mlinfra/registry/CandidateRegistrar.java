package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the versions of a training: its pipeline, its run and its model, all of one name. */
final class CandidateRegistrar {
  private static final String INPUT_EXAMPLE = "input-example.json";

  private final VersionStore versions;
  private final Registrar registrar;

  CandidateRegistrar(VersionStore versions, Registrar registrar) {
    this.versions = versions;
    this.registrar = registrar;
  }

  /** A candidate, asked once for everything, and found fit to be registered. */
  record Prepared(
      Run run,
      Map<String, List<Double>> curves,
      List<Version> inputs,
      @Nullable Registration ofPipeline,
      Registration ofRun,
      Registration ofModel) {}

  /** What became of it. */
  record Registered(Version run, Version model) {}

  /** Refuses what can be refused before anything is written. */
  Prepared prepare(String name, Candidate candidate) throws IOException {
    Run run = candidate.run();
    Model model = candidate.model();
    List<Version> inputs = new ArrayList<>();
    for (VersionId id : run.inputs()) {
      inputs.add(versions.require(id).version());
    }
    Registration ofModel = Registration.of(Kind.MODEL, name).content(model.toOnnx());
    attachExample(ofModel, List.copyOf(candidate.inputExample()), model.signature());
    Registration ofRun = Registration.of(Kind.RUN, name).content(run.toJson());
    registrar.check(ofModel);
    registrar.check(ofRun);
    Registration ofPipeline = null;
    Optional<String> pipeline = candidate.pipeline();
    if (pipeline.isPresent()) {
      Texts.requireUnicode("pipeline", pipeline.get());
      ofPipeline =
          Registration.of(Kind.PIPELINE, name)
              .content(pipeline.get().getBytes(StandardCharsets.UTF_8));
      registrar.check(ofPipeline);
    }
    return new Prepared(run, copy(candidate.curves()), inputs, ofPipeline, ofRun, ofModel);
  }

  private static Map<String, List<Double>> copy(Map<String, List<Double>> curves) {
    Map<String, List<Double>> copy = new TreeMap<>();
    curves.forEach(
        (metric, values) ->
            copy.put(Texts.requireUnicode("metric name", metric), List.copyOf(values)));
    return copy;
  }

  /** Keeps what is made of other things after these. */
  Registered register(Prepared prepared) throws IOException {
    List<Version> madeFrom = new ArrayList<>(prepared.inputs());
    if (prepared.ofPipeline() != null) {
      madeFrom.add(registrar.register(prepared.ofPipeline()));
    }
    Version run = registrar.register(prepared.ofRun().madeFrom(madeFrom));
    return new Registered(run, registrar.register(prepared.ofModel().madeFrom(run)));
  }

  /** Attaches rows, if there are any, that a model of that signature takes. */
  static void attachExample(
      Registration ofModel, List<Map<String, Object>> rows, Signature signature) {
    if (!rows.isEmpty()) {
      ofModel.attach(INPUT_EXAMPLE, toJson(rows, signature));
    }
  }

  private static byte[] toJson(List<Map<String, Object>> rows, Signature signature) {
    ArrayNode json = Json.object().arrayNode();
    for (int row = 0; row < rows.size(); row++) {
      String what = "inputExample row " + (row + 1);
      Map<String, Object> values = rows.get(row);
      for (String name : values.keySet()) {
        try {
          signature.input(name);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
        }
      }
      ObjectNode object = json.addObject();
      for (Column column : signature.inputs()) {
        put(object, what, column, values.get(column.name()));
      }
    }
    return Json.compact(json);
  }

  private static void put(ObjectNode row, String what, Column column, @Nullable Object value) {
    if (value == null) {
      if (!column.nullable()) {
        throw new IllegalArgumentException(
            what + " has no '" + column.name() + "', and it must not be missing");
      }
    } else if (!column.type().javaType().isInstance(value)) {
      throw new IllegalArgumentException(
          what
              + ": '"
              + column.name()
              + "' ("
              + Texts.abbreviated(value.toString())
              + ") is a "
              + value.getClass().getName()
              + "; it must be a "
              + column.type().javaType().getName());
    } else if (value instanceof Float number) {
      row.put(column.name(), number);
    } else if (value instanceof Double number) {
      row.put(column.name(), number);
    } else if (value instanceof Long number) {
      row.put(column.name(), number);
    } else if (value instanceof Boolean truth) {
      row.put(column.name(), truth);
    } else {
      String text = value.toString();
      row.put(column.name(), Texts.requireUnicode(what + ": '" + column.name() + "'", text));
    }
  }
}
