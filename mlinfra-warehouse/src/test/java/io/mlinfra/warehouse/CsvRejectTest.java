package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CsvRejectTest extends SourceFixture {
  private static final String BAD =
      "id,name,price\n" // 1
          + "1,a,1.5\n"
          + "2,b,x\n" // 3
          + "3,c\n" // 4
          + "4,d,4.0,5\n" // 5
          + "5,\"un\nclosed\",6\n" // 6 and 7
          + "six,f,seven\n" // 8
          + "7,g,8\n"
          + "8,ÿ,9\n"; // 10

  private static CsvSource declared(Path file) {
    return Source.csv(file)
        .column("id", "INTEGER")
        .column("name", "VARCHAR")
        .column("price", "DOUBLE");
  }

  private LoadResult load(Source source) {
    return warehouse.load("t", source, Load.replace());
  }

  @Test
  void rejectedRowsAreReported() {
    Path file = write("bad.csv", BAD.getBytes(StandardCharsets.ISO_8859_1));
    LoadResult result = load(declared(file).rejectAtMost(5));
    assertThat(WarehouseTest.values(warehouse, "SELECT id FROM t")).containsExactly(1, 5, 7);
    assertThat(result.rows()).isEqualTo(3);
    assertThat(result.rejected()).extracting(RejectedRow::file).containsOnly(file.toString());
    assertThat(result.rejected())
        .extracting(RejectedRow::line)
        .containsExactly(3L, 4L, 5L, 8L, 10L);
    assertThat(result.rejected())
        .extracting(RejectedRow::column)
        .containsExactly("price", "", "", "id", "name");
    assertThat(result.rejected())
        .extracting(RejectedRow::text)
        .startsWith("2,b,x", "3,c", "4,d,4.0,5", "six,f,seven");
    assertThat(result.rejected().get(0))
        .hasToString(file + ", line 3, column 'price': Could not convert string \"x\" to 'DOUBLE'");
    assertThat(result.rejected().get(3).reason()).contains("\"six\"").contains("\"seven\"");
    assertThat(result).asString().endsWith(", 5 rejected");
  }

  @Test
  void moreThanAllowedFailTheLoad() {
    Path file = write("bad.csv", BAD.getBytes(StandardCharsets.ISO_8859_1));
    warehouse.execute("CREATE TABLE broken2 AS SELECT 42 AS i");
    assertUnreadable(declared(file).rejectAtMost(4))
        .hasMessageContaining("5 bad rows, more than the 4")
        .hasMessageContaining("bad.csv, line 3")
        .hasMessageContaining("line 5")
        .hasMessageEndingWith("; …");
    assertFails(
        ErrorCode.FILE_UNREADABLE,
        () -> warehouse.load("broken2", declared(file).rejectAtMost(1), Load.replace()));
    assertThat(WarehouseTest.values(warehouse, "SELECT i FROM broken2")).containsExactly(42);
    assertUnreadable(declared(file)).hasMessageContaining("line 3");
    assertThatThrownBy(() -> declared(file).rejectAtMost(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rows (-1)");
  }

  @Test
  void nothingIsRejectedWhereNothingIsBad() {
    LoadResult result = load(declared(write("a.csv", "id,name,price\n1,a,2\n")).rejectAtMost(9));
    assertThat(result.rows()).isEqualTo(1);
    assertThat(result.rejected()).isEmpty();
  }

  @Test
  void aGuessedTypeIsWidenedBeforeARowIsRejected() {
    StringBuilder text = new StringBuilder("id,code\n");
    for (int i = 0; i < 50_000; i++) {
      text.append(i).append(',').append(i).append('\n');
    }
    Path file = write("a.csv", text + "50000,A7\n50001\n");
    LoadResult result = load(Source.csv(file).rejectAtMost(1));
    assertThat(result.rows()).isEqualTo(50_001);
    assertThat(types()).containsExactly("BIGINT", "VARCHAR");
    assertThat(result.rejected()).singleElement().extracting(RejectedRow::line).isEqualTo(50_003L);
    // The bad row comes first, so that the guess fails only once rows are rejected.
    file = write("b.csv", text + "50001\n50000,A7\n");
    assertThat(load(Source.csv(file).rejectAtMost(1)).rows()).isEqualTo(50_001);
    // What is declared is not widened.
    result = load(Source.csv(file).column("code", "INTEGER").rejectAtMost(2));
    assertThat(result.rows()).isEqualTo(50_000);
    assertThat(result.rejected()).extracting(RejectedRow::column).containsExactly("", "code");
  }

  @Test
  void manyFilesKeepTheirRejectedRowsApart() {
    write("d/a.csv", "id,name,price\n1,a,x\n2,b,2\n");
    write("d/b.csv", "id,name,price\n3,a,3\n4,b,4\n");
    write("d/c.csv", "price,id,name\n3,y,a\n4,b\n5,5,e\n");
    for (CsvSource source :
        List.of(
            declared(folder.resolve("d")),
            Source.csv(folder.resolve("d")).column("id", "INTEGER").column("price", "DOUBLE"))) {
      LoadResult result = load(source.rejectAtMost(3));
      assertThat(WarehouseTest.values(warehouse, "SELECT id FROM t ORDER BY id"))
          .containsExactly(2, 3, 4, 5);
      assertThat(result.rejected())
          .extracting(
              row -> Path.of(row.file()).getFileName() + ":" + row.line() + ":" + row.column())
          .containsExactly("a.csv:2:price", "c.csv:2:id", "c.csv:3:id");
      assertUnreadable(source.rejectAtMost(2)).hasMessageContaining("3 bad rows");
    }
  }

  @Test
  void longTextsAreCut() {
    String text = "x".repeat(100_000);
    LoadResult result =
        load(declared(write("a.csv", "id,name,price\n1,a,2\n" + text + ",b,3\n")).rejectAtMost(1));
    assertThat(result.rejected().get(0).text()).hasSizeLessThan(1_100).endsWith("…");
    assertThat(result.rejected().get(0).reason()).hasSizeLessThan(1_100);
  }

  @Test
  void compressedFilesTellLines() {
    Path zipped = gzip("bad.csv.gz", BAD.getBytes(StandardCharsets.ISO_8859_1));
    LoadResult result = load(declared(zipped).rejectAtMost(5));
    assertThat(result.rejected())
        .extracting(RejectedRow::line)
        .containsExactly(3L, 4L, 5L, 8L, 10L);
  }

  /** Nobody can tell where the next one begins, and DuckDB would leave out what follows. */
  @Test
  void aRowWithoutAnEndIsNotRejected() {
    String head = "id,name,price\n1,a,1.5\nx,b,2\n";
    assertUnreadable(declared(write("a.csv", head + "2,\"b,2\n3,c,4\n")).rejectAtMost(9))
        .hasMessageContaining("a.csv', line 4")
        .hasMessageContaining("never closed");
    assertUnreadable(
            declared(write("b.csv", head + "2," + "y".repeat(3_000_000) + ",3\n3,c,4\n"))
                .rejectAtMost(9))
        .hasMessageContaining("b.csv', line 4")
        .hasMessageContaining("2,000,000");
    String rows = "7,some name,8\n".repeat(200_000);
    assertUnreadable(
            declared(write("c.csv", head + "2,\"b,2\n" + rows + "8,c\"d,9\n" + rows))
                .rejectAtMost(9))
        .hasMessageContaining("c.csv', line 4");
    Path zst =
        copy(
            "d.csv.zst",
            "SELECT i AS id, 'a' AS name, 'x' AS price FROM range(2) t(i)",
            "FORMAT csv, HEADER");
    assertUnreadable(declared(zst).rejectAtMost(9)).hasMessageContaining("Zstandard");
    assertUnreadable(declared(zst)).hasMessageContaining("line 2");
  }

  /** A quote too many within a few rows makes them one bad row, which has all their text. */
  @Property(tries = 25)
  void quotesTooManyLoseNoRow(@ForAll long seed, @ForAll @IntRange(min = 1, max = 500) int rows)
      throws IOException {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder("id,name,price\n");
    for (int i = 0; i < rows; i++) {
      String name = random.nextInt(4) == 0 ? "\"q" + i + "\"" : "n" + i;
      if (random.nextInt(12) == 0) {
        int at = random.nextInt(name.length() + 1);
        name = name.substring(0, at) + '"' + name.substring(at);
      }
      text.append(i).append(',').append(name).append(",1.5\n");
    }
    Path file = Files.createTempFile("mlinfra-quotes", ".csv");
    try (Warehouse own = Warehouse.inMemory()) {
      Files.writeString(file, text);
      LoadResult result;
      try {
        result = own.load("t", declared(file).rejectAtMost(rows), Load.replace());
      } catch (MlInfraException e) {
        assertThat(e).hasMessageContaining("never closed");
        return;
      }
      long lines = result.rows();
      for (RejectedRow row : result.rejected()) {
        lines += row.text().strip().lines().count();
      }
      for (Object name : WarehouseTest.values(own, "SELECT name FROM t")) {
        lines += String.valueOf(name).chars().filter(c -> c == '\n').count();
      }
      assertThat(lines).isEqualTo(rows);
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void noRowOfManyIsLost() {
    StringBuilder text = new StringBuilder("id,name,price\n");
    int bad = 0;
    for (int i = 0; i < 400_000; i++) {
      boolean broken = i % 97 == 0;
      bad += broken ? 1 : 0;
      text.append(broken ? "x" : "").append(i).append(",some name ").append(i).append(",1.5\n");
    }
    LoadResult result = load(declared(write("a.csv", text.toString())).rejectAtMost(bad));
    assertThat(result.rejected()).hasSize(bad);
    assertThat(result.rows()).isEqualTo(400_000 - bad);
    assertThat(result.rejected().get(bad - 1).line()).isEqualTo((bad - 1) * 97L + 2);
  }

  /** Damages lines at random; plain Java says which of them are still good. */
  @Property(tries = 25)
  void loadedAndRejectedAreTheLinesThatAreThere(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 3_000) int lines) throws IOException {
    Random random = new Random(seed);
    Pattern good = Pattern.compile("-?\\d{1,9},[a-z]*,-?\\d{1,9}(\\.\\d{1,9})?");
    List<String> written = new ArrayList<>();
    List<Integer> bad = new ArrayList<>();
    for (int i = 0; i < lines; i++) {
      String line = i + "," + (char) ('a' + random.nextInt(26)) + "," + random.nextInt(99) + ".5";
      if (random.nextInt(10) == 0) {
        int at = random.nextInt(line.length());
        String noise = ",,xy.-".substring(random.nextInt(6)).substring(0, 1);
        line = line.substring(0, at) + noise + line.substring(at + random.nextInt(2));
      }
      written.add(line);
      if (!good.matcher(line).matches()) {
        bad.add(i + 2);
      }
    }
    Path file = Files.createTempFile("mlinfra-reject", ".csv");
    try (Warehouse own = Warehouse.inMemory()) {
      Files.writeString(file, "id,name,price\n" + String.join("\n", written) + "\n");
      LoadResult result = own.load("t", declared(file).rejectAtMost(lines), Load.replace());
      assertThat(result.rows() + result.rejected().size()).isEqualTo(lines);
      // DuckDB takes a few numbers that the pattern does not, such as "1." and ".5".
      for (RejectedRow row : result.rejected()) {
        assertThat(bad).as("%s", row).contains((int) row.line());
        assertThat(row.text()).isEqualTo(written.get((int) row.line() - 2));
      }
    } finally {
      Files.delete(file);
    }
  }
}
