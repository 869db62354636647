package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.RefusingFileSystem.Lack;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The registry on file systems other than the one that it was written on. */
class FileSystemTest {
  /** What Jimfs can be told to behave like. */
  enum Platform {
    UNIX(Configuration.unix(), "/data/registry"),
    UNIX_WITH_PERMISSIONS(
        Configuration.unix().toBuilder()
            .setAttributeViews("basic", "owner", "posix", "unix")
            .build(),
        "/data/registry"),
    MAC(Configuration.osX(), "/Users/me/registry"),
    WINDOWS(Configuration.windows(), "C:\\data\\registry");

    private final Configuration configuration;
    private final String folder;

    Platform(Configuration configuration, String folder) {
      this.configuration = configuration;
      this.folder = folder;
    }

    FileSystem make() {
      return Jimfs.newFileSystem(configuration);
    }

    boolean isCaseSensitive() {
      return this == UNIX || this == UNIX_WITH_PERMISSIONS;
    }
  }

  @TempDir Path real;

  @ParameterizedTest
  @EnumSource
  void keepsEverythingOn(Platform platform) throws IOException {
    try (FileSystem files = platform.make()) {
      Path folder = files.getPath(platform.folder);
      fill(folder);

      try (Registry again = Registry.open(folder)) {
        assertFilled(again);
        assertThat(again.verify().problems()).isEmpty();
        assertThat(registerModel(again, "delay", "three").id().number()).isEqualTo(3);
        Path target = files.getPath(platform.folder).resolveSibling("exported");
        again.export(again.version(Kind.MODEL, "delay:1"), target);
        assertThat(Files.readString(target)).isEqualTo("one");
      }
      assertThat(filesBelow(folder)).noneMatch(file -> file.toString().endsWith(".tmp"));
    }
  }

  /** Two models, two moves of an alias, a lineage, an attachment. */
  private static void fill(Path folder) {
    try (Registry registry = Registry.open(folder)) {
      Version data =
          registry.register(
              Registration.of(Kind.DATASET, "flights")
                  .content(utf8("data"))
                  .attach("readme.md", utf8("about")));
      Version one = registerModel(registry, "delay", "one");
      Version two =
          registry.register(
              Registration.of(Kind.MODEL, "delay").content(utf8("two")).madeFrom(data, one));
      registry.promote("delay", "champion", one);
      registry.promote("delay", "champion", two, "better");
      registry.promote("delay", "challenger", one);
    }
  }

  private static void assertFilled(Registry registry) {
    Version champion = registry.version(Kind.MODEL, "delay@champion");
    assertThat(champion.id().number()).isEqualTo(2);
    assertThat(registry.content(champion)).isEqualTo(utf8("two"));
    assertThat(registry.attachment(registry.version(Kind.DATASET, "flights"), "readme.md"))
        .isEqualTo(utf8("about"));
    assertThat(registry.lineage(champion).sources()).hasSize(2);
    assertThat(registry.history("delay", "champion")).hasSize(2);
    assertThat(registry.aliases("delay")).hasSize(2);
    assertThat(registry.versions(Kind.MODEL, "delay")).hasSize(2);
    assertThat(registry.names(Kind.MODEL)).containsExactly("delay");
  }

