package io.mlinfra.warehouse;

import static io.mlinfra.warehouse.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CsvSourceTest extends SourceFixture {
  private static final String PEOPLE = "id,name,born\n1,Ada,1815-12-10\n2,,1912-06-23\n";

  @Test
  void typesAreFoundOut() {
    loaded(Source.csv(write("a.csv", PEOPLE)));
    assertThat(types()).containsExactly("BIGINT", "VARCHAR", "DATE");
    assertThat(WarehouseTest.values(warehouse, "SELECT name FROM t")).containsExactly("Ada", null);
  }

  @Test
  void delimitersAreFoundOutFromTheFirstLine() {
    for (char c : new char[] {',', ';', '\t', '|'}) {
      Path file = write("d.csv", PEOPLE.replace(',', c));
      assertThat(loaded(Source.csv(file))).hasSize(6);
      assertThat(loaded(Source.csv(file).delimiter(c))).hasSize(6);
    }
    assertThat(loaded(Source.csv(write("q.csv", "\"a,b,c\";x\n1;2\n")))).containsExactly(1L, 2L);
    assertThat(columns()).containsExactly("a,b,c", "x");
    assertThat(loaded(Source.csv(write("one.csv", "x\n1\n\n3\n")))).containsExactly(1L, null, 3L);
    assertThat(loaded(Source.csv(write("hash.csv", "a#b\n1#2\n")).delimiter('#')))
        .containsExactly(1L, 2L);
  }

  @Test
  void typesCanBeDeclaredForAllColumnsOrSome() {
    Path file = write("a.csv", PEOPLE);
    Map<String, String> all = new LinkedHashMap<>();
    all.put("born", "VARCHAR");
    all.put("ID", "TINYINT");
    all.put("name", "VARCHAR");
    assertThat(loaded(Source.csv(file).columns(all)))
        .containsExactly((byte) 1, "Ada", "1815-12-10", (byte) 2, null, "1912-06-23");
    assertThat(columns()).containsExactly("id", "name", "born");
    loaded(Source.csv(file).column("id", "DECIMAL(9, 2)").column("id", "UTINYINT"));
    assertThat(types()).containsExactly("UTINYINT", "VARCHAR", "DATE");
    assertUnreadable(Source.csv(file).column("age", "INTEGER"))
        .hasMessageContaining("'age'")
        .hasMessageContaining("id, name, born".replace("id, name, born", "born, id, name"));
    loaded(Source.csv(write("l.csv", "a,b\n\"[1, 2]\",x\n")).column("a", "INTEGER[]"));
    assertThat(types()).containsExactly("INTEGER[]", "VARCHAR");
  }

  @Test
  void typesAndNamesAreNothingButThat() {
    warehouse.execute("CREATE TABLE victim AS SELECT 1 AS i");
    Path file = write("a.csv", "id,\"it's\"\"; DROP TABLE victim; --\"\n1,2\n");
    String name = "it's\"; DROP TABLE victim; --";
    assertThat(loaded(Source.csv(file).column(name, "INTEGER").column("id", "INTEGER")))
        .containsExactly(1, 2);
    assertThat(columns()).containsExactly("id", name);
    for (String type :
        new String[] {
          "INTEGER'}); DROP TABLE victim; --", "INTEGER); DROP TABLE victim", "NOTHING", "a'b"
        }) {
      for (String columns : new String[] {"id", name}) {
        assertThatThrownBy(
                () ->
                    warehouse.load("t", Source.csv(file).column("id", type).column(columns, type)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("'" + type + "'");
      }
    }
    assertThat(warehouse.rows("victim")).isEqualTo(1);
    assertThatThrownBy(() -> Source.csv(file).column("", "INTEGER"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Source.csv(file).column("a", " "))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Source.csv(file).delimiter('\n'))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Source.csv(file).quote('é'))
        .isInstanceOf(IllegalArgumentException.class);
    String evil = "', ignore_errors = true, nullstr = '";
    assertThat(
            loaded(
                Source.csv(write("n.csv", "a,b\n" + evil.replace(",", ";") + ",1\n"))
                    .nullText(evil.replace(",", ";"))))
        .containsExactly(null, 1L);
  }

  @Test
  void theFormatCanBeDeclared() {
    assertThat(
            loaded(
                Source.csv(write("a.csv", "1;'a;b';NA;31.12.2001;01.02.2003 04:05\n"))
                    .header(false)
                    .quote('\'')
                    .nullText("NA")
                    .dateFormat("%d.%m.%Y")
                    .timestampFormat("%d.%m.%Y %H:%M")
                    .column("i", "INTEGER")
                    .column("s", "VARCHAR")
                    .column("n", "DOUBLE")
                    .column("d", "DATE")
                    .column("t", "TIMESTAMP")))
        .containsExactly(1, "a;b", null, 11_687, LocalDateTime.of(2003, 2, 1, 4, 5));
    assertThat(loaded(Source.csv(write("b.csv", "a,b\n1,\"x\\\"y\"\n")).escape('\\')))
        .containsExactly(1L, "x\"y");
    assertThat(loaded(Source.csv(write("c.csv", "1,x\n2,y\n")).header(false)))
        .containsExactly(1L, "x", 2L, "y");
    assertThat(columns()).containsExactly("column0", "column1");
    assertUnreadable(Source.csv(write("d.csv", "1,x\n")).header(false).column("a", "INTEGER"))
        .hasMessageContaining("has 2 columns, but 1 were declared");
  }

  @Test
  void encodingsThatDuckDbHas() {
    String text = "id,name\n1,Zoë\n";
    assertThat(
            loaded(
                Source.csv(write("l.csv", text.getBytes(StandardCharsets.ISO_8859_1)))
                    .encoding(StandardCharsets.ISO_8859_1)))
        .containsExactly(1L, "Zoë");
    byte[] wide = text.getBytes(StandardCharsets.UTF_16LE);
    assertThat(loaded(Source.csv(write("w.csv", wide)).encoding(StandardCharsets.UTF_16LE)))
        .containsExactly(1L, "Zoë");
    byte[] marked = ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16LE);
    assertThat(
            loaded(
                Source.csv(write("m.csv", marked))
                    .encoding(StandardCharsets.UTF_16)
                    .column("id", "INTEGER")))
        .containsExactly(1, "Zoë");
    assertUnreadable(Source.csv(write("m.csv", marked))).hasMessageContaining("UTF_16");
    assertUnreadable(
            Source.csv(write("b.csv", text.getBytes(StandardCharsets.UTF_16)))
                .encoding(StandardCharsets.UTF_16))
        .hasMessageContaining("high byte first");
    assertUnreadable(Source.csv(write("l.csv", text.getBytes(StandardCharsets.ISO_8859_1))))
        .hasMessageContaining("line 2")
        .hasMessageContaining("encoding");
    assertThatThrownBy(
            () -> Source.csv(folder).encoding(java.nio.charset.Charset.forName("windows-1252")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("windows-1252");
  }

  @Test
  void marksAndLineBreaksOfOtherSystems() {
    assertThat(loaded(Source.csv(write("bom.csv", "\uFEFFa,b\r\n1,2\r\n"))))
        .containsExactly(1L, 2L);
    assertThat(columns()).containsExactly("a", "b");
    assertThat(
            loaded(
                Source.csv(write("bom2.csv", "\uFEFF1,2\r\n3,4\r\n"))
                    .header(false)
                    .column("a", "INTEGER")
                    .column("b", "INTEGER")))
        .containsExactly(1, 2, 3, 4);
    assertThat(loaded(Source.csv(write("cr.csv", "a,b\r1,2\r3,4"))))
        .containsExactly(1L, 2L, 3L, 4L);
    assertThat(loaded(Source.csv(write("blank.csv", "a,b\n\n1,2\n\n\n3,4\n\n"))))
        .containsExactly(1L, 2L, 3L, 4L);
    assertUnreadable(Source.csv(write("mixed.csv", "a,b\r\n1,2\n3,4\r\n5,6\r\n")));
    assertUnreadable(Source.csv(write("leading.csv", "\n\na,b\n1,2\n")))
        .hasMessageContaining("first line is blank");
    assertThat(loaded(Source.csv(write("lines.csv", "a,\"b\nc\"\n1,\"x\r\ny\"\n"))))
        .containsExactly(1L, "x\r\ny");
    assertThat(columns()).containsExactly("a", "b\nc");
  }

  @Test
  void emptyFilesAndHeadersAlone() {
    Path empty = write("empty.csv", "");
    assertUnreadable(Source.csv(empty))
        .hasMessageContaining("empty")
        .hasMessageContaining(empty.toString());
    assertUnreadable(Source.csv(empty).header(false)).hasMessageContaining("declare columns");
    assertThat(loaded(Source.csv(empty).header(false).column("a", "INTEGER"))).isEmpty();
    assertThat(types()).containsExactly("INTEGER");
    for (String text : new String[] {"a,b", "a,b\n", "a,b\r\n"}) {
      assertThat(loaded(Source.csv(write("header.csv", text)))).isEmpty();
      assertThat(columns()).containsExactly("a", "b");
      assertThat(
              loaded(
                  Source.csv(write("header.csv", text)).column("b", "INTEGER").column("a", "DATE")))
          .isEmpty();
      assertThat(types()).containsExactly("DATE", "INTEGER");
    }
  }

  @Test
  void namesBecomeUnique() {
    Path file = write("a.csv", "a,A,,a\n1,2,3,4\n");
    loaded(Source.csv(file));
    assertThat(columns()).containsExactly("a", "A_1", "column2", "a_2");
    Source all =
        Source.csv(file)
            .column("a", "INTEGER")
            .column("a_1", "INTEGER")
            .column("a_2", "INTEGER")
            .column("column2", "INTEGER");
    assertThat(loaded(all)).containsExactly(1, 2, 3, 4);
    assertThat(columns()).containsExactly("a", "A_1", "column2", "a_2");
  }

  @Test
  void nothingIsTakenForAPreambleOrAComment() {
    assertUnreadable(Source.csv(write("p.csv", "some words\nmore words\nid,name\n1,a\n")))
        .hasMessageContaining("line 3");
    assertThat(loaded(Source.csv(write("c.csv", "id,name\n#1,a\n2,b\n"))))
        .containsExactly("#1", "a", "2", "b");
  }

  @Test
  void aQuoteThatIsNeverClosedDoesNotTurnQuotesOff() {
    Path file = write("a.csv", "id,name,price\n1,\"a\",1.5\n2,\"b,2\n3,c,4\n");
    assertUnreadable(Source.csv(file))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("line 3")
        .hasMessageContaining("quote");
    assertUnreadable(
            Source.csv(file)
                .column("id", "INTEGER")
                .column("name", "VARCHAR")
                .column("price", "DOUBLE"))
        .hasMessageContaining("line 3");
    assertUnreadable(Source.csv(write("h.csv", "id,\"name\n1,a\n"))).hasMessageContaining("line 1");
  }

  @Test
  void badRowsAreNamed() {
    String head = "id,name,price\n1,a,1.5\n";
    for (boolean declared : new boolean[] {true, false}) {
      CsvSource few = Source.csv(write("few.csv", head + "2,b\n"));
      CsvSource many = Source.csv(write("many.csv", head + "2,b,3,4\n"));
      if (declared) {
        few = few.column("id", "INTEGER").column("name", "VARCHAR").column("price", "DOUBLE");
        many = many.column("id", "INTEGER").column("name", "VARCHAR").column("price", "DOUBLE");
      }
      assertUnreadable(few)
          .hasMessageContaining("few.csv', line 3")
          .hasMessageContaining("but found: 2")
          .hasMessageContaining("(2,b)");
      assertUnreadable(many)
          .hasMessageContaining("many.csv', line 3")
          .hasMessageContaining("but found: 4");
    }
    assertUnreadable(Source.csv(write("cast.csv", head + "2,b,x\n")).column("price", "DOUBLE"))
        .hasMessageContaining("cast.csv', line 3, column 'price'")
        .hasMessageContaining("\"x\"")
        .hasMessageEndingWith("(2,b,x)");
  }

  @Test
  void nulCharactersStay() {
    assertThat(loaded(Source.csv(write("a.csv", "a,b\n1,x\0y\n2,\"\0\"\n"))))
        .containsExactly(1L, "x\0y", 2L, "\0");
  }

  @Test
  void hugeFieldsAreRefused() throws IOException {
    byte[] huge = new byte[100_000_000];
    java.util.Arrays.fill(huge, (byte) 'y');
    byte[] head = "s,i\n".getBytes(StandardCharsets.UTF_8);
    System.arraycopy(head, 0, huge, 0, head.length);
    Path first = write("first.csv", huge);
    Source declared = Source.csv(first).column("s", "VARCHAR").column("i", "INTEGER");
    for (Source source : new Source[] {Source.csv(first), declared}) {
      assertUnreadable(source).hasMessageContaining("line 2").hasMessageContaining("2,000,000");
    }
    StringBuilder rows = new StringBuilder("s,i\n");
    for (int i = 0; i < 200_000; i++) {
      rows.append("value ").append(i).append(',').append(i).append('\n');
    }
    byte[] start = rows.toString().getBytes(StandardCharsets.UTF_8);
    java.util.Arrays.fill(huge, 0, start.length + 1, (byte) 'y');
    System.arraycopy(start, 0, huge, 0, start.length);
    Path later = write("later.csv", huge);
    declared = Source.csv(later).column("s", "VARCHAR").column("i", "INTEGER");
    Path zipped = gzip("later.csv.gz", huge);
    for (Source source : new Source[] {Source.csv(later), declared}) {
      assertUnreadable(source)
          .hasMessageContaining("later.csv', line 200002")
          .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(2_000));
    }
    assertUnreadable(Source.csv(zipped)).hasMessageContaining("later.csv.gz', line 200002");
  }

  @Test
  void compressedFiles() throws IOException {
    Path whole = gzip("a.csv.gz", PEOPLE.getBytes(StandardCharsets.UTF_8));
    assertThat(loaded(Source.csv(whole))).hasSize(6);
    byte[] cut = java.util.Arrays.copyOf(Files.readAllBytes(whole), 30);
    assertUnreadable(Source.csv(write("cut.csv.gz", cut))).hasMessageContaining("cut.csv.gz");
    assertUnreadable(Source.csv(write("no.csv.gz", PEOPLE))).hasMessageContaining("no.csv.gz");
    Path zst =
        copy("z.csv.zst", "SELECT 1 AS id, 'a;b' AS name", "FORMAT csv, DELIMITER ';', HEADER");
    assertThat(loaded(Source.csv(zst))).containsExactly(1L, "a;b");
    assertUnreadable(Source.csv(write("no.csv.zst", PEOPLE))).hasMessageContaining("no.csv.zst");
  }

  @Test
  void manyFilesHaveTheSameColumns() {
    write("d/k=1/a.csv", "id,name\n1,a\n");
    write("d/k=1/b.csv", "name,id\nb,2\n");
    write("d/k=2/c.tsv", "id\tname\n3.5\tc\n");
    Path d = folder.resolve("d");
    assertThat(loaded(Source.csv(d))).containsExactly(1.0, "a", 1L, 2.0, "b", 1L, 3.5, "c", 2L);
    assertThat(
            loaded(Source.csv(d).partitions(false).column("name", "VARCHAR").column("id", "FLOAT")))
        .containsExactly(1f, "a", 2f, "b", 3.5f, "c");
    assertThat(loaded(Source.csv(d, "k=1/*"))).containsExactly(1L, "a", 1L, 2L, "b", 1L);
    Path other = write("d/k=2/d.csv", "id,more\n4,5\n");
    assertUnreadable(Source.csv(d))
        .hasMessageContaining(other.toString())
        .hasMessageContaining("adds the columns more")
        .hasMessageContaining("lacks the columns name");
    assertThat(evolved(Source.csv(d).partitions(false)))
        .containsExactly(1.0, "a", null, 2.0, "b", null, 3.5, "c", null, 4.0, null, 5L);
    assertThat(
            evolved(
                Source.csv(d)
                    .partitions(false)
                    .column("id", "FLOAT")
                    .column("name", "VARCHAR")
                    .column("more", "INTEGER")))
        .containsExactly(1f, "a", null, 2f, "b", null, 3.5f, "c", null, 4f, null, 5);
    write("d/k=2/d.csv", "");
    assertUnreadable(Source.csv(d)).hasMessageContaining("d.csv' is empty");
    write("d/k=2/d.csv", "id,name\n4,x\n5\n");
    assertUnreadable(Source.csv(d)).hasMessageContaining("d.csv', line 3");
  }

  @Test
  void typesFitAllOfManyFiles() {
    for (int i = 0; i < 40; i++) {
      write(String.format("d/%02d.csv", i), "v\n" + (i < 39 ? "" + i : "last") + "\n");
    }
    assertThat(loaded(Source.csv(folder.resolve("d"))))
        .hasSize(40)
        .startsWith("0")
        .endsWith("last");
  }

  @Test
  void pathsStandForThemselves() {
    write("aXb.csv", "i\n7\n");
    for (String name : new String[] {"a*b.csv", "a?b.csv", "a[X]b.csv", "it's.csv", "k=v/a.csv"}) {
      assertThat(loaded(Source.csv(write(name, "i\n1\n")))).as("%s", name).containsExactly(1L);
    }
    assertThat(loaded(Source.csv(folder, "a[X]b.csv"))).containsExactly(7L);
    assertFails(
        ErrorCode.FILE_MISSING, () -> warehouse.load("t2", Source.csv(folder.resolve("no.csv"))));
  }

  /** DuckDB reads a file as the types of the table it is added to. */
  @Test
  void aValueThatTheTableDoesNotTakeIsNamed() {
    Path file = write("a.csv", "i\n1\nx\n");
    warehouse.execute("CREATE TABLE t(i INTEGER)");
    assertFails(
            ErrorCode.FILE_UNREADABLE, () -> warehouse.load("t", Source.csv(file), Load.append()))
        .hasMessageContaining("a.csv', line 3, column 'i'");
    assertThat(warehouse.rows("t")).isZero();
    LoadResult result = warehouse.load("t", Source.csv(file).rejectAtMost(1), Load.append());
    assertThat(result.rejected()).singleElement().extracting(RejectedRow::line).isEqualTo(3L);
    assertThat(warehouse.rows("t")).isEqualTo(1);
  }
}
