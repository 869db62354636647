package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.multiplyBy;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.data.Column;
import io.mlinfra.core.data.ColumnType;
import io.mlinfra.core.data.Signature;
import io.mlinfra.core.model.Model;
import io.mlinfra.core.onnx.ElementType;
import io.mlinfra.core.onnx.Node;
import io.mlinfra.core.onnx.OnnxFile;
import io.mlinfra.core.onnx.OnnxPolicy;
import io.mlinfra.core.onnx.ValueInfo;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ONNX files of other tools: what becomes of them, and what does not come in. */
class OnnxImportTest {
  private static final List<Map<String, Object>> ROWS =
      List.of(Map.of("age", 36f, "income", 51_000.5f));

  @TempDir private Path folder;
  @TempDir private Path outside;
  private Registry registry;

  @BeforeEach
  void open() {
    registry = Registry.open(folder);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private static Node node(String operator, String domain) {
    return new Node(operator, domain, List.of("x"), List.of("y"), List.of());
  }

  private static byte[] file(Node node, String... shape) {
    return new OnnxFile(
            "foreign",
            List.of(node),
            Map.of(),
            List.of(new ValueInfo("x", ElementType.FLOAT, List.of(shape))),
            List.of(new ValueInfo("y", ElementType.FLOAT, List.of(shape))),
            Map.of("", 17L, "ai.onnx.ml", 3L),
            Map.of())
        .write();
  }

  /** Two columns in, two columns out. */
  private static byte[] table() {
    return file(node("Neg", ""), "batch", "2");
  }

  private static byte[] image() {
    return file(node("Relu", ""), "batch", "3", "224", "224");
  }

  /** With one more field at its end; of two of the same, protobuf takes the last or both. */
  private static byte[] with(byte[] onnx, int field, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(onnx);
    out.writeBytes(field(field, content));
    return out.toByteArray();
  }

  private static byte[] field(int number, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | 2);
    out.write(content.length); // below 128
    out.writeBytes(content);
    return out.toByteArray();
  }

  /** With a constant whose values are in a file of the name {@code weights.bin}. */
  private static byte[] withExternalData(byte[] onnx) {
    byte[] entry = field(13, with(field(1, utf8("location")), 2, utf8("weights.bin")));
    byte[] tensor = with(entry, 8, utf8("w"));
    byte[] isExternal = {14 << 3, 1};
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(tensor);
    all.writeBytes(isExternal);
    return with(onnx, 7, field(5, all.toByteArray()));
  }

  private ThrowableAssertAlternative<MlInfraException> refuses(
      ErrorCode code, ThrowingCallable call) {
    ThrowableAssertAlternative<MlInfraException> thrown =
        assertThatExceptionOfType(MlInfraException.class)
            .isThrownBy(call)
            .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    assertNothingIsKept();
    return thrown;
  }

  private ThrowableAssertAlternative<MlInfraException> rejects(byte[] onnx) {
    return refuses(
            ErrorCode.MODEL_REJECTED, () -> registry.register("foreign", OnnxImport.of(onnx)))
        .withMessageStartingWith(
            "the ONNX file of %d bytes cannot be registered as model 'foreign': ", onnx.length);
  }

  private void assertNothingIsKept() {
    try {
      assertThat(filesBelow(folder))
          .extracting(file -> file.getFileName().toString())
          .isSubsetOf("lock", "registry.json");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  // ---- what becomes of it

  @Test
  void makesAModelOfAFileWithTables() throws IOException {
    byte[] onnx = with(with(table(), 2, utf8("pytorch")), 3, utf8("2.9.1"));
    Path file = Files.write(outside.resolve("export.onnx"), onnx);
    Version data = registry.register(Registration.of(Kind.DATASET, "people").content(utf8("d")));
    Version version =
        registry.register(
            "churn",
            OnnxImport.of(file)
                .columns("x", "age", "income")
                .columns("y", "stays", "leaves")
                .nullable("income")
                .property("team", "growth")
                .madeFrom(data)
                .inputExample(ROWS));

    Model model = registry.model("churn");
    assertThat(model.signature())
        .hasToString("(age float32, income float32?) -> (stays float32, leaves float32)");
    assertThat(registry.content(version)).isEqualTo(model.toOnnx());
    assertThat(registry.attachment(version, "original.onnx")).isEqualTo(onnx);
    assertThat(registry.attachment(version, "input-example.json"))
        .asString()
        .isEqualTo("[{\"age\":36.0,\"income\":51000.5}]");
    assertThat(version.properties())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "team", "growth",
                "onnx.producer", "pytorch 2.9.1",
                "onnx.opset", "ai.onnx 17, ai.onnx.ml 3",
                "onnx.sha256", ContentHash.of(onnx).hex(),
                "onnx.adapted", "yes"));
    assertThat(version.madeFrom()).containsExactly(data.id());
    assertThat(registry.lineage(version).madeFrom(version.id())).hasSize(1);
    assertThat(registry.verify().problems()).isEmpty();
  }