  @ParameterizedTest
  @EnumSource
  void neverTakesANameForOneThatDiffersInCase(Platform platform) throws IOException {
    try (FileSystem files = platform.make()) {
      Path folder = files.getPath(platform.folder);
      fill(folder);
      boolean same = Files.exists(folder.resolve("VERSIONS"));
      assertThat(same).isEqualTo(!platform.isCaseSensitive());

      try (Registry registry = Registry.open(folder)) {
        Version one = registry.version(Kind.MODEL, "delay:1");
        assertCode(ErrorCode.CONFLICT, () -> registerModel(registry, "Delay", "other"));
        assertCode(ErrorCode.CONFLICT, () -> registry.promote("delay", "Champion", one));
        assertCode(ErrorCode.NAME_UNKNOWN, () -> registry.version(Kind.MODEL, "Delay"));
        assertCode(ErrorCode.NAME_UNKNOWN, () -> registry.version(Kind.MODEL, "Delay:1"));
        assertCode(ErrorCode.NAME_UNKNOWN, () -> registry.version(Kind.MODEL, "Delay@champion"));
        assertCode(ErrorCode.NAME_UNKNOWN, () -> registry.version(Kind.MODEL, "delay@Champion"));
        assertThat(registry.versions(Kind.MODEL, "DELAY")).isEmpty();
        assertThat(registry.alias("delay", "CHAMPION")).isEmpty();
        assertThat(registry.alias("DELAY", "champion")).isEmpty();
        assertThat(registry.aliases("DELAY")).isEmpty();
        assertThat(registry.history("delay", "CHAMPION")).isEmpty();
        assertFilled(registry);
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
  }

  @Test
  void movesFromOnePlatformToAnother() throws IOException {
    try (FileSystem windows = Platform.WINDOWS.make();
        FileSystem unix = Platform.UNIX.make()) {
      Path source = windows.getPath(Platform.WINDOWS.folder);
      fill(source);
      Path target = unix.getPath(Platform.UNIX.folder);
      for (Path file : filesBelow(source)) {
        Path copy = target.resolve(source.relativize(file).toString().replace('\\', '/'));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
      try (Registry registry = Registry.open(target)) {
        assertFilled(registry);
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
  }

  @Test
  void keepsNothingHalfWhereTheDiskIsFull() throws IOException {
    try (FileSystem files =
        Jimfs.newFileSystem(
            Configuration.unix().toBuilder().setBlockSize(64).setMaxSize(64 * 1024).build())) {
      Path folder = files.getPath("/data/registry");
      Path filler = files.getPath("/data/filler");
      fill(folder);
      try (Registry registry = Registry.open(folder)) {
        Version one = registry.version(Kind.MODEL, "delay:1");
        List<ThrowingCallable> calls =
            List.of(
                () ->
                    registry.register(
                        Registration.of(Kind.MODEL, "delay")
                            .content(new byte[500])
                            .attach("more", new byte[400])),
                () -> registry.promote("delay", "champion", one, "back again"));
        for (ThrowingCallable call : calls) {
          // With a block more each time, so that it fails at every place once.
          List<Object> before = state(registry);
          int failures = 0;
          while (failsForWantOfSpace(files, filler, failures, registry, call)) {
            failures++;
            Files.delete(filler);
            assertThat(state(registry)).isEqualTo(before);
            assertThat(registry.verify().problems()).isEmpty();
            assertThat(filesBelow(folder)).noneMatch(file -> file.toString().endsWith(".tmp"));
          }
          assertThat(failures).isGreaterThan(5);
          Files.delete(filler);
        }
        assertThat(registry.version(Kind.MODEL, "delay").id().number()).isEqualTo(3);
        assertThat(registry.content(registry.version(Kind.MODEL, "delay"))).hasSize(500);
        assertThat(registry.alias("delay", "champion"))
            .hasValueSatisfying(alias -> assertThat(alias.version()).isEqualTo(one.id()));
        assertThat(registry.verify().problems()).isEmpty();
      }
    }
  }

  private static List<Object> state(Registry registry) {
    return List.of(
        registry.versions(Kind.MODEL, "delay"),
        registry.aliases("delay"),
        registry.history("delay", "champion"));
  }

  /** Leaves so many blocks free, and calls. */
  private static boolean failsForWantOfSpace(
      FileSystem files, Path filler, int blocks, Registry registry, ThrowingCallable call)
      throws IOException {
    long free = files.getFileStores().iterator().next().getUnallocatedSpace();
    Files.write(filler, new byte[Math.toIntExact(free - 64L * blocks)]);
    try {
      call.call();
      return false;
    } catch (MlInfraException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.IO_FAILED);
      assertThat(e).hasMessageContaining("/data/registry");
      return true;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void readsAZipFileThatMayNotBeWrittenTo() throws IOException {
    Path folder = real.resolve("registry");
    fill(folder);
    Path zip = real.resolve("registry.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      for (Path file : filesBelow(folder)) {
        Path copy = files.getPath("/registry").resolve(folder.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    // Not by permissions: they do not bind root.
    Path readOnly = RefusingFileSystem.over(zip, Lack.WRITING);
    try (FileSystem files = FileSystems.newFileSystem(readOnly)) {
      assertThat(files.isReadOnly()).isTrue();
      assertReadsAndRefusesToWrite(files.getPath("/registry"));
      assertCode(ErrorCode.IO_FAILED, () -> Registry.open(files.getPath("/none")), "/none");
    }
  }

  @Test
  void readsAFileSystemThatMayNotBeWrittenTo() {
    Path folder = real.resolve("registry");
    fill(folder);

    assertReadsAndRefusesToWrite(RefusingFileSystem.over(folder, Lack.WRITING));
  }

  @Test
  void readsAFolderThatThisUserMayNotWriteTo() throws IOException {
    assumeTrue(
        real.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "the file system has no POSIX permissions");
    Path folder = real.resolve("registry");
    fill(folder);
    List<Path> folders;
    try (var all = Files.walk(folder)) {
      folders = all.filter(Files::isDirectory).toList();
    }
    try {
      for (Path each : folders) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("r-xr-xr-x"));
      }
      assumeFalse(Files.isWritable(folder), "this user, root perhaps, may write everywhere");
      assertReadsAndRefusesToWrite(folder);
    } finally {
      for (Path each : folders) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }

  private static void assertReadsAndRefusesToWrite(Path folder) {
    try (Registry registry = Registry.open(folder)) {
      assertFilled(registry);
      assertThat(registry.verify().problems()).isEmpty();
      Version one = registry.version(Kind.MODEL, "delay:1");
      assertCode(
          ErrorCode.IO_FAILED, () -> registerModel(registry, "delay", "four"), folder.toString());
      assertCode(
          ErrorCode.IO_FAILED, () -> registry.promote("delay", "champion", one), folder.toString());
      assertFilled(registry);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FILE_CHANNELS", "ATOMIC_MOVES"})
  void refusesToWriteWhereItCannotDoSoSafely(Lack lack) throws IOException {
    Path folder = real.resolve("registry");
    fill(folder);
    List<Path> before = filesBelow(folder);

    assertReadsAndRefusesToWrite(RefusingFileSystem.over(folder, lack));
    assertThat(filesBelow(folder)).isEqualTo(before);
  }

  private static void assertCode(ErrorCode code, ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(parts.length == 0 ? new String[] {""} : parts);
  }
}
