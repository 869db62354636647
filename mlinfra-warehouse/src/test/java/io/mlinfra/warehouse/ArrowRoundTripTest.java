package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.data.FloatBlock;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.duckdb.DuckDBDriver;

class ArrowRoundTripTest {
  @Property(tries = 60)
  void whatGoesInComesOut(
      @ForAll long seed,
      @ForAll @IntRange(max = 3000) int rows,
      @ForAll @IntRange(min = 1, max = 3000) int batchIn,
      @ForAll @IntRange(min = 1, max = 3000) int batchOut)
      throws IOException {
    try (BufferAllocator allocator = new RootAllocator();
        RandomTable table = new RandomTable(allocator, seed, rows, false);
        Warehouse warehouse =
            Warehouse.inMemory(
                WarehouseOptions.builder().allocator(allocator).batchRows(batchOut).build())) {
      try (ArrowReader in = table.stream(Math.max(batchIn, rows / 50 + 1))) {
        assertThat(warehouse.load("t", Source.arrow(in)).rows()).isEqualTo(rows);
      }
      VectorSchemaRoot expected = table.root();
      assertThat(warehouse.schema("t").getFields().stream().map(Field::toString))
          .containsExactlyElementsOf(
              expected.getSchema().getFields().stream()
                  // DuckDB names a list's elements itself.
                  .map(field -> field.toString().replace("$data$", "l"))
                  .collect(Collectors.toList()));
      int row = 0;
      try (ArrowReader out = warehouse.query("SELECT * FROM t")) {
        while (out.loadNextBatch()) {
          VectorSchemaRoot batch = out.getVectorSchemaRoot();
          for (int i = 0; i < batch.getRowCount(); i++, row++) {
            for (int c = 0; c < expected.getFieldVectors().size(); c++) {
              assertThat(batch.getVector(c).getObject(i))
                  .as("%s of row %s", batch.getVector(c).getName(), row)
                  .isEqualTo(expected.getVector(c).getObject(row));
            }
          }
        }
      }
      assertThat(row).isEqualTo(rows);
    }
  }

  @Property(tries = 40)
  void floatsAreWhatALoopOverJdbcGives(@ForAll long seed, @ForAll @IntRange(max = 5000) int rows)
      throws IOException, SQLException {
    try (BufferAllocator allocator = new RootAllocator();
        RandomTable table = new RandomTable(allocator, seed, rows, true);
        Warehouse warehouse =
            Warehouse.inMemory(
                WarehouseOptions.builder().allocator(allocator).batchRows(1 + rows / 3).build())) {
      try (ArrowReader in = table.stream(1000)) {
        warehouse.load("t", Source.arrow(in));
      }
      Path file = Files.createTempFile("table", ".parquet");
      try (FloatBlock block = warehouse.floats(allocator, "SELECT * FROM t");
          Connection jdbc = new DuckDBDriver().connect("jdbc:duckdb:", null);
          Statement statement = jdbc.createStatement()) {
        warehouse.execute("COPY t TO " + Sql.literal(file.toString()) + " (FORMAT parquet)");
        assertThat(block.rows()).isEqualTo(rows);
        int columns = table.root().getFieldVectors().size();
        assertThat(block.columns()).isEqualTo(columns);
        try (ResultSet expected =
            statement.executeQuery("SELECT * FROM " + Sql.literal(file.toString()))) {
          for (int row = 0; expected.next(); row++) {
            for (int c = 0; c < columns; c++) {
              assertThat(Float.floatToIntBits(block.get(row, c)))
                  .as("%s of row %s", table.root().getVector(c).getName(), row)
                  .isEqualTo(Float.floatToIntBits(number(expected, c + 1)));
            }
          }
        }
      } finally {
        Files.delete(file);
      }
    }
  }

  private static float number(ResultSet row, int column) throws SQLException {
    Object value = row.getObject(column);
    if (value == null) {
      return Float.NaN;
    } else if (value instanceof Boolean truth) {
      return truth ? 1 : 0;
    } else if (value instanceof BigDecimal decimal) {
      return (float) decimal.doubleValue();
    } else if (value instanceof Double number) {
      return number.floatValue();
    } else if (value instanceof Float number) {
      return number;
    }
    return (float) row.getLong(column);
  }
}