  @Test
  void namesColumnsAfterTheirTensorWhereNothingIsDeclared() {
    registry.register("m", OnnxImport.of(table()).columns("y", "up", "down"));
    assertThat(registry.model("m").signature())
        .hasToString("(x_0 float32, x_1 float32) -> (up float32, down float32)");
  }

  @Test
  void keepsAModelOfColumnsUnchanged() {
    Model model = multiplyBy(3);
    Version version = registry.register("m", OnnxImport.of(model.toOnnx()));
    assertThat(registry.model(version)).isEqualTo(model);
    assertThat(version.attachments()).isEmpty();
    assertThat(version.properties())
        .containsEntry("onnx.adapted", "no")
        .containsEntry("onnx.sha256", version.id().hash().hex());
  }

  @Test
  void givesTheSameFileOneVersion() {
    Version version = registry.register("m", OnnxImport.of(table()));
    assertThat(registry.register("m", OnnxImport.of(table()))).isEqualTo(version);
    assertThat(registry.register("m", OnnxImport.of(table()).columns("x", "a", "b")).id().number())
        .isEqualTo(2);
  }

  @Test
  void isNotChangedByWhatBecomesOfTheCallersBytes() {
    byte[] onnx = table();
    OnnxImport file = OnnxImport.of(onnx);
    Arrays.fill(onnx, (byte) 0);
    assertThat(registry.attachment(registry.register("m", file), "original.onnx"))
        .isEqualTo(table());
  }

