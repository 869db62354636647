package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class RoundTripTest {
  private static Path folder;
  private static Registry plain;
  private static Registry encrypted;

  @BeforeContainer
  static void open() throws IOException {
    folder = Files.createTempDirectory("registry");
    plain = Registry.open(folder.resolve("plain"));
    encrypted =
        Registry.open(
            folder.resolve("encrypted"),
            RegistryOptions.builder().encryption(Keyring.of("key", new byte[32])).build());
  }

  @AfterContainer
  static void close() throws IOException {
    for (Registry registry : List.of(plain, encrypted)) {
      assertThat(registry.verify().problems()).isEmpty();
      registry.close();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }

  @Property(tries = 200)
  void readsWhatWasRegistered(
      @ForAll boolean isEncrypted,
      @ForAll Kind kind,
      @ForAll("names") String name,
      @ForAll byte[] content,
      @ForAll("texts") Map<String, String> properties)
      throws IOException {
    Registry registry = isEncrypted ? encrypted : plain;
    Version version =
        registry.register(Registration.of(kind, name).content(content).properties(properties));

    assertThat(version.id().hash()).isEqualTo(ContentHash.of(content));
    assertThat(registry.content(version)).isEqualTo(content);
    assertThat(registry.version(kind, name + ":" + version.id().number())).isEqualTo(version);
    assertThat(registry.versions(kind, name)).contains(version);
    assertThat(registry.names(kind)).contains(name);
    Path file = folder.resolve("exported");
    registry.export(version, file);
    assertThat(registry.register(Registration.of(kind, name).content(file))).isEqualTo(version);
    int profiles = registry.versions(Kind.PROFILE, name).size();
    Version derived =
        registry.register(
            Registration.of(Kind.PROFILE, name)
                .content(content)
                .properties(properties)
                .madeFrom(version));
    if (derived.id().number() > profiles) {
      assertThat(derived.properties()).isEqualTo(properties);
      assertThat(registry.lineage(derived).madeFrom(derived.id())).containsExactly(version.id());
      assertThat(registry.lineage(version).products()).contains(derived.id());
    }
  }

  @Property(tries = 300)
  void readsTheRunThatWasWritten(
      @ForAll("texts") Map<String, String> settings,
      @ForAll("metrics") Map<String, Double> metrics,
      @ForAll("texts") Map<String, String> environment,
      @ForAll Kind kind,
      @ForAll("names") String name,
      @ForAll byte[] input) {
    Run run =
        new Run(
            settings,
            metrics,
            environment,
            List.of(new VersionId(kind, name, 1, ContentHash.of(input))));

    assertThat(Run.read("run", run.toJson())).isEqualTo(run);
  }

  @Property(tries = 300)
  void writesEveryNumberSoThatItReadsTheSame(@ForAll double value) {
    Run run = new Run(Map.of(), Map.of("m", value), Map.of(), List.of());

    assertThat(Run.read("run", run.toJson()).metrics()).containsEntry("m", value);
    assertThat(new String(run.toJson(), StandardCharsets.UTF_8)).contains("\"m\":");
  }

  // In lower case, so that no two differ only in case.
  @Provide
  Arbitrary<String> names() {
    return Arbitraries.strings()
        .withCharRange('a', 'z')
        .withCharRange('0', '9')
        .withChars("_.-")
        .ofMinLength(1)
        .ofMaxLength(40)
        .filter(name -> name.matches("[a-z0-9_].*"))
        .filter(name -> !name.endsWith("."))
        .filter(
            name ->
                !name.toUpperCase(Locale.ROOT)
                    .matches("(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\\..*)?"));
  }

  @Provide
  Arbitrary<Map<String, String>> texts() {
    Arbitrary<String> text =
        Arbitraries.strings()
            .ofMaxLength(20)
            .filter(value -> StandardCharsets.UTF_8.newEncoder().canEncode(value));
    return Arbitraries.maps(text, text).ofMaxSize(5);
  }

  @Provide
  Arbitrary<Map<String, Double>> metrics() {
    Arbitrary<Double> numbers =
        Arbitraries.oneOf(
            Arbitraries.doubles(),
            Arbitraries.of(
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                -0.0,
                Double.MIN_VALUE));
    return Arbitraries.maps(Arbitraries.strings().alpha().ofMaxLength(5), numbers).ofMaxSize(5);
  }
}
