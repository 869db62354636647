package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class QueryStreamTest {
  private static final String LONG = "SELECT i FROM range(10000000) t(i)";

  private final BufferAllocator allocator = new RootAllocator();
  private final Warehouse warehouse =
      Warehouse.inMemory(WarehouseOptions.builder().allocator(allocator).build());

  @AfterEach
  void nothingIsLeft() {
    warehouse.close();
    allocator.close();
  }

  @Test
  void mayBeClosedAtAnyTimeAndTwice() throws IOException {
    ArrowReader unread = warehouse.query(LONG);
    unread.close();
    unread.close();
    ArrowReader midway = warehouse.query(LONG);
    assertThat(midway.loadNextBatch()).isTrue();
    midway.close();
    midway.close();
    ArrowReader ended = warehouse.query("SELECT 1");
    assertThat(ended.loadNextBatch()).isTrue();
    assertThat(ended.loadNextBatch()).isFalse();
    assertThat(ended.loadNextBatch()).isFalse();
    ended.close();
    ended.close();
    assertThat(allocator.getAllocatedMemory()).isZero();
  }

  @Test
  void saysThatItIsClosed() throws IOException {
    ArrowReader reader = warehouse.query(LONG);
    reader.close();
    assertThatThrownBy(reader::loadNextBatch)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the stream of this query is closed");
    assertThatThrownBy(reader::getVectorSchemaRoot).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(reader::getDictionaryVectors).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> reader.lookup(1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closesWithItsWarehouseWhichItsErrorNames() throws IOException {
    List<ArrowReader> readers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      readers.add(warehouse.query(LONG));
      readers.get(i).loadNextBatch();
    }
    VectorSchemaRoot batch = readers.get(0).getVectorSchemaRoot();
    warehouse.close();
    assertThat(allocator.getAllocatedMemory()).isZero();
    assertThat(batch.getVector(0).getValueCount()).isZero();
    for (ArrowReader reader : readers) {
      assertThatThrownBy(reader::loadNextBatch)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("in-memory Warehouse is closed");
      reader.close();
    }
  }

  @Test
  void survivesOtherStatements() throws IOException {
    try (ArrowReader first = warehouse.query(LONG);
        ArrowReader second = warehouse.query(LONG)) {
      long rows = 0;
      int statements = 0;
      while (first.loadNextBatch()) {
        rows += first.getVectorSchemaRoot().getRowCount();
        if (statements++ < 20) {
          warehouse.execute("CREATE OR REPLACE TABLE t AS SELECT 1");
          second.loadNextBatch();
        }
      }
      assertThat(rows).isEqualTo(10_000_000);
      assertThat(second.loadNextBatch()).isTrue();
    }
  }

  @Test
  void seesTheStateOfItsStart() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT * FROM range(500000) t(i)");
    try (ArrowReader reader = warehouse.query("SELECT i FROM t")) {
      reader.loadNextBatch();
      long rows = reader.getVectorSchemaRoot().getRowCount();
      warehouse.execute("DROP TABLE t");
      while (reader.loadNextBatch()) {
        rows += reader.getVectorSchemaRoot().getRowCount();
      }
      assertThat(rows).isEqualTo(500_000);
    }
  }

  @Test
  void givesAnEnumerationWithItsDictionary() throws IOException {
    warehouse.execute("CREATE TABLE t AS SELECT 'ok'::ENUM('bad', 'ok') AS mood");
    try (ArrowReader reader = warehouse.query("SELECT mood FROM t")) {
      assertThat(reader.loadNextBatch()).isTrue();
      UInt1Vector codes = (UInt1Vector) reader.getVectorSchemaRoot().getVector("mood");
      var dictionary = reader.lookup(codes.getField().getDictionary().getId());
      assertThat(reader.getDictionaryVectors()).hasSize(1);
      assertThat(reader.getDictionaryIds()).hasSize(1);
      try (var decoded = DictionaryEncoder.decode(codes, dictionary)) {
        assertThat(decoded.getObject(0)).hasToString("ok");
      }
    }
    assertFails(ErrorCode.DATA_UNSUITABLE, () -> warehouse.floats(allocator, "SELECT mood FROM t"))
        .hasMessageContaining("'mood'")
        .hasMessageContaining("enumeration");
  }

  @Test
  void isLazy() throws IOException {
    try (ArrowReader reader = warehouse.query("SELECT i FROM range(1000000000000) t(i)")) {
      for (long expected = 0; expected < 100_000; ) {
        assertThat(reader.loadNextBatch()).isTrue();
        BigIntVector numbers = (BigIntVector) reader.getVectorSchemaRoot().getVector(0);
        assertThat(numbers.get(0)).isEqualTo(expected);
        expected += numbers.getValueCount();
      }
    }
  }

  @Test
  void theWarehouseMayCloseWhileAnotherThreadReads() throws Exception {
    ArrowReader reader = warehouse.query("SELECT i FROM range(1000000000000) t(i)");
    CountDownLatch started = new CountDownLatch(1);
    AtomicReference<Throwable> end = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                started.countDown();
                while (reader.loadNextBatch()) {
                  // Goes on.
                }
              } catch (IOException | RuntimeException e) {
                end.set(e);
              }
            });
    thread.start();
    started.await();
    TimeUnit.MILLISECONDS.sleep(200);
    warehouse.close();
    thread.join(30_000);
    assertThat(thread.isAlive()).isFalse();
    assertThat(end.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("in-memory Warehouse is closed");
  }

  @Test
  void manyThreadsMayCloseAndReadAtOnce() throws Exception {
    List<Throwable> wrong = Collections.synchronizedList(new ArrayList<>());
    for (int round = 0; round < 20; round++) {
      ArrowReader reader = warehouse.query(LONG);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int number = i;
        Thread thread =
            new Thread(
                () -> {
                  try {
                    for (int batch = 0; batch < (number == 0 ? 3 : 1000); batch++) {
                      reader.loadNextBatch();
                    }
                    reader.close();
                  } catch (IllegalStateException e) {
                    if (!e.getMessage().endsWith("is closed")) {
                      wrong.add(e);
                    }
                  } catch (IOException | RuntimeException e) {
                    wrong.add(e);
                  }
                });
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(wrong).isEmpty();
  }
}