  @Test
  void keepsAFileWithOtherTensorsIfItIsToBeKeptAsItIs() throws IOException {
    byte[] onnx = image();
    Version version = registry.register("vision", OnnxImport.of(onnx).asIs());
    assertThat(registry.content(version)).isEqualTo(onnx);
    assertThat(registry.attachment(version, "signature.json"))
        .asString()
        .isEqualTo(
            "{\"inputs\":[{\"name\":\"x\",\"type\":\"float\",\"shape\":[\"batch\",3,224,224]}],"
                + "\"outputs\":[{\"name\":\"y\",\"type\":\"float\",\"shape\":[\"batch\",3,224,224]}]}");
    assertThat(version.properties()).containsEntry("onnx.adapted", "no");
    registry.promote("vision", "champion", version);
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> registry.model("vision@champion"), () -> registry.model(version))) {
      assertThatExceptionOfType(MlInfraException.class)
          .isThrownBy(call)
          .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED))
          .withMessageStartingWith(version.id() + " is not a usable model: 'x' has shape [batch, 3")
          .withMessageContaining("registered as it is (OnnxImport.asIs)");
    }
    Path bundle = outside.resolve("vision.zip");
    registry.exportBundle(version, bundle);
    try (Registry other = Registry.open(outside.resolve("other"))) {
      assertThat(other.content(other.importBundle(bundle))).isEqualTo(onnx);
    }
    Version second =
        registry.register("vision", OnnxImport.of(file(node("Neg", ""), "n", "7")).asIs());
    assertThat(registry.diff(version, second).toString()).contains("Relu", "Neg");
  }

  @Test
  void saysOfOtherContentThatItIsNoModelOfWhichVersion() {
    Version text = Fixtures.registerModel(registry, "m", "no model");
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> registry.model("m"))
        .withMessageStartingWith(text.id() + " is not an ONNX file")
        .withMessageNotContaining("asIs");
  }

  // ---- what is declared

  @Test
  void acceptsADeclaredSignatureInAnyOrder() {
    Signature declared =
        new Signature(
            List.of(column("income"), column("age")), List.of(column("y_1"), column("y_0")));
    OnnxImport file = OnnxImport.of(table()).columns("x", "age", "income").signature(declared);
    assertThat(registry.register("m", file).id().number()).isEqualTo(1);
  }

  private static Column column(String name) {
    return new Column(name, ColumnType.FLOAT32, false);
  }

  @Test
  void refusesASignatureThatTheGraphContradictsAndNamesBoth() {
    Signature declared =
        new Signature(
            List.of(column("x_0"), new Column("x_1", ColumnType.FLOAT64, false)),
            List.of(column("y_0"), column("y_1"), column("y_2")));
    refuses(
            ErrorCode.MODEL_REJECTED,
            () -> registry.register("m", OnnxImport.of(table()).signature(declared)))
        .withMessageEndingWith(
            "it takes x_1 float32, not declared; declared and not there: x_1 float64");
    Signature ofOutputs = new Signature(List.of(column("x_0"), column("x_1")), declared.outputs());
    refuses(
            ErrorCode.MODEL_REJECTED,
            () -> registry.register("m", OnnxImport.of(table()).signature(ofOutputs)))
        .withMessageEndingWith(
            "it gives nothing that is not declared; declared and not there: y_2 float32");
  }

  @Test
  void refusesColumnsThatTheGraphDoesNotHave() {
    for (Map.Entry<OnnxImport, String> bad :
        Map.of(
                OnnxImport.of(table()).columns("x", "age"),
                "columns of 'x' (1 names) must be 2; declared are the columns {x=[age]}",
                OnnxImport.of(table()).columns("z", "age"),
                "the graph takes x float[batch, 2] and gives y float[batch, 2]; declared are the"
                    + " columns {z=[age]}",
                OnnxImport.of(table()).columns("x", "age", "age"),
                "the column 'age' is there twice",
                OnnxImport.of(table()).nullable("age"),
                "nullable [age]",
                OnnxImport.of(table()).inputExample(List.of(Map.of("x_0", 1f, "x_1", "two"))),
                "inputExample row 1: 'x_1' (two) is a java.lang.String; it must be a"
                    + " java.lang.Float")
            .entrySet()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> registry.register("m", bad.getKey()))
          .withMessageContaining(bad.getValue());
    }
    assertNothingIsKept();
  }

  @Test
  void declaresNothingOfAFileThatIsKeptAsItIs() {
    for (OnnxImport file :
        List.of(
            OnnxImport.of(table()).columns("x", "a", "b"),
            OnnxImport.of(table()).nullable("x_0"),
            OnnxImport.of(table()).inputExample(ROWS),
            OnnxImport.of(table()).signature(multiplyBy(1).signature()))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> registry.register("m", file.asIs()))
          .withMessageContaining("as it is (asIs)");
    }
    assertNothingIsKept();
  }

  @Test
  void reservesThePropertiesThatTellOfTheFile() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OnnxImport.of(table()).property("onnx.sha256", "0"))
        .withMessage(
            "property name ('onnx.sha256') must not start with onnx., which is for what the file"
                + " itself says");
  }

  // ---- what does not come in

  @Test
  void refusesOtherTensorsUnlessToldToKeepThemAsTheyAre() {
    rejects(image())
        .withMessageContaining("'x float[batch, 3, 224, 224]' has 4 dimensions")
        .withMessageContaining("OnnxImport.asIs() registers it all the same");
  }

  @Test
  void refusesAFewBytesThatWouldBecomeMillionsOfColumns() {
    List<ValueInfo> wide =
        IntStream.range(0, 500)
            .mapToObj(i -> new ValueInfo("x" + i, ElementType.FLOAT, List.of("n", "16384")))
            .toList();
    ValueInfo y = new ValueInfo("y", ElementType.FLOAT, List.of("n", "1"));
    Node node = new Node("Neg", "", List.of("x0"), List.of("y"), List.of());
    byte[] onnx =
        new OnnxFile("wide", List.of(node), Map.of(), wide, List.of(y), Map.of("", 17L), Map.of())
            .write();
    assertThat(onnx).hasSizeLessThan(20_000);
    rejects(onnx).withMessageContaining("has more than 65536 columns");
  }

  @Test
  void refusesWhatIsNoWholeOnnxFile() {
    byte[] onnx = table();
    rejects(new byte[0]).withMessageContaining("not an ONNX file");
    rejects(utf8("PK\u0003\u0004 a zip of weights")).withMessageContaining("not an ONNX file");
    for (int length = 1; length < onnx.length; length++) {
      byte[] part = Arrays.copyOf(onnx, length);
      try {
        registry.register("foreign", OnnxImport.of(part).asIs());
      } catch (MlInfraException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.MODEL_REJECTED);
        continue;
      }
      // What it ended with were texts and versions: the graph is there.
      assertThat(length).isGreaterThan(onnx.length - 40);
    }
  }

  @Test
  void refusesWhatThePolicyDoesNotAdmitAndSaysWhatWouldAllowIt() {
    rejects(file(node("Loop", ""), "n", "2"))
        .withMessageContaining("operators that are not on the list: Loop")
        .withMessageContaining("allowOperator(\"\", \"Loop\")");
    rejects(file(node("RandomNormalLike", ""), "n", "2")).withMessageContaining("RandomNormalLike");
    byte[] custom = file(node("Magic", "com.acme"), "n", "2");
    rejects(custom)
        .withMessageContaining("operators of the domain 'com.acme': Magic")
        .withMessageContaining("allowDomain(\"com.acme\")");
    refuses(
        ErrorCode.MODEL_REJECTED, () -> registry.register("foreign", OnnxImport.of(custom).asIs()));
    OnnxPolicy allowing = OnnxPolicy.strict().allowDomain("com.acme");
    assertThat(registry.register("foreign", OnnxImport.of(custom).policy(allowing)).properties())
        .containsEntry("onnx.adapted", "yes");
  }

  @Test
  void neverTakesAFileWhoseValuesLieElsewhere() {
    byte[] onnx = withExternalData(table());
    rejects(onnx).withMessageContaining("the values of w lie outside the file; embed them");
    OnnxPolicy everything = OnnxPolicy.strict().allowDomain("").allowDomain("ai.onnx.ml");
    refuses(
            ErrorCode.MODEL_REJECTED,
            () -> registry.register("foreign", OnnxImport.of(onnx).policy(everything).asIs()))
        .withMessageContaining("never allowed");
    rejects(withExternalData(file(node("Magic", "com.acme"), "n", "2")))
        .withMessageContaining("com.acme")
        .withMessageContaining("lie outside the file");
  }

  @Test
  void refusesAPathThatIsNoFile() throws IOException {
    Path missing = outside.resolve("missing.onnx");
    refuses(ErrorCode.FILE_MISSING, () -> registry.register("foreign", OnnxImport.of(missing)))
        .withMessageContaining(missing.toString());
    refuses(ErrorCode.FILE_UNREADABLE, () -> registry.register("foreign", OnnxImport.of(outside)))
        .withMessageContaining("it is a folder");
  }

  @Test
  void refusesADeviceWhichMayHaveNoEnd() {
    Path endless = Path.of("/dev/zero");
    assumeTrue(Files.exists(endless), "this system has no /dev/zero");
    refuses(ErrorCode.FILE_UNREADABLE, () -> registry.register("m", OnnxImport.of(endless)))
        .withMessageContaining("it is no regular file");
  }

  @Test
  void refusesAFileThatNoArrayCanHoldWithoutReadingIt() throws IOException {
    Path huge = outside.resolve("huge.onnx");
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(3L << 30); // a hole: it takes no room
    }
    refuses(ErrorCode.MODEL_REJECTED, () -> registry.register("foreign", OnnxImport.of(huge)))
        .withMessageContaining("huge.onnx' has 3221225472 bytes; an ONNX file has less than 2 GiB");
  }

  @Test
  void refusesANameThatIsNoneAndASourceThatIsNotHere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> registry.register("../m", OnnxImport.of(table())));
    try (Registry other = Registry.open(outside.resolve("other"))) {
      Version elsewhere = other.register(Registration.of(Kind.DATASET, "d").content(utf8("d")));
      refuses(
          ErrorCode.NAME_UNKNOWN,
          () -> registry.register("m", OnnxImport.of(table()).madeFrom(elsewhere)));
    }
  }

  @Test
  void keepsItsRecordSmallWhateverTheFileSays() {
    ByteArrayOutputStream onnx = new ByteArrayOutputStream();
    onnx.writeBytes(table());
    for (int i = 0; i < 3000; i++) {
      onnx.writeBytes(field(8, with(field(1, utf8("domain" + i)), 1, utf8("d".repeat(100) + i))));
    }
    Version version = registry.register("m", OnnxImport.of(onnx.toByteArray()));
    assertThat(version.properties().get("onnx.opset")).contains(" more").hasSizeLessThan(1200);
  }
}
