package io.mlinfra.features.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.features.Fixture;
import io.mlinfra.features.internal.Times;
import java.io.IOException;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TrainingSetTest {
  /**
   * One column of every type, null in every third row, but for arrays, which SQL has no CASE of.
   */
  private static final String EVERY_TYPE =
      "SELECT i, make_timestamp(i * 1000) AS at, "
          + String.join(
              ", ",
              List.of(
                      "(i % 100)::TINYINT",
                      "i::SMALLINT",
                      "i::INTEGER",
                      "i * 5000000000",
                      "i::HUGEINT * 10000000000000000000000",
                      "(i % 256)::UTINYINT",
                      "i::USMALLINT",
                      "i::UINTEGER",
                      "i::UBIGINT",
                      "i / 7",
                      "(i / 7)::FLOAT",
                      "(i / 7)::DECIMAL(18, 3)",
                      "(i / 7)::DECIMAL(38, 10)",
                      "i % 2 = 0",
                      "DATE '2000-01-01' + i::INTEGER",
                      "TIME '00:00:00' + INTERVAL (i) SECOND",
                      "make_timestamp(i)",
                      "make_timestamp(i)::TIMESTAMP_MS",
                      "make_timestamp(i)::TIMESTAMP_S",
                      "make_timestamp_ns(i)",
                      "make_timestamp(i)::TIMESTAMPTZ",
                      "repeat('é', (i % 50)::INTEGER) || i",
                      "i::VARCHAR::BLOB",
                      "''",
                      "NULL::VARCHAR",
                      "INTERVAL (i) DAY",
                      "range(i % 5)",
                      "[[i], [], NULL]",
                      "{'a': i, 'b': 'x' || i}",
                      "MAP {i: 'x'}")
                  .stream()
                  .map(value -> "CASE WHEN i % 3 > 0 THEN " + value + " END")
                  .toList())
          + ", [i::INTEGER, 2]::INTEGER[2] FROM range(20000) r(i)";

  private Fixture fixture;
  private FeatureStore store;

  @BeforeEach
  void open() {
    fixture = new Fixture();
    store = FeatureStore.open(fixture.warehouse);
  }

  @AfterEach
  void close() {
    store.close();
    fixture.close();
  }

  private TrainingSet numbered(int rows) {
    return store.trainingSet(
        "SELECT i, make_timestamp((i - 5) * 1000) AS at FROM range(?) r(i)", "at", rows);
  }

  private static List<Object> column(ArrowReader reader) throws IOException {
    try (reader) {
      return Fixture.rows(reader).stream().map(row -> row.get(0)).toList();
    }
  }

  @Test
  void givesBackEveryTypeOfColumn() throws IOException {
    String query = EVERY_TYPE;
    List<List<Object>> expected;
    try (ArrowReader reader = fixture.warehouse.query(query)) {
      expected = Fixture.rows(reader);
    }
    try (TrainingSet set = store.trainingSet(query, "at")) {
      try (ArrowReader reader = set.reader()) {
        assertThat(reader.getVectorSchemaRoot().getSchema()).isEqualTo(set.schema());
        assertThat(shown(Fixture.rows(reader))).isEqualTo(shown(expected));
      }
      try (ArrowReader reader = set.shuffled(3, 777)) {
        List<List<Object>> rows = new ArrayList<>(Fixture.rows(reader));
        rows.sort((a, b) -> Long.compare((Long) a.get(0), (Long) b.get(0)));
        assertThat(shown(rows)).isEqualTo(shown(expected));
      }
    }
  }

  @Test
  void givesBackEveryTypeOfAStreamWithLargeBatches() throws IOException {
    try (ArrowReader expected = fixture.warehouse.query(EVERY_TYPE);
        ArrowReader labels = fixture.warehouse.sql(EVERY_TYPE).batchRows(20_000).stream();
        ArrowReader stream = store.training(labels, "at").stream()) {
      assertThat(stream.getVectorSchemaRoot().getSchema())
          .isEqualTo(labels.getVectorSchemaRoot().getSchema());
      assertThat(shown(Fixture.rows(stream))).isEqualTo(shown(Fixture.rows(expected)));
    }
  }

  /** Some values, arrays among them, are not equal to their equals. */
  private static List<String> shown(List<List<Object>> rows) {
    return rows.stream()
        .map(
            row ->
                row.stream()
                    .map(value -> value instanceof byte[] b ? new String(b) : String.valueOf(value))
                    .toList()
                    .toString())
        .toList();
  }

  @Test
  void readsTheColumnsThatAreNamedInTheirOrder() throws IOException {
    try (TrainingSet set = numbered(3);
        ArrowReader reader = set.reader("at", "i", "i")) {
      assertThat(Fixture.rows(reader).get(2))
          .containsExactly(LocalDateTime.parse("1969-12-31T23:59:59.997"), 2L, 2L);
    }
  }

  @Test
  void refusesUnknownColumns() {
    try (TrainingSet set = numbered(3)) {
      assertThatThrownBy(() -> set.reader("i", "I"))
          .isInstanceOfSatisfying(
              MlInfraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN))
          .hasMessageContainingAll("'I'", "i, at");
      assertThatThrownBy(() -> set.shuffled(0, 10, "x")).hasMessageContaining("'x'");
      assertThatThrownBy(() -> set.shuffled(0, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("batchRows (0) must be > 0");
    }
  }

  @Test
  void splitsByTime() throws IOException {
    try (TrainingSet set = numbered(10)) {
      assertThat(column(set.before("1970-01-01").reader("i"))).containsExactly(0L, 1L, 2L, 3L, 4L);
      assertThat(column(set.since("1970-01-01").reader("i"))).containsExactly(5L, 6L, 7L, 8L, 9L);
      assertThat(
              column(set.since("1970-01-01T00:00").before("1970-01-01T00:00:00.002").reader("i")))
          .containsExactly(5L, 6L);
      assertThat(set.before("1960-01-01").rows()).isZero();
      assertThat(set.before("1960-01-01").since("1970-01-01").rows()).isZero();
      // A view has nothing to close.
      set.before("1970-01-01").close();
      assertThat(column(set.reader("i"))).hasSize(10);
    }
  }

  @Property(tries = 300)
  void comparesTimesAsTheyAre(
      @ForAll @LongRange(min = -3_000, max = 3_000) long nanos,
      @ForAll @IntRange(min = -3, max = 3) int micros) {
    LocalDateTime epoch = LocalDateTime.parse("1970-01-01T00:00");
    LocalDateTime limit = epoch.plusNanos(nanos);
    LocalDateTime row = epoch.plus(micros, ChronoUnit.MICROS);
    assertThat(micros < Times.ceiling(limit)).isEqualTo(row.isBefore(limit));
    assertThat(micros <= Times.floor(limit)).isEqualTo(!row.isAfter(limit));
  }

  @Test
  void refusesTimesThatAreNone() {
    try (TrainingSet set = numbered(1)) {
      for (String bad : List.of("", "yesterday", "2001-2-5", "2001-02-30", "2001-02-05 12:30")) {
        assertThatThrownBy(() -> set.before(bad))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("time ('" + bad + "') must look like 2001-02-05 or 2001-02-05T12:30");
      }
      assertThatThrownBy(() -> set.since(LocalDateTime.MIN))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("290,000 years");
    }
  }

  @Test
  void shufflesEveryRowOnceInAnOrderOfTheSeed() throws IOException {
    try (TrainingSet set = numbered(5000)) {
      List<Object> inOrder = column(set.reader("i"));
      List<Object> first = column(set.shuffled(1, 64, "i"));
      assertThat(first).isNotEqualTo(inOrder).containsExactlyInAnyOrderElementsOf(inOrder);
      assertThat(column(set.shuffled(1, 4999, "i"))).isEqualTo(first);
      assertThat(column(set.shuffled(1, Integer.MAX_VALUE, "i"))).isEqualTo(first);
      assertThat(column(set.shuffled(2, 64, "i"))).isNotEqualTo(first);
      TrainingSet part = set.before("1970-01-01");
      assertThat(column(part.shuffled(1, 2, "i"))).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L);
    }
  }

  @Test
  void fillsEveryBatchButTheLast() throws IOException {
    try (TrainingSet set = numbered(10);
        ArrowReader reader = set.shuffled(1, 4)) {
      List<Integer> sizes = new ArrayList<>();
      while (reader.loadNextBatch()) {
        sizes.add(reader.getVectorSchemaRoot().getRowCount());
      }
      assertThat(sizes).containsExactly(4, 4, 2);
      assertThat(reader.loadNextBatch()).isFalse();
    }
  }

  @Test
  void remembersWhatItWasMadeFrom() {
    VersionId id = new VersionId(Kind.DATASET, "flights", 1, ContentHash.of("x"));
    try (TrainingSet set = numbered(10)) {
      assertThat(set.madeFrom()).isEmpty();
      TrainingSet noted = set.madeFrom(List.of(id)).before("1970-01-01").since("1960-01-01");
      assertThat(noted.madeFrom()).containsExactly(id);
      assertThat(noted.rows()).isEqualTo(5);
    }
  }

  @Test
  void readsInSeveralThreadsAtOnce() throws Exception {
    try (TrainingSet set =
        store.trainingSet(
            "SELECT make_timestamp(i) AS at, [i, i] AS list, 'x' || i AS text FROM range(20000) r(i)",
            "at")) {
      List<Object> expected = column(set.reader("list"));
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Future<List<Object>>> reads =
            Collections.nCopies(8, threads).stream()
                .map(pool -> pool.submit(() -> column(set.reader("list"))))
                .toList();
        for (Future<List<Object>> read : reads) {
          assertThat(read.get()).isEqualTo(expected);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void refusesToReadOnceClosed() throws IOException {
    TrainingSet set = numbered(10);
    TrainingSet part = set.before("1970-01-01");
    ArrowReader started = set.reader();
    ArrowReader fresh = part.reader();
    assertThat(started.loadNextBatch()).isTrue();
    set.close();
    set.close();
    for (ArrowReader reader : List.of(started, fresh)) {
      assertThatThrownBy(reader::loadNextBatch)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the training set is closed");
      reader.close();
    }
    assertThatThrownBy(part::reader)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the training set is closed");
    assertThat(set.rows()).isEqualTo(10);
    assertThat(set.schema().getFields()).hasSize(2);
  }

  @Test
  void refusesToReadFromAClosedReader() throws IOException {
    try (TrainingSet set = numbered(10)) {
      ArrowReader reader = set.reader();
      assertThat(reader.loadNextBatch()).isTrue();
      reader.close();
      reader.close();
      assertThatThrownBy(reader::loadNextBatch)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the reader is closed");
    }
  }
}
