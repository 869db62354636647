package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.Test;

class JvmFlagTest {
  @Test
  void withoutTheFlagStreamsNameItAndTheRestWorks() throws Exception {
    Process child = ChildJvm.start(false, Streams.class);
    List<String> lines = child.inputReader().lines().collect(Collectors.toList());
    assertThat(child.waitFor()).as("%s", lines).isZero();
    assertThat(lines)
        .containsExactly(
            "rows 3",
            "list [0, 1, 2]",
            "value 3",
            "show true",
            "refused",
            "refused",
            "refused",
            "closed");
  }

  /** Tries everything that needs the flag. */
  static final class Streams {
    private Streams() {}

    public static void main(String[] arguments) {
      try (BufferAllocator allocator = new RootAllocator()) {
        try (Warehouse warehouse = Warehouse.inMemory()) {
          warehouse.execute("CREATE TABLE t AS SELECT * FROM range(3) t(i)");
          System.out.println("rows " + warehouse.rows("t"));
          System.out.println("list " + warehouse.sql("SELECT i FROM t").list(Long.class));
          System.out.println("value " + warehouse.sql("SELECT sum(i) FROM t").value(Long.class));
          System.out.println(
              "show " + warehouse.sql("FROM t").show().toString().contains("3 rows"));
          refused(() -> warehouse.query("SELECT i FROM t"));
          refused(() -> warehouse.floats(allocator, "SELECT i FROM t"));
          refused(() -> warehouse.schema("t"));
        }
      }
      System.out.println("closed");
    }

    private static void refused(Runnable call) {
      try {
        call.run();
        System.out.println("not refused");
      } catch (MlInfraException e) {
        System.out.println(
            e.code() == ErrorCode.JVM_FLAG_MISSING && e.getMessage().contains("--add-opens")
                ? "refused"
                : e.toString());
      }
    }
  }
}
