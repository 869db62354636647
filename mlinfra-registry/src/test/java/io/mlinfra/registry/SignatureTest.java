package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.candidate;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.record;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static io.mlinfra.registry.Fixtures.withCheck;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignatureTest {
  private static final KeyPair CI = pair("Ed25519");
  private static final KeyPair EVE = pair("Ed25519");
  private static final RegistryOptions SIGNING =
      RegistryOptions.builder().signWith("ci", CI.getPrivate()).build();
  private static final RegistryOptions TRUSTING =
      RegistryOptions.builder().trust("ci", CI.getPublic()).build();
  private static final RegistryOptions BOTH =
      RegistryOptions.builder().signWith("ci", CI.getPrivate()).trust("ci", CI.getPublic()).build();

  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void name() throws IOException {
    folder = parent.toRealPath().resolve("registry");
  }

  private static KeyPair pair(String algorithm) {
    try {
      return KeyPairGenerator.getInstance(algorithm).generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void loadsWhatATrustedKeySigned() {
    Version version;
    try (Registry registry = Registry.open(folder, SIGNING)) {
      Version data =
          registry.register(
              Registration.of(Kind.DATASET, "d")
                  .content(utf8("data"))
                  .property("clé", "été")
                  .attach("a.txt", utf8("attached")));
      version = registry.register("m", candidate(multiplyBy(2), Fixtures.run(1, data.id())));
      assertThat(version.signedBy()).contains("ci");
      assertThat(version.toString()).endsWith(", signed by ci");
    }
    try (Registry registry = Registry.open(folder, TRUSTING)) {
      Version data = registry.version(Kind.DATASET, "d");
      assertThat(data.signedBy()).contains("ci");
      assertThat(registry.version(version.id())).isEqualTo(version);
      assertThat(registry.model("m")).isEqualTo(multiplyBy(2));
      assertThat(registry.run(registry.version(Kind.RUN, "m")).metrics()).containsKey("auc");
      assertThat(registry.attachment(data, "a.txt")).isEqualTo(utf8("attached"));
      registry.export(data, parent.resolve("target"));
      assertThat(parent.resolve("target")).hasContent("data");
      assertThat(registry.verify().problems()).isEmpty();
    }
    // Who trusts nobody takes what is signed as well.
    try (Registry registry = Registry.open(folder)) {
      assertThat(registry.model(version)).isEqualTo(multiplyBy(2));
      assertThat(registry.verify().problems()).isEmpty();
    }
  }

  @Test
  void loadsNothingThatIsNotSigned() {
    Version data;
    try (Registry registry = Registry.open(folder)) {
      data =
          registry.register(
              Registration.of(Kind.DATASET, "d").content(utf8("d")).attach("a.txt", utf8("a")));
      registry.register("m", candidate(multiplyBy(2), Fixtures.run(1, data.id())));
      assertThat(data.signedBy()).isEmpty();
    }
    assertNothingIsLoaded(data, " is not signed");
  }

  @Test
  void loadsNothingThatSomebodyElseSigned() {
    Version data;
    RegistryOptions eve = RegistryOptions.builder().signWith("eve", EVE.getPrivate()).build();
    try (Registry registry = Registry.open(folder, eve)) {
      data =
          registry.register(
              Registration.of(Kind.DATASET, "d").content(utf8("d")).attach("a.txt", utf8("a")));
      registry.register("m", candidate(multiplyBy(2), Fixtures.run(1, data.id())));
    }
    assertNothingIsLoaded(data, " is signed with 'eve', which is not trusted; trusted are ci");
  }

  @Test
  void loadsNothingThatSomebodyElseSignedInATrustedName() {
    Version data;
    RegistryOptions eve = RegistryOptions.builder().signWith("ci", EVE.getPrivate()).build();
    try (Registry registry = Registry.open(folder, eve)) {
      data =
          registry.register(
              Registration.of(Kind.DATASET, "d").content(utf8("d")).attach("a.txt", utf8("a")));
      registry.register("m", candidate(multiplyBy(2), Fixtures.run(1, data.id())));
    }
    assertNothingIsLoaded(data, " is forged");
  }

  private void assertNothingIsLoaded(Version data, String why) {
    Path target = parent.resolve("target");
    try (Registry registry = Registry.open(folder, TRUSTING)) {
      Version model = registry.version(Kind.MODEL, "m");
      Version run = registry.version(Kind.RUN, "m");
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> registry.content(data),
              () -> registry.attachment(data, "a.txt"),
              () -> registry.export(data, target),
              () -> registry.model("m"),
              () -> registry.model(model),
              () -> registry.run(run))) {
        assertRefused(call, why);
      }
      assertThat(target).doesNotExist();
      assertThat(registry.verify().problems()).hasSize(3).allMatch(line -> line.contains(why));
      // It may be looked at.
      assertThat(registry.lineage(model).sources()).hasSize(2);
    }
  }

  @Test
  void findsARecordThatWasEditedTogetherWithItsCheck() throws IOException {
    Version data;
    Version model;
    try (Registry registry = Registry.open(folder, SIGNING)) {
      data = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("data")));
      Version other = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("bad")));
      model =
          registry.register(
              Registration.of(Kind.MODEL, "m")
                  .content(utf8("model"))
                  .property("approved", "no")
                  .attach("a.txt", utf8("attached"))
                  .madeFrom(data));
      String attached = ContentHash.of("attached").hex();
      String bad = other.id().hash().hex();
      for (UnaryOperator<String> edit :
          List.<UnaryOperator<String>>of(
              record -> record.replace("\"approved\" : \"no\"", "\"approved\" : \"yes\""),
              record -> record.replace("\"approved\" : \"no\"", ""),
              record -> record.replace(data.id().hash().hex(), bad),
              record ->
                  record
                      .replace(model.id().hash().hex(), bad)
                      .replace("bytes\" : 5", "bytes\" : 3"),
              record -> record.replace("\"kind\" : \"dataset\"", "\"kind\" : \"run\""),
              record -> record.replace("a.txt", "b.txt"),
              record -> record.replace(attached, bad),
              record -> record.replace("\"value\" : \"", "\"value\" : \"x"),
              record -> record.replaceAll("\"value\" : \"[^\"]*\"", "\"value\" : \"\""))) {
        Path file = record(folder, model);
        String good = Files.readString(file);
        Files.writeString(file, withCheck(edit.apply(good)));
        assertThat(file).content().isNotEqualTo(good);
        try (Registry trusting = Registry.open(folder, TRUSTING)) {
          Version forged = trusting.version(Kind.MODEL, "m");
          assertRefused(() -> trusting.content(forged), "is forged");
          assertThat(trusting.verify().problems()).anyMatch(line -> line.contains("is forged"));
        }
        Files.writeString(file, good);
      }
    }
    try (Registry registry = Registry.open(folder, TRUSTING)) {
      assertThat(registry.content(model)).isEqualTo(utf8("model"));
    }
  }

  @Test
  void findsASignatureThatWasTakenFromAnotherVersion() throws IOException {
    try (Registry registry = Registry.open(folder, BOTH)) {
      Version one = registerModel(registry, "m", "1");
      Version two = registerModel(registry, "n", "1");
      String from = signatureOf(record(folder, one));
      Path file = record(folder, two);
      String good = Files.readString(file);
      Files.writeString(file, withCheck(good.replace(signatureOf(file), from)));
      assertRefused(() -> registry.content(two), "is forged");
      // Nor does leaving it out help.
      Files.writeString(file, withCheck(good.replaceAll("(?s),\\s*\"signature\" : \\{.*?\\}", "")));
      assertRefused(() -> registry.content(two), "is not signed");
    }
  }

  private static String signatureOf(Path record) throws IOException {
    String text = Files.readString(record);
    int from = text.indexOf("\"value\"");
    return text.substring(from, text.indexOf('\n', from));
  }

  @Test
  void givesContentThatIsNotSignedAnotherVersionThatIs() {
    Version unsigned;
    try (Registry registry = Registry.open(folder)) {
      unsigned =
          registry.register(
              Registration.of(Kind.MODEL, "m").content(utf8("m")).property("by", "somebody"));
    }
    for (RegistryOptions options : List.of(SIGNING, BOTH)) {
      try (Registry registry = Registry.open(folder, options)) {
        Version signed = registerModel(registry, "m", "m");
        assertThat(signed.id()).isEqualTo(new VersionId(Kind.MODEL, "m", 2, unsigned.id().hash()));
        assertThat(signed.signedBy()).contains("ci");
        assertThat(signed.properties()).isEmpty();
        assertThat(registerModel(registry, "m", "m")).isEqualTo(signed);
      }
    }
    // Who does not sign makes no version that is worth less.
    for (RegistryOptions options : List.of(RegistryOptions.defaults(), TRUSTING)) {
      try (Registry registry = Registry.open(folder, options)) {
        assertThat(registerModel(registry, "m", "m").id().number()).isEqualTo(2);
        assertThat(registry.versions(Kind.MODEL, "m")).hasSize(2);
      }
    }
  }

  @Test
  void keepsASignatureInAnotherRegistryUnderAnotherNumber() throws IOException {
    Version version;
    Stored stored;
    try (Registry registry = Registry.open(folder, SIGNING)) {
      Version data = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("d")));
      version =
          registry.register(
              Registration.of(Kind.MODEL, "m")
                  .content(utf8("m"))
                  .property("k", "v")
                  .attach("a.txt", utf8("a"))
                  .madeFrom(data));
      stored = stores(folder).require(version.id());
    }
    try (Registry registry = Registry.open(parent.resolve("other"), TRUSTING)) {
      registry.register(Registration.of(Kind.DATASET, "d").content(utf8("another")));
      registerModel(registry, "m", "another");
      Version data = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("d")));
      Registration brought =
          Registration.of(Kind.MODEL, "m")
              .content(utf8("m"))
              .property("k", "v")
              .attach("a.txt", utf8("a"))
              .madeFrom(data)
              .signature(stored.signature());
      Version there = registry.register(brought);

      assertThat(there.id().number()).isEqualTo(2);
      assertThat(there.madeFrom().get(0).number()).isEqualTo(2);
      assertThat(registry.content(there)).isEqualTo(utf8("m"));
      assertThat(registry.register(brought)).isEqualTo(there);
      assertRefused(
          () -> registry.register(brought.property("k", "another").content(utf8("m2"))),
          "is forged");
      assertThat(registry.versions(Kind.MODEL, "m")).hasSize(2);
    }
  }

  @Test
  void importsNothingOfWhatItCannotImportWhole() {
    Path bundle = parent.resolve("m.zip");
    Version data;
    try (Registry registry = Registry.open(parent.resolve("elsewhere"))) {
      data = registry.register(Registration.of(Kind.DATASET, "d").content(utf8("d")));
    }
    RegistryOptions eve = RegistryOptions.builder().signWith("eve", EVE.getPrivate()).build();
    try (Registry registry = Registry.open(parent.resolve("elsewhere"), eve)) {
      Version model =
          registry.register(Registration.of(Kind.MODEL, "m").content(utf8("m")).madeFrom(data));
      registry.exportBundle(model, bundle);
    }
    Path good = parent.resolve("good.zip");
    try (Registry registry = Registry.open(folder, BOTH)) {
      assertRefused(() -> registry.importBundle(bundle), "is not signed");
      assertThat(registry.names(Kind.DATASET)).isEmpty();
      Version model = registry.register(Registration.of(Kind.MODEL, "m").content(utf8("m")));
      registry.exportBundle(model, good);
    }
    try (Registry registry = Registry.open(parent.resolve("trusting"), TRUSTING)) {
      assertRefused(() -> registry.importBundle(bundle), "is not signed");
      assertThat(registry.names(Kind.DATASET)).isEmpty();
      assertThat(registry.content(registry.importBundle(good))).isEqualTo(utf8("m"));
      assertThat(registry.verify().problems()).isEmpty();
      assertThat(registry.verify().orphans()).isEmpty();
    }
  }

  private static VersionStore stores(Path folder) {
    Layout layout = new Layout(folder);
    return new VersionStore(layout, new Records(layout, Vault.PLAIN), SIGNING.signatures());
  }

  @Test
  void refusesKeysOfAnotherKindAndASignerThatIsNotTrusted() {
    KeyPair rsa = pair("RSA");
    KeyPair other = pair("Ed448");
    for (KeyPair wrong : List.of(rsa, other)) {
      assertThatThrownBy(() -> RegistryOptions.builder().signWith("ci", wrong.getPrivate()).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key 'ci' must be a private key of Ed25519");
      assertThatThrownBy(() -> RegistryOptions.builder().trust("ci", wrong.getPublic()).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key 'ci' must be a public key of Ed25519");
    }
    for (String id : List.of("eve", "ci")) {
      assertThatThrownBy(
              () ->
                  RegistryOptions.builder()
                      .signWith("ci", CI.getPrivate())
                      .trust(id, EVE.getPublic())
                      .build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must have the public key of 'ci'");
    }
    assertThatThrownBy(
            () ->
                RegistryOptions.builder().trust("ci", CI.getPublic()).trust("ci", EVE.getPublic()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'ci'");
    assertThatThrownBy(() -> RegistryOptions.builder().signWith("a b", CI.getPrivate()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(SIGNING.toString()).doesNotContain("PrivateKey");
  }

  /** The bytes that are signed are a format, too: they must never change. */
  @Test
  void signsBytesThatNoOtherVersionHas() {
    VersionId data = new VersionId(Kind.DATASET, "d", 7, ContentHash.of("d"));
    byte[] statement =
        Signatures.statement(
            Kind.MODEL,
            "m",
            ContentHash.of("m"),
            List.of(data),
            Map.of("b", "", "a", "é"),
            Map.of("a.txt", ContentHash.of("a")));

    String expected =
        text("mlinfra version, 1")
            + text("model")
            + text("m")
            + text(ContentHash.of("m").hex())
            + "00000001"
            + text("dataset")
            + text("d")
            + text(data.hash().hex())
            + "00000002"
            + text("a")
            + text("é")
            + text("b")
            + text("")
            + "00000001"
            + text("a.txt")
            + text(ContentHash.of("a").hex());
    assertThat(HexFormat.of().formatHex(statement)).isEqualTo(expected);
  }

  private static String text(String text) {
    byte[] utf8 = utf8(text);
    return HexFormat.of().toHexDigits(utf8.length) + HexFormat.of().formatHex(utf8);
  }

  private static void assertRefused(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.SIGNATURE_REFUSED))
        .hasMessageContainingAll(parts);
  }
}
