package io.mlinfra.registry;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.Manifest;
import java.util.regex.Pattern;

/**
 * What this JVM can tell of itself, its machine and the checkout it was started in. Nothing here
 * throws: what cannot be told is left out. No process is started for it.
 */
final class ThisJvm {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final Pattern WORDS = Pattern.compile("\\s+");
  private static final int MAX_DEPTH = 10;

  private static final List<String> LIBRARIES =
      List.of(
          "com.fasterxml.jackson.core:jackson-core",
          "com.fasterxml.jackson.core:jackson-databind",
          "io.mlinfra:mlinfra-core",
          "org.apache.arrow:arrow-c-data",
          "org.apache.arrow:arrow-vector",
          "org.bytedeco:javacpp",
          "org.bytedeco:openblas",
          "org.nd4j:nd4j-api",
          "org.nd4j:nd4j-native");

  /** Libraries whose jars say their version in the manifest only, by a class of theirs. */
  private static final Map<String, String> BY_MANIFEST =
      Map.of(
          "com.microsoft.onnxruntime:onnxruntime", "/ai/onnxruntime/OrtEnvironment.class",
          "org.duckdb:duckdb_jdbc", "/org/duckdb/DuckDBDriver.class");

  private static final Set<String> CPU_FEATURES =
      Set.of("asimd", "avx", "avx2", "fma", "neon", "sse4_2", "sve", "sve2");

  /** What stays while the JVM runs, for looking into all those jars takes milliseconds. */
  private static final Map<String, String> FIXED = fixed();

  private ThisJvm() {}

  private static Map<String, String> fixed() {
    Map<String, String> fixed = new TreeMap<>();
    for (String artifact : LIBRARIES) {
      noted(artifact).ifPresent(version -> fixed.put(artifact, version));
    }
    BY_MANIFEST.forEach(
        (artifact, type) -> inManifest(type).ifPresent(version -> fixed.put(artifact, version)));
    fixed.putAll(cpu(Path.of("/proc/cpuinfo")));
    return Collections.unmodifiableMap(fixed);
  }

  static Map<String, String> environment() {
    Map<String, String> environment = new TreeMap<>();
    for (String key : List.of("java.version", "java.vendor", "os.name", "os.arch")) {
      environment.put(key, System.getProperty(key, "unknown"));
    }
    environment.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    environment.putAll(FIXED);
    commit(System.getProperty("user.dir", ""), System.getenv())
        .ifPresent(commit -> environment.put("git.commit", commit));
    // A file system may give names that are no Unicode.
    environment.values().removeIf(value -> !isUnicode(value));
    return Collections.unmodifiableMap(environment);
  }

  private static boolean isUnicode(String value) {
    try {
      Texts.requireUnicode("value", value);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * The version of an artifact as Maven noted it in its jar; a folder of classes has no such note.
   */
  private static Optional<String> noted(String artifact) {
    String note = "/META-INF/maven/" + artifact.replace(':', '/') + "/pom.properties";
    try (InputStream in = ThisJvm.class.getResourceAsStream(note)) {
      if (in == null) {
        return Optional.empty();
      }
      Properties properties = new Properties();
      properties.load(in);
      return Optional.ofNullable(properties.getProperty("version"));
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> inManifest(String type) {
    try {
      URL url = ThisJvm.class.getResource(type);
      int jar = url == null ? -1 : url.toString().indexOf("!/");
      if (url == null || jar < 0) {
        return Optional.empty();
      }
      String manifest = url.toString().substring(0, jar) + "!/META-INF/MANIFEST.MF";
      URLConnection connection = URI.create(manifest).toURL().openConnection();
      // What is cached stays open, and on Windows cannot be deleted.
      connection.setUseCaches(false);
      try (InputStream in = connection.getInputStream()) {
        Manifest read = new Manifest(in);
        String version = read.getMainAttributes().getValue("Implementation-Version");
        return Optional.ofNullable(
            version != null ? version : read.getMainAttributes().getValue("Bundle-Version"));
      }
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Of the first processor: its model, and which instructions it has on which bits may depend. */
  static Map<String, String> cpu(Path cpuinfo) {
    Map<String, String> cpu = new TreeMap<>();
    Set<String> features = new TreeSet<>();
    try (BufferedReader lines = Files.newBufferedReader(cpuinfo)) {
      for (String line; (line = lines.readLine()) != null && !line.isBlank(); ) {
        int colon = line.indexOf(':');
        String key = colon < 0 ? "" : line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
        String value = line.substring(colon + 1).strip();
        if (key.equals("model name") || key.equals("cpu part")) {
          cpu.putIfAbsent("cpu.model", value);
        } else if (key.equals("flags") || key.equals("features")) {
          for (String feature : WORDS.split(value)) {
            if (CPU_FEATURES.contains(feature) || feature.startsWith("avx512")) {
              features.add(feature);
            }
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      return Map.of();
    }
    if (!features.isEmpty()) {
      cpu.put("cpu.features", String.join(" ", features));
    }
    return cpu;
  }

  /** What is checked out in the folder or one above it; else what a build server says. */
  static Optional<String> commit(String folder, Map<String, String> variables) {
    try {
      Path at = Path.of(folder).toAbsolutePath().normalize();
      for (Path up = at; up != null; up = up.getParent()) {
        Path git = up.resolve(".git");
        if (Files.exists(git)) {
          Optional<String> commit = head(git);
          if (commit.isPresent()) {
            return commit;
          }
          break;
        }
      }
    } catch (IOException | RuntimeException e) {
      return fromVariables(variables);
    }
    return fromVariables(variables);
  }

  private static Optional<String> fromVariables(Map<String, String> variables) {
    for (String name : List.of("GIT_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA")) {
      String value = variables.getOrDefault(name, "").strip().toLowerCase(Locale.ROOT);
      if (COMMIT.matcher(value).matches()) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  /**
   * As gitrepository-layout(5) has it: of a linked worktree or submodule, {@code .git} is a file
   * that says where its folder is, and {@code commondir} where what it shares with the others is.
   */
  private static Optional<String> head(Path dotGit) throws IOException {
    Path git = dotGit;
    if (Files.isRegularFile(dotGit)) {
      String link = Files.readString(dotGit).strip();
      if (!link.startsWith("gitdir:")) {
        return Optional.empty();
      }
      git = dotGit.resolveSibling(link.substring("gitdir:".length()).strip());
    }
    Path common = git;
    if (Files.isRegularFile(git.resolve("commondir"))) {
      common = git.resolve(Files.readString(git.resolve("commondir")).strip());
    }
    String head = Files.readString(git.resolve("HEAD")).strip();
    for (int depth = 0; depth < MAX_DEPTH && head.startsWith("ref:"); depth++) {
      String ref = head.substring("ref:".length()).strip();
      head = read(git, common, ref);
    }
    return Optional.of(head).filter(commit -> COMMIT.matcher(commit).matches());
  }

  private static String read(Path git, Path common, String ref) throws IOException {
    for (Path folder : List.of(git, common)) {
      if (Files.isRegularFile(folder.resolve(ref))) {
        return Files.readString(folder.resolve(ref)).strip();
      }
    }
    Path packed = common.resolve("packed-refs");
    if (Files.isRegularFile(packed)) {
      try (BufferedReader lines = Files.newBufferedReader(packed)) {
        for (String line; (line = lines.readLine()) != null; ) {
          if (line.endsWith(" " + ref)) {
            return line.substring(0, line.indexOf(' '));
          }
        }
      }
    }
    return "";
  }
}
