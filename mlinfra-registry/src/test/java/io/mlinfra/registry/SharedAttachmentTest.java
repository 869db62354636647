package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attachments that versions have in common, and attachments of any size. */
class SharedAttachmentTest {
  @TempDir Path folder;

  private static void assertFails(ErrorCode code, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class, e -> assertThat(e.code()).as("%s", e).isEqualTo(code))
        .hasMessageContaining(message);
  }

  private static Path blob(Path registry, Version version, String attachment) {
    return new Layout(registry).blob(Objects.requireNonNull(version.attachments().get(attachment)));
  }

  private static Registration data(String content) {
    return Registration.of(Kind.DATASET, "d").content(utf8(content));
  }

  @Test
  void anAttachmentOfAnotherVersionIsNotWrittenAgain() throws IOException {
    byte[] key = new byte[32];
    for (RegistryOptions options :
        List.of(
            RegistryOptions.defaults(),
            RegistryOptions.builder().encryption(Keyring.of("one", key)).build())) {
      Path place = Files.createTempDirectory(folder, "registry");
      try (Registry registry = Registry.open(place, options)) {
        Version first = registry.register(data("1").attach("part", utf8("rows")));
        Path file = blob(place, first, "part");
        FileTime written = FileTime.fromMillis(0);
        Files.setLastModifiedTime(file, written);
        Version second = registry.register(data("2").attach("same", first, "part"));
        assertThat(second.attachments()).containsEntry("same", first.attachments().get("part"));
        assertThat(registry.attachment(second, "same")).isEqualTo(utf8("rows"));
        assertThat(Files.getLastModifiedTime(file)).isEqualTo(written);
        registry.delete(first, "old");
        registry.collectGarbage();
        assertThat(registry.attachment(second, "same")).isEqualTo(utf8("rows"));
        assertThat(registry.verify().isClean()).isTrue();
        assertFails(
            ErrorCode.NAME_UNKNOWN,
            "old",
            () -> registry.register(data("3").attach("x", first, "part")));
        assertFails(
            ErrorCode.NAME_UNKNOWN,
            "no attachment 'part'; it has same",
            () -> registry.register(data("3").attach("x", second, "part")));
        Files.delete(file);
        assertFails(
            ErrorCode.CONTENT_ALTERED,
            "'same' of dataset d:2",
            () -> registry.register(data("3").attach("x", second, "same")));
        assertThat(registry.versions(Kind.DATASET, "d")).containsExactly(second);
      }
    }
  }

  @Test
  void theLastOfTwoAttachmentsOfOneNameCounts() {
    try (Registry registry = Registry.open(folder)) {
      Version first = registry.register(data("1").attach("part", utf8("rows")));
      Version bytes =
          registry.register(data("2").attach("x", first, "part").attach("x", utf8("bytes")));
      Version shared =
          registry.register(data("3").attach("x", utf8("bytes")).attach("x", first, "part"));
      assertThat(registry.attachment(bytes, "x")).isEqualTo(utf8("bytes"));
      assertThat(registry.attachment(shared, "x")).isEqualTo(utf8("rows"));
    }
  }

  @Test
  void attachmentsAndContentGoToFilesAndStreams() throws IOException {
    try (Registry registry = Registry.open(folder.resolve("r"))) {
      Version version = registry.register(data("1").attach("part", utf8("rows")));
      Path file = folder.resolve("part");
      registry.export(version, "part", file);
      assertThat(file).hasContent("rows");
      assertThat(registry.audit()).last().matches(entry -> entry.action().equals("exported"));
      int entries = registry.audit().size();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      registry.read(version, out);
      registry.read(version, "part", out);
      assertThat(out).hasToString("1rows");
      assertThat(registry.audit()).hasSize(entries);
      assertFails(ErrorCode.NAME_UNKNOWN, "nope", () -> registry.read(version, "nope", out));
      assertFails(ErrorCode.NAME_UNKNOWN, "nope", () -> registry.export(version, "nope", file));
      assertFails(
          ErrorCode.FILE_MISSING,
          "no folder",
          () -> registry.export(version, "part", folder.resolve("no/where")));
      Files.write(blob(folder.resolve("r"), version, "part"), utf8("ROWS"));
      assertFails(
          ErrorCode.CONTENT_ALTERED, "'part' of", () -> registry.read(version, "part", out));
      assertFails(
          ErrorCode.CONTENT_ALTERED, "'part' of", () -> registry.export(version, "part", file));
      assertThat(file).hasContent("rows");
    }
  }

  @Test
  void versionsOfOneNameExpireAndOthersStay() {
    try (Registry registry = Registry.open(folder)) {
      Version one = registry.register(data("1"));
      Version two = registry.register(data("2"));
      Version three = registry.register(data("3"));
      Version model =
          registry.register(Registration.of(Kind.MODEL, "m").content(utf8("m")).madeFrom(one));
      registry.register(Registration.of(Kind.DATASET, "e").content(utf8("e")));
      registry.register(Registration.of(Kind.FEATURES, "d").content(utf8("f")));
      assertThat(registry.expire(Kind.DATASET, "d", Retention.keepLast(1), "old"))
          .containsExactly(two.id());
      assertThat(registry.expire(Kind.DATASET, "none", Retention.keepLast(0), "old")).isEmpty();
      assertThat(registry.versions(Kind.DATASET, "d")).containsExactly(one, three);
      assertThat(registry.versions(Kind.FEATURES, "d")).hasSize(1);
      registry.delete(model, "unused");
      List<VersionId> gone = registry.expire(Kind.DATASET, "d", Retention.keepLast(0), "old");
      assertThat(gone).containsExactlyInAnyOrder(one.id(), three.id());
      assertThat(registry.names(Kind.DATASET)).containsExactly("e");
      assertThat(registry.verify().isClean()).isTrue();
    }
  }
}
