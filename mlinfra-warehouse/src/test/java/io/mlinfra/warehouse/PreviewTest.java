package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.TimeZone;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PreviewTest {
  private final Warehouse warehouse = Warehouse.inMemory();

  @AfterEach
  void close() {
    warehouse.close();
  }

  private Preview shown(String sql) {
    return warehouse.sql(sql).show();
  }

  @Test
  void isAnAlignedTableWithTypesAndTheRowCount() {
    assertThat(shown("SELECT * FROM (VALUES ('JFK', 7, 1.5), ('LAX', 1200, NULL)) t(origin, n, m)"))
        .hasToString(
            """
            origin         n             m
            VARCHAR  INTEGER  DECIMAL(2,1)
            JFK            7           1.5
            LAX         1200          NULL
            2 rows
            """);
    assertThat(shown("SELECT 1 AS \"> a\"")).hasToString("    > a\nINTEGER\n      1\n1 row\n");
    assertThat(shown("SELECT 'x' AS \">\" WHERE false")).hasToString(">\nVARCHAR\n0 rows\n");
  }

  @Test
  void showsTheFirstRowsAndCountsTheRest() {
    assertThat(shown("FROM range(5000)").toString())
        .endsWith("20 of 5,000 rows\n")
        .hasLineCount(23);
    assertThat(warehouse.sql("FROM range(5000)").show(3).toString())
        .isEqualTo(" range\nBIGINT\n     0\n     1\n     2\n3 of 5,000 rows\n");
    assertThat(shown("FROM range(1000000000000)").toString())
        .endsWith("20 of more than 100,000 rows\n");
    assertThatThrownBy(() -> warehouse.sql("SELECT 1").show(0)).hasMessage("rows (0) must be > 0");
  }

  @Test
  void showsTimesAlikeInEveryZone() {
    TimeZone before = TimeZone.getDefault();
    try {
      for (String zone : new String[] {"UTC", "America/New_York"}) {
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        assertThat(
                shown(
                        "SELECT TIMESTAMP '2001-04-01 02:30:00.5' AS a, DATE '2001-04-01' AS b,"
                            + " TIMESTAMPTZ '2001-04-01 02:30:00+00' AS c, TIME '02:30:01' AS d,"
                            + " [TIMESTAMP '2001-04-01 02:30:00'] AS e,"
                            + " {'f': TIMESTAMP '2001-04-01 02:30:00'} AS f")
                    .toString())
            .contains("2001-04-01 02:30:00.500", "2001-04-01 02:30Z", "02:30:01")
            .contains("['2001-04-01 02:30:00']", "{'f': '2001-04-01 02:30:00'}");
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void showsWhatNoOtherReadPathTakes() {
    assertThat(
            shown(
                    "SELECT 'ab'::BLOB, INTERVAL '2 days', '101'::BIT, MAP {'k': 1}, DATE 'infinity',"
                        + " union_value(u := 3), '{\"j\": 1}'::JSON, 'x'::ENUM('x'), NULL, [[1], NULL]")
                .toString())
        .contains("\\x61\\x62", "2 days", "101", "k", "3", "{\"j\": 1}", "[[1], NULL]");
  }

  @Test
  void tamesWhatAShellOrANotebookObeys() {
    String sql =
        "SELECT '<b>&' || chr(27) || '[31m' || chr(10) || chr(8238) || 'x' AS \"<i>\"\"\", '日本語 🎉'";
    Preview preview = shown(sql);
    assertThat(preview.toString())
        .contains("<b>&\uFFFD[31m↵\uFFFDx", "日本語 🎉")
        .doesNotContain("\u001b", "\u202e");
    assertThat(preview.toHtml())
        .contains(
            "&lt;b&gt;&amp;\uFFFD[31m↵\uFFFDx", "<th>&lt;i&gt;&quot;<span>VARCHAR</span>", "🎉")
        .doesNotContain("<b>", "\u001b", "\u202e", "<script");
  }

  @Test
  void cutsLongValuesAndManyColumns() {
    Preview longs =
        shown("SELECT repeat('ab', 1000000) AS a, range(1000000) AS b, 'ab'::BLOB AS c");
    assertThat(longs.toString()).hasSizeLessThan(400).contains("…");
    assertThat(longs.toHtml()).hasSizeLessThan(3000);
    StringBuilder wide = new StringBuilder("SELECT 0 AS c0");
    for (int i = 1; i < 300; i++) {
      wide.append(", ").append(i).append(" AS c").append(i);
    }
    assertThat(shown(wide.toString()).toString()).endsWith("1 row, 50 of 300 columns\n");
  }

  @Test
  void showsColumnsOfOneNameAndStatementsThatAreNoQueries() {
    assertThat(shown("SELECT 1 AS y, 'a' AS Y, 2 AS y"))
        .hasToString(
            """
                  y  Y              y
            INTEGER  VARCHAR  INTEGER
                  1  a              2
            1 row
            """);
    warehouse.execute("CREATE TABLE t(i INTEGER)");
    assertThat(shown("DESCRIBE t").toString()).contains("column_name").endsWith("1 row\n");
    assertThat(shown("SHOW TABLES").toString()).contains("t").endsWith("1 row\n");
    assertThat(shown("INSERT INTO t VALUES (7) RETURNING i").toString()).endsWith("7\n1 row\n");
    assertThat(warehouse.rows("t")).isEqualTo(1);
    assertThat(shown("EXPLAIN SELECT 1 -- why").toString()).contains("physical_plan");
    assertThat(shown("SELECT i FROM t -- all; of it").toString()).endsWith("7\n1 row\n");
  }

  @Test
  void isHtmlWithItsNumbersToTheRight() {
    assertThat(shown("SELECT 1 AS n, NULL::VARCHAR AS t").toHtml())
        .startsWith("<div class=\"mlinfra-preview\">")
        .contains("<td class=\"number\">1</td><td><i>NULL</i></td>", "<p>1 row</p>")
        .endsWith("</div>\n");
  }
}
