package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.Field;
import org.assertj.core.api.AbstractThrowableAssert;
import org.duckdb.DuckDBConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** A folder for files and a warehouse to load them into. */
abstract class SourceFixture {
  @TempDir Path folder;

  private final BufferAllocator allocator = new RootAllocator();
  final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  Path write(String name, String text) {
    return write(name, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  Path write(String name, byte[] bytes) {
    try {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path gzip(String name, byte[] bytes) {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return write(name, zipped.toByteArray());
  }

  /** What a query gives as a file, in a format of DuckDB. */
  Path copy(String name, String sql, String options) {
    Path file = folder.resolve(name);
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    warehouse.execute(
        "COPY (" + sql + ") TO " + Sql.literal(file.toString()) + " (" + options + ")");
    return file;
  }

  Path parquet(String name, String sql) {
    return copy(name, sql, "FORMAT parquet");
  }

  List<Object> loaded(Source source) {
    warehouse.load("t", source, Load.replace());
    return values();
  }

  List<Object> values() {
    return WarehouseTest.values(warehouse, "SELECT * FROM t");
  }

  List<String> columns() {
    return warehouse.schema("t").getFields().stream().map(Field::getName).toList();
  }

  /** Types as DuckDB writes them. */
  List<Object> types() {
    return WarehouseTest.values(
        warehouse,
        "SELECT data_type FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index");
  }

  /** A load that fails and leaves no table. */
  AbstractThrowableAssert<?, ? extends Throwable> assertUnreadable(Source source) {
    AbstractThrowableAssert<?, ? extends Throwable> failure =
        Failures.assertFails(
            ErrorCode.FILE_UNREADABLE, () -> warehouse.load("broken", source, Load.create()));
    assertThat(warehouse.tables()).doesNotContain("broken");
    return failure;
  }

  /** What a source gives where the columns of files may differ. */
  List<Object> evolved(Source source) {
    try (BufferAllocator imports = new RootAllocator();
        Database database = Database.inMemory(WarehouseOptions.defaults());
        DuckDBConnection connection = database.connect();
        Scan scan =
            source.open(
                new Scan.Context(
                    connection,
                    database,
                    imports,
                    "t",
                    Progress.NONE,
                    java.util.Optional.empty(),
                    true));
        var statement = connection.prepare("SELECT * FROM " + scan.from())) {
      Parameters.bind(statement, scan.parameters().toArray());
      List<Object> values = new java.util.ArrayList<>();
      try (var rows = statement.executeQuery()) {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
          for (int i = 1; i <= columns; i++) {
            values.add(rows.getObject(i));
          }
        }
      }
      return values;
    } catch (java.sql.SQLException e) {
      throw new AssertionError(e);
    }
  }
}
