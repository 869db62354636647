package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.TimeZone;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ParametersTest {
  private static Warehouse warehouse;

  @BeforeAll
  static void open() {
    warehouse = Warehouse.inMemory();
  }

  @AfterAll
  static void close() {
    warehouse.close();
  }

  private static String shown(Object value) {
    return WarehouseTest.values(
            warehouse, "SELECT typeof(v) || ' ' || v::VARCHAR FROM (SELECT ? AS v)", value)
        .get(0)
        .toString();
  }

  @Test
  void keepTheirTypeAndValue() {
    UUID uuid = UUID.fromString("0a1b2c3d-0000-4000-8000-000000000001");
    assertThat(shown(true)).isEqualTo("BOOLEAN true");
    assertThat(shown((byte) -1)).isEqualTo("TINYINT -1");
    assertThat(shown((short) 2)).isEqualTo("SMALLINT 2");
    assertThat(shown(3)).isEqualTo("INTEGER 3");
    assertThat(shown(Long.MIN_VALUE)).isEqualTo("BIGINT " + Long.MIN_VALUE);
    assertThat(shown(1.5f)).isEqualTo("FLOAT 1.5");
    assertThat(shown(0.1)).isEqualTo("DOUBLE 0.1");
    assertThat(shown(BigInteger.ONE.shiftLeft(100)))
        .isEqualTo("HUGEINT 1267650600228229401496703205376");
    assertThat(shown(new BigDecimal("-12.50"))).isEqualTo("DECIMAL(4,2) -12.50");
    assertThat(shown(new BigDecimal("1E+3"))).endsWith(" 1000");
    assertThat(shown("it's; \" ?")).isEqualTo("VARCHAR it's; \" ?");
    assertThat(shown(new byte[] {1, 0, 'a'})).isEqualTo("BLOB \\x01\\x00a");
    assertThat(shown(uuid)).isEqualTo("UUID " + uuid);
    assertThat(WarehouseTest.values(warehouse, "SELECT ? IS NULL", (Object) null))
        .containsExactly(true);
  }

  @Test
  void timesAreTheSameInEveryZone() {
    TimeZone before = TimeZone.getDefault();
    try {
      for (String zone : new String[] {"UTC", "America/New_York", "Asia/Kathmandu"}) {
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        LocalDateTime time = LocalDateTime.of(2001, 4, 1, 2, 30, 0, 7_000);
        Instant moment = Instant.parse("2001-04-01T02:30:00Z");
        assertThat(shown(LocalDate.of(2001, 4, 1))).isEqualTo("DATE 2001-04-01");
        assertThat(shown(LocalTime.of(2, 30, 1))).isEqualTo("TIME 02:30:01");
        assertThat(shown(time)).isEqualTo("TIMESTAMP 2001-04-01 02:30:00.000007");
        for (Object value :
            new Object[] {
              moment,
              moment.atOffset(ZoneOffset.ofHours(5)),
              moment.atZone(ZoneId.of("America/New_York"))
            }) {
          assertThat(shown(value)).isEqualTo("TIMESTAMP WITH TIME ZONE 2001-04-01 02:30:00+00");
        }
        try (Warehouse fresh = Warehouse.inMemory()) {
          assertThat(
                  WarehouseTest.values(
                      fresh,
                      "SELECT current_setting('TimeZone'), ?::TIMESTAMPTZ::VARCHAR, hour(?)",
                      "2001-04-01 02:30:00",
                      moment))
              .containsExactly("UTC", "2001-04-01 02:30:00+00", 2L);
        }
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void whatTheDatabaseCannotHoldIsRefused() {
    for (Object value :
        new Object[] {
          BigInteger.ONE.shiftLeft(127),
          new BigDecimal("1E-50"),
          new BigDecimal("1E+38"),
          LocalDate.MAX,
          LocalDate.MIN,
          LocalDateTime.MAX,
          OffsetDateTime.MIN,
          Instant.MAX
        }) {
      assertThatThrownBy(() -> warehouse.execute("SELECT ?", value))
          .as("%s", value)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("parameter 1")
          .hasMessageContaining("must");
    }
    assertThatThrownBy(() -> warehouse.execute("SELECT ?, ?", 1, new Timestamp(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parameter 2")
        .hasMessageContaining("java.sql.Timestamp");
    Failures.assertFails(
        ErrorCode.QUERY_FAILED, () -> warehouse.execute("SELECT ?::INTEGER", "many"));
  }

  @Test
  void theBoundsOfTimeAreHeld() {
    for (LocalDateTime time :
        new LocalDateTime[] {
          LocalDateTime.of(-290_307, 12, 31, 0, 0), LocalDateTime.of(294_246, 12, 31, 23, 59)
        }) {
      assertThat(WarehouseTest.values(warehouse, "SELECT epoch_us(?)", time))
          .containsExactly(time.toEpochSecond(ZoneOffset.UTC) * 1_000_000);
    }
  }
}
