package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.version.ContentHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExportTest {
  @TempDir Path folder;
  private Warehouse warehouse;

  @BeforeEach
  void open() {
    warehouse = Warehouse.inMemory(WarehouseOptions.builder().threads(4).build());
  }

  @AfterEach
  void close() {
    warehouse.close();
  }

  private List<Path> names() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> !path.equals(folder)).map(folder::relativize).sorted().toList();
    }
  }

  static Target target(Target.Format format, Path path) {
    return switch (format) {
      case PARQUET -> Target.parquet(path);
      case CSV -> Target.csv(path);
      case JSON -> Target.json(path);
      case ARROW -> Target.arrow(path);
      case ARROW_STREAM -> Target.arrowStream(path);
    };
  }

  private static String hash(Path file) {
    try {
      return ContentHash.of(file).hex();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Object> values(String sql) {
    return WarehouseTest.values(warehouse, sql);
  }

  private static String from(Target.Format format, Path file) {
    return (format == Target.Format.CSV ? "read_csv(" : "read_json(")
        + Sql.literal(file.toString())
        + ")";
  }

  private void load(Target.Format format, Path file) {
    switch (format) {
      case PARQUET -> warehouse.load("back", Source.parquet(file));
      case ARROW, ARROW_STREAM -> warehouse.load("back", Source.arrow(file));
      case CSV, JSON ->
          warehouse.execute("CREATE OR REPLACE TABLE back AS FROM " + from(format, file));
    }
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void aQueryWithParametersIsWrittenAndReadBack(Target.Format format) throws IOException {
    Path file = folder.resolve("it's a file");
    Exported exported =
        warehouse
            .sql("SELECT range AS i, 'x''' || range AS s FROM range(?) WHERE range >= ? -- why")
            .bind(1000, 10)
            .export(target(format, file).sortByDescending("i"));
    assertThat(exported.rows()).isEqualTo(990);
    assertThat(exported.path()).isEqualTo(file.toAbsolutePath());
    assertThat(exported.files()).containsExactly(file.toAbsolutePath());
    assertThat(exported.bytes()).isEqualTo(Files.size(file));
    assertThat(exported.toString()).startsWith("it's a file: 990 rows, 1 file, ");
    assertThat(names()).containsExactly(Path.of("it's a file"));
    load(format, file);
    assertThat(values("SELECT i FROM back LIMIT 2")).containsExactly(999L, 998L);
    assertThat(values("SELECT count(*) FROM back WHERE s = 'x''' || i")).containsExactly(990L);
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void noRowsMakeAFileWithoutRows(Target.Format format) {
    Path file = folder.resolve("none");
    Exported exported =
        warehouse
            .sql("SELECT 1 AS i, 'a'::ENUM('a', 'b') AS e, [1.5::DOUBLE] AS l WHERE false")
            .export(target(format, file));
    assertThat(exported.rows()).isZero();
    assertThat(file).isRegularFile();
    if (format != Target.Format.CSV && format != Target.Format.JSON) {
      load(format, file);
      assertThat(warehouse.rows("back")).isZero();
      assertThat(warehouse.schema("back").getFields())
          .extracting(field -> field.getName())
          .containsExactly("i", "e", "l");
    }
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void whatIsThereIsReplacedOnlyOnRequest(Target.Format format) throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "precious");
    Query query = warehouse.sql("SELECT 1 AS i");
    assertFails(ErrorCode.CONFLICT, () -> query.export(target(format, file)))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("overwrite(true)");
    assertThat(file).hasContent("precious");
    query.export(target(format, file).overwrite(true));
    load(format, file);
    assertThat(warehouse.rows("back")).isEqualTo(1);
    assertThat(names()).containsExactly(Path.of("file"));
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void aQueryThatFailsHalfwayLeavesWhatWasThere(Target.Format format) throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "precious");
    assertFails(
        ErrorCode.QUERY_FAILED,
        () ->
            warehouse
                .sql("SELECT CASE WHEN range = 400000 THEN error('no') END AS e FROM range(500000)")
                .export(target(format, file).overwrite(true)));
    assertThat(file).hasContent("precious");
    assertThat(names()).containsExactly(Path.of("file"));
  }

  @ParameterizedTest
  @EnumSource(Target.Format.class)
  void equalRowsInATotalOrderGiveEqualBytes(Target.Format format) {
    List<String> hashes = new ArrayList<>();
    for (int run = 0; run < 3; run++) {
      warehouse.execute(
          "CREATE OR REPLACE TABLE t AS SELECT range AS i, hash(range) % 1000 AS h"
              + " FROM range(300000) ORDER BY hash(range + "
              + run
              + ")");
      Path file = folder.resolve("run" + run);
      warehouse.sql("FROM t").export(target(format, file).sortByDescending("h").sortBy("i"));
      hashes.add(hash(file));
    }
    assertThat(hashes).containsOnly(hashes.get(0));
  }

  @Test
  void aPartitionedFolderIsSortedWithinEachPartAndRepeatsItsBytes() throws IOException {
    List<List<String>> hashes = new ArrayList<>();
    for (int run = 0; run < 2; run++) {
      warehouse.execute(
          "CREATE OR REPLACE TABLE t AS SELECT range AS i, range % 3 AS k, range % 2 AS m"
              + " FROM range(400000) ORDER BY hash(range + "
              + run
              + ")");
      Path parts = folder.resolve("parts" + run);
      Exported exported =
          warehouse
              .sql("FROM t")
              .export(Target.parquet(parts).partitionBy("K", "m").sortBy("i", "k"));
      assertThat(exported.rows()).isEqualTo(400_000);
      assertThat(exported.files()).hasSize(6);
      assertThat(exported.files().get(0).toString()).endsWith("/k=0/m=0/data_0.parquet");
      hashes.add(exported.files().stream().map(ExportTest::hash).toList());
      assertThat(
              warehouse.execute(
                  "FROM (SELECT i, lag(i) OVER (PARTITION BY filename ORDER BY file_row_number) AS b"
                      + " FROM read_parquet("
                      + Sql.literal(parts + "/**/*.parquet")
                      + ", filename = true, file_row_number = true)) WHERE i < b"))
          .isZero();
    }
    assertThat(hashes.get(0)).isEqualTo(hashes.get(1));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void partitionsOfAnyValueComeBack(boolean sorted) throws IOException {
    warehouse.execute(
        "CREATE TABLE t AS SELECT unnest(['a/b', '../../x', NULL, '', '..', 'ü 表', 'k=v', '*', '%41',"
            + " 'it''s', '\"', 'x' || chr(10) || 'y']) AS p, 1 AS i");
    Target target = Target.parquet(folder.resolve("out")).partitionBy("p");
    Exported exported = warehouse.sql("FROM t").export(sorted ? target.sortBy("i") : target);
    assertThat(exported.rows()).isEqualTo(12);
    assertThat(exported.files()).hasSize(12).allMatch(file -> file.startsWith(folder));
    assertThat(names())
        .filteredOn(path -> path.getNameCount() == 1)
        .containsExactly(Path.of("out"));
    assertThat(
            warehouse.execute(
                "(SELECT p::VARCHAR AS p FROM t) EXCEPT"
                    + " (SELECT p::VARCHAR FROM read_parquet("
                    + Sql.literal(folder + "/out/**/*.parquet")
                    + ", hive_partitioning = true, hive_types_autocast = false))"))
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aColumnOfAnyNameCanPartitionAndSort(boolean sorted) {
    Target target = Target.parquet(folder.resolve("out")).partitionBy("p's \") /x");
    Exported exported =
        warehouse
            .sql("SELECT 1 AS \"p's \"\") /x\", 2 AS \"i\"\" DESC; '\"")
            .export(sorted ? target.sortBy("i\" DESC; '") : target);
    assertThat(exported.rows()).isEqualTo(1);
    assertThat(exported.files()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noRowsInPartitionsAreAnEmptyFolder(boolean sorted) {
    Path out = folder.resolve("out");
    Target target = Target.parquet(out).partitionBy("p");
    Exported exported =
        warehouse
            .sql("SELECT 1 AS p, 2 AS i WHERE false")
            .export(sorted ? target.sortBy("i") : target);
    assertThat(exported.rows()).isZero();
    assertThat(exported.files()).isEmpty();
    assertThat(out).isEmptyDirectory();
  }

  @Test
  void aFolderIsSwappedAsAWhole() throws IOException {
    Path out = folder.resolve("out");
    Target target = Target.parquet(out).partitionBy("p").overwrite(true);
    warehouse.sql("SELECT unnest([1, 2]) AS p, 2 AS i").export(target);
    warehouse.sql("SELECT 3 AS p, 2 AS i").export(target);
    assertThat(names())
        .containsExactly(Path.of("out"), Path.of("out/p=3"), Path.of("out/p=3/data_0.parquet"));
  }

  @Test
  void aFolderOfOtherThingsIsNotReplaced() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Files.writeString(out.resolve("thesis.txt"), "precious");
    Query query = warehouse.sql("SELECT 1 AS p, 2 AS i");
    assertFails(
            ErrorCode.CONFLICT,
            () -> query.export(Target.parquet(out).partitionBy("p").overwrite(true)))
        .hasMessageContaining("thesis.txt");
    assertFails(ErrorCode.CONFLICT, () -> query.export(Target.parquet(out).overwrite(true)));
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertFails(
        ErrorCode.CONFLICT,
        () -> query.export(Target.parquet(file).partitionBy("p").overwrite(true)));
    assertThat(out.resolve("thesis.txt")).hasContent("precious");
    assertThat(file).hasContent("precious");
  }

  @Test
  void unknownColumnsAreNamed() throws IOException {
    Query query = warehouse.sql("SELECT 1 AS p, ?::INT AS i").bind(2);
    Target target = Target.parquet(folder.resolve("out"));
    String evil = "i\") TO '/x'; DROP TABLE t; --";
    assertFails(ErrorCode.NAME_UNKNOWN, () -> query.export(target.sortBy(evil)))
        .hasMessageContaining(evil)
        .hasMessageContaining("there are p, i");
    assertFails(ErrorCode.NAME_UNKNOWN, () -> query.export(target.partitionBy("p", evil)))
        .hasMessageContaining(evil);
    assertThatThrownBy(() -> query.export(target.partitionBy("p", "I")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave a column");
    assertThatThrownBy(() -> query.export(target.partitionBy("p", "P")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twice");
    assertThat(names()).isEmpty();
  }

  @Test
  void aMissingFolderIsNamed() {
    Path file = folder.resolve("nowhere").resolve("file");
    assertFails(
            ErrorCode.FILE_MISSING, () -> warehouse.sql("SELECT 1").export(Target.parquet(file)))
        .hasMessageContaining(folder.resolve("nowhere").toString());
  }

  @Test
  void onlyOneStatementThatGivesRowsIsExported() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT 1 AS i");
    Target target = Target.parquet(folder.resolve("file"));
    for (String sql :
        List.of(
            "SELECT 1; SELECT 2",
            "INSERT INTO t VALUES (1)",
            "DROP TABLE t",
            "SELECT 1) TO 'x' (FORMAT csv); --")) {
      assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.sql(sql).export(target));
      assertFails(
          ErrorCode.QUERY_FAILED, () -> warehouse.sql(sql).export(Target.arrow(target.path())));
    }
    assertThat(warehouse.rows("t")).isEqualTo(1);
    assertThat(names()).isEmpty();
  }

  @Test
  void aTargetSaysWhatItIsAndRefusesWhatItCannotBe() {
    Path file = Path.of("flights");
    assertThat(Target.parquet(file).partitionBy("year").sortBy("date").sortByDescending("delay"))
        .hasToString(
            "Target[Parquet 'flights', partitioned by year, sorted by date, delay descending]");
    assertThatThrownBy(() -> Target.csv(file).partitionBy("year"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Target.csv(file).rowGroupRows(5))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Target.parquet(file).rowGroupRows(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Target.csv(file).compression(Target.Compression.SNAPPY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("SNAPPY");
    assertFails(
            ErrorCode.ARTIFACT_MISSING,
            () ->
                warehouse
                    .sql("SELECT 1")
                    .export(Target.arrow(folder.resolve("a")).compression(Target.Compression.ZSTD)))
        .hasMessageContaining("org.apache.arrow:arrow-compression");
  }

  @ParameterizedTest
  @EnumSource(Target.Compression.class)
  void aParquetFileIsPackedAsAsked(Target.Compression compression) {
    Path file = folder.resolve("file");
    warehouse
        .sql("SELECT range AS i FROM range(50000)")
        .export(Target.parquet(file).compression(compression).rowGroupRows(10_000));
    assertThat(
            values(
                "SELECT count(DISTINCT row_group_id) FROM parquet_metadata("
                    + Sql.literal(file.toString())
                    + ")"))
        .containsExactly(5L);
    assertThat(
            warehouse.execute(
                "FROM parquet_metadata("
                    + Sql.literal(file.toString())
                    + ") WHERE compression NOT LIKE '"
                    + (compression == Target.Compression.NONE ? "UNCOMPRESSED" : compression.name())
                    + "%'"))
        .isZero();
  }

  @Test
  void aWarehouseForReadingExportsToo() {
    Path database = folder.resolve("db");
    try (Warehouse writer = Warehouse.open(database)) {
      writer.execute("CREATE TABLE t AS SELECT 1 AS i, 2 AS p");
    }
    try (Warehouse reader =
        Warehouse.open(database, WarehouseOptions.builder().readOnly(true).build())) {
      assertThat(
              reader
                  .sql("FROM t")
                  .export(Target.parquet(folder.resolve("o")).partitionBy("p").sortBy("i"))
                  .rows())
          .isEqualTo(1);
    }
  }
}
