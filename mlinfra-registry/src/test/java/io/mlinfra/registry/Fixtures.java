package io.mlinfra.registry;

import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.GraphBuilder;
import io.mlinfra.core.onnx.TensorValue;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What the tests of the registry share. */
final class Fixtures {
  private Fixtures() {}

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Registers a text as a model, without properties and lineage. */
  static Version registerModel(Registry registry, String name, String content) {
    return registry.register(Registration.of(Kind.MODEL, name).content(utf8(content)));
  }

  /** A model that multiplies its input. */
  static Model multiplyBy(float factor) {
    GraphBuilder graph = new GraphBuilder("multiply");
    String x = graph.input("x", ElementType.FLOAT, "N", "1");
    String constant = graph.constant(TensorValue.floats(new float[] {factor}, 1));
    graph.output(graph.node("Mul", x, constant), "y", ElementType.FLOAT, "N", "1");
    return Model.of(graph, Set.of());
  }

  static Candidate candidate(Model model, Run run) {
    return new Candidate() {
      @Override
      public Model model() {
        return model;
      }

      @Override
      public Run run() {
        return run;
      }
    };
  }

  static Run run(double auc, VersionId... inputs) {
    return new Run(
        Map.of("seed", "7", "hidden", "64 32"),
        Map.of("auc", auc),
        Map.of("backend", "plain"),
        List.of(inputs));
  }

  static Path blob(Path folder, Version version) {
    return new Layout(folder).blob(version.id().hash());
  }

  static Path record(Path folder, Version version) {
    return new Layout(folder).version(version.id());
  }

  /** A record with the check that belongs to it. */
  static String withCheck(String record) {
    String body = record.substring(0, record.indexOf(",\n  \"check\""));
    return body + ",\n  \"check\" : \"" + ContentHash.of(body) + "\"\n}\n";
  }

  static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  static void deleteAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  static void copyAll(Path from, Path to) throws IOException {
    for (Path file : filesBelow(from)) {
      Path target = to.resolve(from.relativize(file).toString());
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
  }

  static void flipBit(Path file, long bit) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) (bit / 8)] ^= (byte) (1 << bit % 8);
    Files.write(file, bytes);
  }
}
