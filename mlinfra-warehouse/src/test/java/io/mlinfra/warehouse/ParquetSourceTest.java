package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ParquetSourceTest extends SourceFixture {
  @Test
  void aFolderIsReadInTheOrderOfItsPaths() {
    for (int i = 11; i > 0; i--) {
      parquet(String.format("d/sub%d/f%02d.parquet", i % 2, i), "SELECT " + i + " AS i");
    }
    write("d/readme.txt", "no data");
    write("d/_temporary/f99.parquet", "half written");
    write("d/.f98.parquet", "hidden");
    assertThat(loaded(Source.parquet(folder.resolve("d"))))
        .containsExactly(2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11);
  }

  @Test
  void aPatternIsRelativeToItsFolder() {
    parquet("d/a/x1.parquet", "SELECT 1 AS i");
    parquet("d/a/y2.parquet", "SELECT 2 AS i");
    parquet("d/b/x3.data", "SELECT 3 AS i");
    Path d = folder.resolve("d");
    assertThat(loaded(Source.parquet(d, "*/x*"))).containsExactly(1, 3);
    assertThat(loaded(Source.parquet(d, "a/*.parquet"))).containsExactly(1, 2);
    assertThat(loaded(Source.parquet(d, "**.{parquet,data}"))).containsExactly(1, 2, 3);
    assertThat(Source.parquet(d, "*/x*"))
        .hasToString("Source[Parquet '" + d + "' matching '*/x*']");
    assertThat(Source.parquet(d).roots()).containsExactly(d);
    for (String nothing : new String[] {"*.parquet", "../d/a/*", "", "c/*"}) {
      assertFails(ErrorCode.FILE_MISSING, () -> warehouse.load("t2", Source.parquet(d, nothing)))
          .hasMessageContaining("'" + nothing + "'");
    }
    assertThatThrownBy(() -> Source.parquet(d, "["))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("glob ('[')");
    assertFails(
        ErrorCode.FILE_MISSING,
        () -> warehouse.load("t2", Source.parquet(folder.resolve("no"), "*")));
    assertFails(
            ErrorCode.FILE_UNREADABLE,
            () -> warehouse.load("t2", Source.parquet(d.resolve("a/x1.parquet"), "*")))
        .hasMessageContaining("not a folder");
    assertFails(ErrorCode.FILE_MISSING, () -> warehouse.load("t2", Source.parquet(d.resolve("b"))))
        .hasMessageContaining(".parquet");
  }

  @Test
  void foldersNameColumns() {
    for (String month : new String[] {"01", "02"}) {
      parquet("d/year=2024/month=" + month + "/a.parquet", "SELECT 7 AS i");
    }
    parquet("d/year=2023/month=__HIVE_DEFAULT_PARTITION__/a.parquet", "SELECT 6 AS i");
    Path d = folder.resolve("d");
    assertThat(loaded(Source.parquet(d)))
        .containsExactly(6, null, 2023L, 7, "01", 2024L, 7, "02", 2024L);
    assertThat(columns()).containsExactly("i", "month", "year");
    assertThat(loaded(Source.parquet(d).partitions(false))).containsExactly(6, 7, 7);
    // Only what lies below the folder.
    Path year = d.resolve("year=2024");
    assertThat(loaded(Source.parquet(year))).containsExactly(7, "01", 7, "02");
    assertThat(columns()).containsExactly("i", "month");
    assertThat(loaded(Source.parquet(year.resolve("month=01")))).containsExactly(7);
    assertThat(loaded(Source.parquet(year.resolve("month=01/a.parquet")))).containsExactly(7);
    parquet("d/year=x/month=01/a.parquet", "SELECT 8 AS i");
    assertThat(loaded(Source.parquet(d)))
        .containsExactly(6, null, "2023", 7, "01", "2024", 7, "02", "2024", 8, "01", "x");
    parquet("d/year=2024/b.parquet", "SELECT 7 AS i");
    assertUnreadable(Source.parquet(d))
        .hasMessageContaining("b.parquet")
        .hasMessageContaining("[year]");
    assertThat(loaded(Source.parquet(d).partitions(false))).hasSize(5);
  }

  @Test
  void aPartitionDoesNotHideAColumn() {
    parquet("d/k=v/a.parquet", "SELECT 1 AS i, 77 AS K");
    Path d = folder.resolve("d");
    assertUnreadable(Source.parquet(d))
        .hasMessageContaining("'k'")
        .hasMessageContaining("a.parquet");
    assertThat(loaded(Source.parquet(d).partitions(false))).containsExactly(1, 77);
    assertThat(loaded(Source.parquet(d.resolve("k=v/a.parquet")))).containsExactly(1, 77);
  }

  @Test
  void columnsThatDifferAreAnErrorUnlessTheyMay() {
    parquet("d/a.parquet", "SELECT 1 AS i, 'x' AS s");
    parquet("d/b.parquet", "SELECT 'y' AS s, 2 AS i");
    Path d = folder.resolve("d");
    assertThat(loaded(Source.parquet(d))).containsExactly(1, "x", 2, "y");

    Path c = parquet("d/c.parquet", "SELECT 3 AS i, 'z' AS s, true AS added");
    assertUnreadable(Source.parquet(d))
        .hasMessageContaining(c.toString())
        .hasMessageContaining("column 'added' is added");
    assertThat(evolved(Source.parquet(d)))
        .containsExactly(1, "x", null, 2, "y", null, 3, "z", true);
    c = parquet("d/c.parquet", "SELECT 3 AS i");
    assertUnreadable(Source.parquet(d))
        .hasMessageContaining(c.toString())
        .hasMessageContaining("column 's' is missing");
    assertThat(evolved(Source.parquet(d))).containsExactly(1, "x", 2, "y", 3, null);

    c = parquet("d/c.parquet", "SELECT 1.5 AS i, 'z' AS s");
    assertUnreadable(Source.parquet(d))
        .hasMessageContaining(c.toString())
        .hasMessageContaining("column 'i' is DECIMAL(2,1) instead of INTEGER");
    assertThatThrownBy(() -> evolved(Source.parquet(d))).hasMessageContaining("column 'i'");
    c = parquet("d/c.parquet", "SELECT {'a': 1} AS i, ['z'] AS s");
    assertUnreadable(Source.parquet(d)).hasMessageContaining("column 's'");
  }

  @Test
  void nestedTypesAreCompared() {
    parquet("d/a.parquet", "SELECT {'a': 1, 'b': [1, 2]} AS n, MAP {'k': 1} AS m, 1 AS i");
    parquet("d/b.parquet", "SELECT {'a': 2, 'b': [3]} AS n, MAP {'q': 2} AS m, 2 AS i");
    Path d = folder.resolve("d");
    assertThat(loaded(Source.parquet(d))).hasSize(6);
    parquet("d/b.parquet", "SELECT {'a': 2, 'b': [3.5]} AS n, MAP {'q': 2} AS m, 2 AS i");
    assertUnreadable(Source.parquet(d)).hasMessageContaining("column 'n'");
  }

  @Test
  void theBrokenOneOfManyIsNamed() throws IOException {
    for (int i = 0; i < 5; i++) {
      parquet("d/f" + i + ".parquet", "SELECT i, 'r' || i AS s FROM range(100000) t(i)");
    }
    Path bad = folder.resolve("d/f3.parquet");
    byte[] whole = Files.readAllBytes(bad);
    byte[] hole = whole.clone();
    Arrays.fill(hole, 1_000, hole.length / 2, (byte) 7);
    Path d = folder.resolve("d");
    for (byte[] broken : new byte[][] {Arrays.copyOf(whole, 5_000), {}, hole}) {
      Files.write(bad, broken);
      assertUnreadable(Source.parquet(d)).hasMessageContaining(bad.toString());
    }
    Files.write(bad, whole);
    assertThat(warehouse.load("t", Source.parquet(d), Load.replace()).rows()).isEqualTo(500_000);
  }

  @Test
  void aFileWithoutPermissionIsNamed() throws IOException {
    Path file = parquet("d/a.parquet", "SELECT 1 AS i");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    Assumptions.assumeFalse(Files.isReadable(file), "this user may read everything");
    assertUnreadable(Source.parquet(folder.resolve("d")))
        .hasMessageContaining("permission")
        .hasMessageContaining(file.toString());
  }

  @Test
  void linksToFilesAreFollowedAndLinksToFoldersAreNot() throws IOException {
    Path file = parquet("elsewhere/a.parquet", "SELECT 1 AS i");
    parquet("d/b.parquet", "SELECT 2 AS i");
    Files.createSymbolicLink(folder.resolve("d/a.parquet"), file);
    Files.createSymbolicLink(folder.resolve("d/circle"), folder.resolve("d"));
    assertThat(loaded(Source.parquet(folder.resolve("d")))).containsExactly(1, 2);
  }

  @Test
  void manyFilesTellTheirRowsTogether() {
    for (int i = 0; i < 3; i++) {
      parquet("d/f" + i + ".parquet", "SELECT i FROM range(1000) t(i)");
    }
    Steps steps = new Steps();
    warehouse.load("t", Source.parquet(folder.resolve("d")), Load.create().progress(steps));
    assertThat(steps.started).containsExactly("loading t, 3000 rows");
    assertThat(steps.done).hasValue(3_000);
  }

  @Test
  void aTableThatDoesNotFitIsNotTheFilesFault() {
    parquet("d/a.parquet", "SELECT 'x' AS i");
    parquet("d/b.parquet", "SELECT 'y' AS i");
    warehouse.execute("CREATE TABLE t(i INTEGER)");
    assertFails(
        ErrorCode.DATA_UNSUITABLE,
        () -> warehouse.load("t", Source.parquet(folder.resolve("d")), Load.append()));
    assertThat(warehouse.rows("t")).isZero();
  }
}
