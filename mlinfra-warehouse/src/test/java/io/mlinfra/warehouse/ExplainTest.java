package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExplainTest {
  private final Warehouse warehouse = Warehouse.inMemory();

  @BeforeEach
  void table() {
    warehouse.execute("CREATE TABLE t AS SELECT i FROM range(5000) t(i)");
  }

  @AfterEach
  void close() {
    warehouse.close();
  }

  @Test
  void drawsThePlanWithoutRunningIt() {
    String plan =
        warehouse.sql("/* all */ SELECT sum(i) FROM t WHERE i > $low;").bind("low", 7).explain();
    // DuckDB 2.0 draws "Seq Scan" and "i > 7".
    assertThat(plan.toUpperCase(Locale.ROOT).replaceAll("[ _]", ""))
        .contains("SEQSCAN", "I>7", "AGGREGATE");
    warehouse.sql("DELETE FROM t").explain();
    assertThat(warehouse.rows("t")).isEqualTo(5000);
  }

  @Test
  void analyzingRunsIt() {
    assertThat(warehouse.sql("SELECT * FROM t").explainAnalyze()).contains("Total Time");
    warehouse.sql("DELETE FROM t").explainAnalyze();
    assertThat(warehouse.rows("t")).isZero();
  }

  @Test
  void errorsKeepTheirPlaceInTheStatement() {
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.sql("SELECT wrong FROM t").execute())
        .hasMessageContaining("\"wrong\" not found")
        .hasMessageContaining("LINE 1: SELECT wrong FROM t")
        .hasMessageContaining("^");
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.sql("SELEC 1").show())
        .hasMessageContaining("syntax error at or near \"SELEC\"");
    assertFails(ErrorCode.NAME_UNKNOWN, () -> warehouse.sql("SELECT * FROM nowhere").explain())
        .hasMessageContaining("nowhere");
    assertFails(ErrorCode.QUERY_FAILED, () -> warehouse.sql("SELECT 1; DROP TABLE t").explain())
        .hasMessageContaining("more than one statement");
  }

  @Test
  void aClosedWarehouseSaysSo() {
    Query query = warehouse.sql("SELECT 1");
    warehouse.close();
    for (Runnable call :
        List.<Runnable>of(
            query::execute,
            query::stream,
            query::show,
            query::explain,
            () -> query.list(Integer.class))) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in-memory Warehouse is closed");
    }
    query.cancel();
  }

  @Test
  void tooLittleMemoryIsSaid() {
    try (Warehouse small =
        Warehouse.inMemory(
            WarehouseOptions.builder().memoryLimitBytes(20_000_000).threads(1).build())) {
      assertFails(
          ErrorCode.OUT_OF_MEMORY,
          () -> small.execute("SELECT list(i::VARCHAR) FROM range(5000000) t(i)"));
    }
  }

  /** What was told of one task. */
  private record Told(String name, long total, String unit, AtomicLong units, AtomicLong closed) {}

  @Test
  void progressIsTold() throws Exception {
    List<Told> told = new ArrayList<>();
    Progress progress =
        (name, total, unit) -> {
          Told task = new Told(name, total, unit, new AtomicLong(), new AtomicLong());
          told.add(task);
          return new Progress.Task() {
            @Override
            public void advance(long units) {
              task.units().addAndGet(units);
            }

            @Override
            public void close() {
              task.closed().incrementAndGet();
            }
          };
        };
    warehouse.sql("SELECT i FROM t").progress(progress).list(Long.class);
    try (ArrowReader reader =
        warehouse.sql("SELECT i FROM t").progress(progress).batchRows(1000).stream()) {
      while (reader.loadNextBatch()) {
        assertThat(told.get(1).closed()).hasValue(0);
      }
    }
    warehouse.sql("CREATE TABLE u AS FROM t").progress(progress).execute();
    assertThat(told).extracting(Told::total).containsExactly(-1L, -1L, 100L);
    assertThat(told).extracting(Told::unit).containsExactly("rows", "rows", "percent");
    assertThat(told).extracting(task -> task.units().get()).containsExactly(5000L, 5000L, 100L);
    assertThat(told).extracting(task -> task.closed().get()).containsOnly(1L);
  }
}
