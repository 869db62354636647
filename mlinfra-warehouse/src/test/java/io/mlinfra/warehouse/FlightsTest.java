package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.data.FloatBlock;
import io.mlinfra.core.version.ContentHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;

/** The data of the examples is what its README says. */
class FlightsTest {
  private static final Path DATA = Path.of("..", "examples", "data");
  private static final Path FLIGHTS = DATA.resolve("flights-2001.parquet");

  @Test
  void theFileIsTheOneThatIsDescribed() throws IOException {
    assertThat(Files.readString(DATA.resolve("README.md"))).contains(ContentHash.of(FLIGHTS).hex());
  }

  @Test
  void theFlightsAreAllThereSortedAndWithoutGaps() {
    try (BufferAllocator allocator = new RootAllocator();
        Warehouse warehouse = Warehouse.inMemory()) {
      assertThat(warehouse.load("flights", Source.parquet(FLIGHTS)).rows()).isEqualTo(686_938);
      assertThat(warehouse.schema("flights").getFields())
          .extracting(Field::toString)
          .containsExactly(
              "date: Timestamp(MICROSECOND, null)",
              "delay: Int(64, true)",
              "distance: Int(64, true)",
              "origin: Utf8",
              "destination: Utf8");
      assertThat(
              WarehouseTest.values(
                  warehouse,
                  "SELECT count(COLUMNS(*)) FROM flights"
                      + " WHERE date >= '2001-01-01' AND date < '2001-02-12'"))
          .containsOnly(686_938L);
      assertThat(
              warehouse.execute(
                  "SELECT * FROM (SELECT (date, delay, distance, origin, destination) AS row,"
                      + " lag(row) OVER () AS before FROM flights) WHERE row < before"))
          .isZero();
      try (FloatBlock block =
          warehouse.floats(allocator, "SELECT delay, distance, hour(date) FROM flights")) {
        assertThat(block.rows()).isEqualTo(686_938);
        assertThat(block.get(0, 0)).isEqualTo(-13);
        assertThat(block.get(0, 1)).isEqualTo(2_345);
        assertThat(block.get(686_937, 2)).isEqualTo(23);
      }
    }
  }
}
