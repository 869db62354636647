package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compression.AbstractCompressionCodec;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArrowFileTest {
  @TempDir Path folder;

  private static Target target(boolean stream, Path file) {
    return stream ? Target.arrowStream(file) : Target.arrow(file);
  }

  @Property(tries = 40)
  void aTableOfEveryTypeGoesThroughAFile(
      @ForAll long seed,
      @ForAll @IntRange(max = 3000) int rows,
      @ForAll @IntRange(min = 1, max = 3000) int batch,
      @ForAll boolean stream)
      throws IOException {
    Path file = Files.createTempDirectory("arrow").resolve("file");
    try (BufferAllocator allocator = new RootAllocator();
        RandomTable table = new RandomTable(allocator, seed, rows, false);
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
      try (ArrowReader in = table.stream(1000)) {
        warehouse.load("t", Source.arrow(in));
      }
      Exported exported =
          warehouse
              .sql("FROM t")
              .batchRows(Math.max(batch, rows / 50 + 1))
              .export(target(stream, file));
      assertThat(exported.rows()).isEqualTo(rows);
      LoadResult loaded = warehouse.load("back", Source.arrow(file));
      assertThat(loaded.rows()).isEqualTo(rows);
      assertThat(warehouse.schema("back")).isEqualTo(warehouse.schema("t"));
      // By position, so that an equal set of rows in another order would not do.
      assertThat(
              warehouse.execute(
                  "FROM (SELECT row_number() OVER () AS n, t::VARCHAR AS r FROM t) a"
                      + " JOIN (SELECT row_number() OVER () AS n, back::VARCHAR AS r FROM back) b"
                      + " USING (n) WHERE a.r IS DISTINCT FROM b.r"))
          .isZero();
    } finally {
      WorkFolder.delete(file.getParent());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void dictionariesComeBackAsTheirValues(boolean stream) {
    Path file = folder.resolve("file");
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
      warehouse.execute("CREATE TYPE mood AS ENUM ('sad', 'ok', 'ü')");
      warehouse.execute(
          "CREATE TABLE t AS SELECT range AS i, CASE WHEN range % 5 > 0"
              + " THEN (['sad', 'ok', 'ü'])[1 + range % 3]::mood END AS m,"
              + " {'m': m} AS s FROM range(50000)");
      warehouse.sql("FROM t").batchRows(10_000).export(target(stream, file));
      assertThat(warehouse.load("back", Source.arrow(file)).rows()).isEqualTo(50_000);
      assertThat(
              warehouse.execute(
                  "FROM t JOIN back USING (i) WHERE (t.m::VARCHAR, t.s::VARCHAR)"
                      + " IS DISTINCT FROM (back.m, back.s::VARCHAR)"))
          .isZero();
    }
  }

  @Test
  void listsOfDictionaryValuesAreRefused() {
    Path file = folder.resolve("file");
    try (Warehouse warehouse = Warehouse.inMemory()) {
      warehouse
          .sql("SELECT {'a': ['x'::ENUM('x', 'y'), NULL]} AS odd FROM range(5000)")
          .export(Target.arrow(file));
      assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.load("t", Source.arrow(file)))
          .hasMessageContaining("'odd'");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFileCutOffAnywhereIsRefusedAndNothingIsKept(boolean stream) throws IOException {
    Path file = folder.resolve("file");
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
      warehouse.execute("CREATE TABLE t AS SELECT 42 AS answer");
      warehouse
          .sql("SELECT range AS i, 'x' || range AS s, [range] AS l FROM range(2000)")
          .batchRows(500)
          .export(target(stream, file));
      byte[] whole = Files.readAllBytes(file);
      for (int length = 0; length < whole.length; length += 1 + length / 12) {
        Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));
        assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.arrow(cut)))
            .hasMessageContaining(cut.toString());
      }
      Path cut =
          Files.write(folder.resolve("cut"), Arrays.copyOf(whole, whole.length - (stream ? 8 : 1)));
      assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.arrow(cut)));
      assertThat(WarehouseTest.values(warehouse, "SELECT answer FROM t")).containsExactly(42);
    }
  }

  /** Bytes that were changed are read as something else or refused; never do they end the JVM. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void damageNeverReachesNativeCode(boolean stream) throws IOException {
    Path file = folder.resolve("file");
    Random random = new Random(stream ? 1 : 2);
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse =
            Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build())) {
      warehouse.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')");
      warehouse
          .sql(
              "SELECT range AS i, 'a longer text ' || range AS s, [range, 1] AS l, {'s': s} AS r,"
                  + " 'ok'::mood AS m, {'n': 'sad'::mood} AS n FROM range(40)")
          .batchRows(20)
          .export(target(stream, file));
      byte[] whole = Files.readAllBytes(file);
      int refused = 0;
      for (int i = 0; i < 200; i++) {
        byte[] bytes = whole.clone();
        int at = random.nextInt(bytes.length);
        if (random.nextBoolean()) {
          bytes[at] ^= (byte) (1 << random.nextInt(8));
        } else {
          bytes[at] = (byte) (random.nextBoolean() ? 0xFF : 0x7F);
        }
        Path damaged = Files.write(folder.resolve("damaged"), bytes);
        try {
          warehouse.load("t", Source.arrow(damaged));
        } catch (MlInfraException e) {
          refused++;
          assertThat(e.code())
              .as("%s", e)
              .isIn(
                  ErrorCode.FILE_UNREADABLE,
                  ErrorCode.ARTIFACT_MISSING,
                  ErrorCode.DATA_UNSUITABLE,
                  ErrorCode.QUERY_FAILED);
        }
      }
      assertThat(refused).isBetween(20, 199);
    }
  }

  @Test
  void whatIsNoArrowFileIsRefusedByName() throws IOException {
    try (Warehouse warehouse = Warehouse.inMemory()) {
      for (byte[] content :
          List.of(
              new byte[0],
              "i,s\n1,a\n".repeat(100).getBytes(),
              "PAR1".getBytes(),
              "ARROW1".getBytes(),
              "ARROW1\0\0ARROW1".getBytes(),
              new byte[1000],
              new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0, 0, 0, 0})) {
        Path file = Files.write(folder.resolve("foreign"), content);
        assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.arrow(file)))
            .hasMessageContaining(file.toString());
      }
      assertFails(ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.arrow(folder)));
      assertFails(
          ErrorCode.FILE_MISSING, () -> warehouse.load("t", Source.arrow(folder.resolve("no"))));
      assertThat(warehouse.tables()).isEmpty();
    }
  }

  @Test
  void aCompressedFileNamesTheArtifactThatReadsIt() throws IOException {
    Path file = folder.resolve("packed");
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse = Warehouse.inMemory();
        BigIntVector vector = new BigIntVector("i", allocator)) {
      vector.setSafe(0, 1);
      vector.setValueCount(1);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (VectorSchemaRoot root = VectorSchemaRoot.of(vector);
          ArrowFileWriter writer =
              new ArrowFileWriter(
                  root,
                  null,
                  java.nio.channels.Channels.newChannel(bytes),
                  Map.of(),
                  IpcOption.DEFAULT,
                  new Plain(),
                  CompressionUtil.CodecType.ZSTD)) {
        writer.writeBatch();
        writer.end();
      }
      Files.write(file, bytes.toByteArray());
      assertFails(ErrorCode.ARTIFACT_MISSING, () -> warehouse.load("t", Source.arrow(file)))
          .hasMessageContaining(file.toString())
          .hasMessageContaining("org.apache.arrow:arrow-compression");
    }
  }

  /** Says that it is Zstandard, and leaves everything as it is, which the format allows. */
  private static final class Plain implements CompressionCodec.Factory {
    @Override
    public CompressionCodec createCodec(CompressionUtil.CodecType type) {
      return new AbstractCompressionCodec() {
        @Override
        protected ArrowBuf doCompress(BufferAllocator allocator, ArrowBuf from) {
          return CompressionUtil.packageRawBuffer(allocator, from);
        }

        @Override
        protected ArrowBuf doDecompress(BufferAllocator allocator, ArrowBuf from) {
          throw new UnsupportedOperationException();
        }

        @Override
        public CompressionUtil.CodecType getCodecType() {
          return type;
        }
      };
    }

    @Override
    public CompressionCodec createCodec(CompressionUtil.CodecType type, int level) {
      return createCodec(type);
    }
  }
}
