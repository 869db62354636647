package io.mlinfra.features.internal;

import static io.mlinfra.features.view.Derived.day;
import static io.mlinfra.features.view.Derived.difference;
import static io.mlinfra.features.view.Derived.distance;
import static io.mlinfra.features.view.Derived.firstPresent;
import static io.mlinfra.features.view.Derived.hour;
import static io.mlinfra.features.view.Derived.month;
import static io.mlinfra.features.view.Derived.product;
import static io.mlinfra.features.view.Derived.ratio;
import static io.mlinfra.features.view.Derived.same;
import static io.mlinfra.features.view.Derived.seconds;
import static io.mlinfra.features.view.Derived.total;
import static io.mlinfra.features.view.Derived.weekday;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.ArrowTable;
import io.mlinfra.features.view.Derived;
import io.mlinfra.features.view.FeatureService;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DerivationsTest {
  private static final List<ZoneId> ZONES =
      Stream.of(
              "Europe/Berlin",
              "America/New_York",
              "America/St_Johns",
              "Australia/Lord_Howe", // moves by half an hour
              "Pacific/Apia", // skipped a day
              "Africa/Monrovia", // was off by seconds
              "Asia/Kathmandu",
              "+05:30",
              "UTC")
          .map(ZoneId::of)
          .toList();

  /** A column for Arrow, and each of its values as somebody who asks would pass it. */
  private record Column(Field field, List<?> raw, List<?> java) {}

  private static FeatureService service(Map<String, Derived> derived) {
    FeatureService.Builder builder = FeatureService.named("asked");
    derived.forEach(builder::derive);
    return builder.build();
  }

  private static FeatureService service(Derived derived) {
    return service(Map.of("d", derived));
  }

  /** The value of one derived feature. */
  private static Object derive(Derived derived, Object... in) {
    Map<String, Object> row = new HashMap<>();
    for (int i = 0; i < in.length; i++) {
      row.put(derived.inputs().get(i), in[i]);
    }
    Derivations.derive(service(derived), row);
    assertThat(row).containsKey("d");
    return row.get("d");
  }

  private static FieldVector vector(Column column, BufferAllocator allocator) {
    if (column.field.getType() instanceof ArrowType.Date) {
      DateDayVector days = (DateDayVector) column.field.createVector(allocator);
      days.allocateNew(column.raw.size());
      for (int row = 0; row < column.raw.size(); row++) {
        if (column.raw.get(row) != null) {
          days.set(row, (Integer) column.raw.get(row));
        }
      }
      days.setValueCount(column.raw.size());
      return days;
    }
    if (column.field.getType().equals(new ArrowType.Int(64, false))) {
      UInt8Vector numbers = (UInt8Vector) column.field.createVector(allocator);
      numbers.allocateNew(column.raw.size());
      for (int row = 0; row < column.raw.size(); row++) {
        if (column.raw.get(row) != null) {
          numbers.set(row, (Long) column.raw.get(row));
        }
      }
      numbers.setValueCount(column.raw.size());
      return numbers;
    }
    VectorSchemaRoot one =
        ArrowTable.batch(allocator, new ArrowTable.Values(column.field, column.raw));
    return one.getVector(0); // the batch has no memory of its own
  }

  /** Both faces; fails unless they agree. */
  private static List<Map<String, Object>> deriveBothWays(
      FeatureService service, List<Column> columns) {
    Map<String, ValueType> types = new LinkedHashMap<>();
    columns.forEach(
        column -> types.put(column.field.getName(), ValueType.of(column.field).orElseThrow()));
    int rows = columns.get(0).raw.size();
    List<Map<String, Object>> online = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (Column column : columns) {
        values.put(column.field.getName(), column.java.get(row));
      }
      Derivations.derive(service, values);
      columns.forEach(column -> values.remove(column.field.getName()));
      online.add(values);
    }
    Derivations derivations = Derivations.of(service, types);
    List<Map<String, Object>> offline = new ArrayList<>();
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch =
            new VectorSchemaRoot(columns.stream().map(c -> vector(c, allocator)).toList())) {
      batch.setRowCount(rows);
      List<FieldVector> made = derivations.compute(batch, allocator);
      for (int row = 0; row < rows; row++) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (FieldVector vector : made) {
          values.put(vector.getName(), vector.getObject(row));
        }
        offline.add(values);
      }
      assertThat(made.stream().map(FieldVector::getField).toList()).isEqualTo(derivations.fields());
      made.forEach(FieldVector::close);
    }
    // Double.equals compares the bits; a NaN from either would be no null.
    assertThat(offline).isEqualTo(online);
    assertThat(online).allSatisfy(row -> assertThat(row).doesNotContainValue(Double.NaN));
    return online;
  }

  private static Field field(String name, ArrowType type) {
    return Field.nullable(name, type);
  }

  private static double anyDouble(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> Double.longBitsToDouble(random.nextLong());
      case 1 -> random.nextInt(3) - 1;
      case 2 -> Double.POSITIVE_INFINITY;
      case 3 -> Double.NEGATIVE_INFINITY;
      case 4 -> -0.0;
      case 5 -> Double.NaN;
      default -> random.nextGaussian() * Math.pow(10, random.nextInt(9));
    };
  }

  private static Column numbers(String name, int rows, Random random) {
    List<Object> raw = new ArrayList<>();
    List<Object> java = new ArrayList<>();
    int kind = random.nextInt(8);
    ArrowType type =
        switch (kind) {
          case 0 -> new ArrowType.Int(8, true);
          case 1 -> new ArrowType.Int(32, true);
          case 2 -> new ArrowType.Int(32, false);
          case 3 -> new ArrowType.Int(64, true);
          case 4 -> new ArrowType.Int(64, false);
          case 5 -> ArrowTable.float32("x", List.of()).field().getType();
          case 6 -> new ArrowType.Decimal(38, 3, 128);
          default -> ArrowTable.float64("x", List.of()).field().getType();
        };
    for (int row = 0; row < rows; row++) {
      if (random.nextInt(6) == 0) {
        raw.add(null);
        java.add(null);
        continue;
      }
      long bits = random.nextLong() >> random.nextInt(64);
      switch (kind) {
        case 0 -> add(raw, java, (int) (byte) bits, (byte) bits);
        case 1 -> add(raw, java, (int) bits, (int) bits);
        case 2 -> add(raw, java, (int) bits, Integer.toUnsignedLong((int) bits));
        case 3 -> add(raw, java, bits, bits);
        case 4 -> add(raw, java, bits, new BigInteger(Long.toUnsignedString(bits)));
        case 5 -> {
          float value = (float) anyDouble(random);
          add(raw, java, value, value);
        }
        case 6 -> {
          BigDecimal value = BigDecimal.valueOf(bits, 3);
          add(raw, java, value, value);
        }
        default -> {
          double value = anyDouble(random);
          add(raw, java, value, value);
        }
      }
    }
    return new Column(field(name, type), raw, java);
  }

  private static void add(List<Object> raw, List<Object> java, Object inArrow, Object inJava) {
    raw.add(inArrow);
    java.add(inJava);
  }

  /** Seconds at random, and around the transitions of a zone. */
  private static long anySecond(Random random) {
    if (random.nextInt(3) == 0) {
      return (long) (random.nextGaussian() * 1e10);
    }
    ZoneId zone = ZONES.get(random.nextInt(6));
    List<ZoneOffsetTransition> past = zone.getRules().getTransitions();
    long at = past.get(random.nextInt(past.size())).toEpochSecond();
    return at + random.nextInt(7201) - 3600;
  }

  private static Column times(String name, int rows, Random random) {
    List<Object> raw = new ArrayList<>();
    List<Object> java = new ArrayList<>();
    TimeUnit unit = TimeUnit.values()[random.nextInt(4)];
    boolean date = random.nextInt(5) == 0;
    for (int row = 0; row < rows; row++) {
      Instant at = Instant.ofEpochSecond(anySecond(random), random.nextInt(1_000_000_000));
      if (random.nextInt(6) == 0) {
        add(raw, java, null, null);
      } else if (date) {
        LocalDate day = LocalDate.ofInstant(at, ZoneOffset.UTC);
        add(raw, java, (int) day.toEpochDay(), day);
      } else {
        if (unit == TimeUnit.NANOSECOND) {
          at = Instant.ofEpochSecond(at.getEpochSecond() % 9_000_000_000L, at.getNano());
        }
        BigInteger nanos =
            BigInteger.valueOf(at.getEpochSecond())
                .multiply(BigInteger.valueOf(1_000_000_000))
                .add(BigInteger.valueOf(at.getNano()));
        long per = new long[] {1_000_000_000, 1_000_000, 1000, 1}[unit.ordinal()];
        long inUnit =
            nanos
                .subtract(nanos.mod(BigInteger.valueOf(per)))
                .divide(BigInteger.valueOf(per))
                .longValueExact();
        Instant kept = at.minusNanos(nanos.mod(BigInteger.valueOf(per)).longValue());
        ZoneId zone = ZONES.get(random.nextInt(ZONES.size()));
        Object inJava =
            switch (random.nextInt(4)) {
              case 0 -> kept;
              case 1 -> LocalDateTime.ofInstant(kept, ZoneOffset.UTC);
              case 2 -> ZonedDateTime.ofInstant(kept, zone);
              default -> OffsetDateTime.ofInstant(kept, zone);
            };
        add(raw, java, inUnit, inJava);
      }
    }
    ArrowType type =
        date
            ? new ArrowType.Date(DateUnit.DAY)
            : new ArrowType.Timestamp(unit, random.nextBoolean() ? "Europe/Berlin" : null);
    return new Column(field(name, type), raw, java);
  }

  private static Column texts(String name, int rows, Random random) {
    List<String> values = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      String[] some = {null, "", "a", "ä", "\uD83D\uDE00"};
      values.add(some[random.nextInt(some.length)]);
    }
    return new Column(field(name, new ArrowType.Utf8()), values, values);
  }

  private static Column truths(String name, int rows, Random random) {
    List<Boolean> values = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      values.add(random.nextInt(3) == 0 ? null : (Boolean) random.nextBoolean());
    }
    return new Column(field(name, new ArrowType.Bool()), values, values);
  }

  private static Column whole(String name, int width, int rows, Random random) {
    List<Object> raw = new ArrayList<>();
    List<Object> java = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int value = random.nextInt(3);
      if (random.nextInt(5) == 0) {
        add(raw, java, null, null);
      } else {
        add(raw, java, width == 64 ? (Object) (long) value : value, (short) value);
      }
    }
    return new Column(field(name, new ArrowType.Int(width, true)), raw, java);
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
  void bothFacesAgreeOnEveryRow(@ForAll long seed) {
    Random random = new Random(seed);
    int rows = random.nextInt(40);
    List<Column> columns = new ArrayList<>();
    for (String name : List.of("a", "b", "c", "e")) {
      columns.add(numbers(name, rows, random));
    }
    columns.add(times("asked", rows, random));
    columns.add(times("opened", rows, random));
    columns.add(texts("from", rows, random));
    columns.add(texts("to", rows, random));
    columns.add(truths("yes", rows, random));
    columns.add(truths("no", rows, random));
    columns.add(whole("short", 16, rows, random));
    columns.add(whole("long", 64, rows, random));
    Map<String, Derived> derived = new LinkedHashMap<>();
    derived.put("difference", difference("a", "b"));
    derived.put("total", total("b", "c"));
    derived.put("product", product("c", "e"));
    derived.put("ratio", ratio("a", "c"));
    derived.put("first", firstPresent("e", "a"));
    derived.put("distance", distance("a", "b", "c", "e"));
    derived.put("seconds", seconds("asked", "opened"));
    derived.put("sameText", same("from", "to"));
    derived.put("sameTruth", same("yes", "no"));
    derived.put("sameNumber", same("short", "long"));
    ZoneId zone = ZONES.get(random.nextInt(ZONES.size()));
    derived.put("hour", hour("asked").inZone(zone));
    derived.put("weekday", weekday("asked").inZone(zone));
    derived.put("day", day("opened").inZone(zone));
    derived.put("month", month("opened"));
    derived.put("chain", ratio("difference", "hour"));
    derived.put("longChain", total("chain", "seconds"));
    derived.put("truthChain", same("sameText", "sameTruth"));
    derived.put("partChain", same("weekday", "long"));
    deriveBothWays(service(derived), columns);
  }

  @Provide
  Arbitrary<Long> micros() {
    return Arbitraries.oneOf(
        Arbitraries.longs()
            .between(-9_223_372_036_854_000_000L, Long.MAX_VALUE - 1)
            .withDistribution(RandomDistribution.uniform()),
        Arbitraries.longs().between(-5_000_000_000_000_000L, 5_000_000_000_000_000L),
        Arbitraries.longs().between(-2, 2),
        Arbitraries.randomValue(
            random -> anySecond(random) * 1_000_000 + random.nextInt(2_000_000) - 1_000_000));
  }

  @Provide
  Arbitrary<ZoneId> zones() {
    return Arbitraries.of(ZONES);
  }

  @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
  void partsAreThoseThatAClockInTheZoneShows(
      @ForAll("micros") long micros, @ForAll("zones") ZoneId zone) {
    Instant at = Instant.EPOCH.plusSeconds(Math.floorDiv(micros, 1_000_000L));
    LocalDateTime time = Times.of(micros);
    ZonedDateTime clock = at.atZone(zone);
    assertThat(derive(hour("t").inZone(zone), time)).isEqualTo((long) clock.getHour());
    assertThat(derive(weekday("t").inZone(zone), time))
        .isEqualTo((long) clock.getDayOfWeek().getValue());
    assertThat(derive(day("t").inZone(zone), time)).isEqualTo((long) clock.getDayOfMonth());
    assertThat(derive(month("t").inZone(zone), time)).isEqualTo((long) clock.getMonthValue());
  }

  @ParameterizedTest
  @CsvSource({
    // The clocks go from 2 to 3, and back from 3 to 2.
    "2021-03-28T00:59:59.999999, Europe/Berlin, 1, 7, 28, 3",
    "2021-03-28T01:00:00, Europe/Berlin, 3, 7, 28, 3",
    "2021-10-31T00:59:59, Europe/Berlin, 2, 7, 31, 10",
    "2021-10-31T01:00:00, Europe/Berlin, 2, 7, 31, 10",
    "2021-10-31T02:00:00, Europe/Berlin, 3, 7, 31, 10",
    "2020-02-28T23:59:59.999999, UTC, 23, 5, 28, 2",
    "2020-02-29T00:00:00, UTC, 0, 6, 29, 2",
    "1900-03-01T00:00:00, UTC, 0, 4, 1, 3",
    "1969-12-31T23:59:59.999999, UTC, 23, 3, 31, 12",
    "1970-01-01T00:00:00, UTC, 0, 4, 1, 1",
    "2011-12-30T09:59:59, Pacific/Apia, 23, 4, 29, 12",
    "2011-12-30T10:00:00, Pacific/Apia, 0, 6, 31, 12",
  })
  void readsPartsAtTheEdges(
      LocalDateTime utc, String zone, long hour, long weekday, long day, long month) {
    ZoneId in = ZoneId.of(zone);
    Map<String, Derived> parts = new LinkedHashMap<>();
    parts.put("hour", hour("t").inZone(in));
    parts.put("weekday", weekday("t").inZone(in));
    parts.put("day", day("t").inZone(in));
    parts.put("month", month("t").inZone(in));
    ArrowType type = ValueType.TIMESTAMP.arrowType();
    assertThat(
            deriveBothWays(
                service(parts),
                List.of(new Column(field("t", type), List.of(Times.floor(utc)), List.of(utc)))))
        .containsExactly(Map.of("hour", hour, "weekday", weekday, "day", day, "month", month));
  }

  @Property(tries = 2000, edgeCases = EdgeCasesMode.NONE)
  void secondsAreTheNearestDoubleOfTheMicrosecondsOverAMillion(
      @ForAll("micros") long from, @ForAll("micros") long until) {
    double exact = BigInteger.valueOf(until).subtract(BigInteger.valueOf(from)).doubleValue() / 1e6;
    assertThat(derive(seconds("f", "u"), Times.of(from), Times.of(until))).isEqualTo(exact);
  }

  @Test
  void measuresDistancesOnTheSphere() {
    Derived way = distance("latA", "lonA", "latB", "lonB");
    assertThat(derive(way, 40.6413, -73.7781, 40.6413, -73.7781)).isEqualTo(0.0);
    assertThat((Double) derive(way, 0, 0, 0, 180)).isCloseTo(Math.PI * 6371.0088, within(1e-9));
    assertThat((Double) derive(way, 90, 12.5, -90, -77))
        .isCloseTo(Math.PI * 6371.0088, within(1e-9));
    // Across the date line it is the short way.
    assertThat((Double) derive(way, 0, 179.5, 0, -179.5))
        .isCloseTo(Math.PI * 6371.0088 / 180, within(1e-9));
    assertThat(derive(way, 0, 0, Double.POSITIVE_INFINITY, 0)).isNull();
    Random random = new Random(3);
    for (int i = 0; i < 1000; i++) {
      double[] p = random.doubles(4, -1, 1).toArray();
      double one = (Double) derive(way, p[0] * 90, p[1] * 180, p[2] * 90, p[3] * 180);
      // The angle between the two vectors, by another formula.
      double[] a = unit(p[0] * Math.PI / 2, p[1] * Math.PI);
      double[] b = unit(p[2] * Math.PI / 2, p[3] * Math.PI);
      double cross =
          Math.hypot(
              Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2]),
              a[0] * b[1] - a[1] * b[0]);
      double dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
      assertThat(one).isCloseTo(6371.0088 * Math.atan2(cross, dot), within(1e-6));
    }
  }

  private static double[] unit(double latitude, double longitude) {
    return new double[] {
      Math.cos(latitude) * Math.cos(longitude),
      Math.cos(latitude) * Math.sin(longitude),
      Math.sin(latitude)
    };
  }

  @Test
  void givesNothingWhereSomethingIsMissing() {
    for (Derived two : List.of(difference("a", "b"), total("a", "b"), product("a", "b"))) {
      assertThat(derive(two, null, 1)).isNull();
      assertThat(derive(two, 1, Double.NaN)).isNull();
      assertThat(derive(two, Float.NaN, null)).isNull();
    }
    assertThat(derive(ratio("a", "b"), null, 1)).isNull();
    assertThat(derive(firstPresent("a", "b"), Double.NaN, 2)).isEqualTo(2.0);
    assertThat(derive(firstPresent("a", "b"), 1L, null)).isEqualTo(1.0);
    assertThat(derive(firstPresent("a", "b"), null, null)).isNull();
    assertThat(derive(distance("p", "q", "r", "s"), 1, 2, null, 4)).isNull();
    assertThat(derive(seconds("a", "b"), Instant.EPOCH, null)).isNull();
    assertThat(derive(same("a", "b"), null, "x")).isNull();
    assertThat(derive(same("a", "b"), null, null)).isNull();
    assertThat(derive(hour("a"), (Object) null)).isNull();
  }

  @Test
  void dividesByNothingAndKeepsInfinities() {
    double infinite = Double.POSITIVE_INFINITY;
    assertThat(derive(ratio("a", "b"), 1, 0)).isNull();
    assertThat(derive(ratio("a", "b"), 1, -0.0)).isNull();
    assertThat(derive(ratio("a", "b"), 0, 0)).isNull();
    assertThat(derive(ratio("a", "b"), 1, infinite)).isEqualTo(0.0);
    assertThat(derive(ratio("a", "b"), infinite, -2)).isEqualTo(-infinite);
    assertThat(derive(ratio("a", "b"), infinite, infinite)).isNull();
    assertThat(derive(difference("a", "b"), infinite, 1)).isEqualTo(infinite);
    assertThat(derive(difference("a", "b"), infinite, infinite)).isNull();
    assertThat(derive(product("a", "b"), infinite, 0)).isNull();
    assertThat(derive(total("a", "b"), 1e308, 1e308)).isEqualTo(infinite);
  }

  @Test
  void takesInfiniteTimesOfTheDatabaseForMissing() {
    for (TimeUnit unit : TimeUnit.values()) {
      List<Long> raw = List.of(Long.MAX_VALUE, -Long.MAX_VALUE, 0L);
      assertThat(
              deriveBothWays(
                  service(hour("t")),
                  List.of(
                      new Column(
                          field("t", new ArrowType.Timestamp(unit, null)),
                          raw,
                          Arrays.asList(null, null, Instant.EPOCH)))))
          .extracting(row -> row.get("d"))
          .containsExactly(null, null, 0L);
    }
    assertThat(
            deriveBothWays(
                service(hour("t")),
                List.of(
                    new Column(
                        field("t", new ArrowType.Date(DateUnit.DAY)),
                        List.of(Integer.MAX_VALUE, -Integer.MAX_VALUE, -1),
                        Arrays.asList(null, null, LocalDate.EPOCH.minusDays(1))))))
        .extracting(row -> row.get("d"))
        .containsExactly(null, null, 0L);
  }

  @Test
  void overwritesWhatARowHeldUnderADerivedName() {
    Map<String, Object> row = new HashMap<>(Map.of("a", 3, "b", 4, "d", "old"));
    Derivations.derive(service(total("a", "b")), row);
    assertThat(row).isEqualTo(Map.of("a", 3, "b", 4, "d", 7.0));
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call, String... parts) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(MlInfraException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(parts);
  }

  @Test
  void namesAnInputThatIsNotThere() {
    FeatureService service = service(ratio("a", "b"));
    String[] parts = {"'asked'", "'d'", "'b'", "there are a, c"};
    Map<String, ValueType> types = new LinkedHashMap<>();
    types.put("a", ValueType.INT64);
    types.put("c", ValueType.INT64);
    assertRefused(ErrorCode.NAME_UNKNOWN, () -> Derivations.of(service, types), parts);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("a", 1);
    row.put("c", 1);
    assertRefused(ErrorCode.NAME_UNKNOWN, () -> Derivations.derive(service, row), parts);
    assertThat(row).doesNotContainKey("d");
  }

  @Test
  void refusesInputsOfTheWrongTypeInBothFaces() {
    record Wrong(Derived derived, ValueType type, Object value, String part) {}
    for (Wrong wrong :
        List.of(
            new Wrong(total("a", "b"), ValueType.TEXT, "7", "'b', which holds a text"),
            new Wrong(total("a", "b"), ValueType.BOOLEAN, true, "'b', which holds true or false"),
            new Wrong(
                total("a", "b"), ValueType.TIMESTAMP, Instant.EPOCH, "'b', which holds a time"),
            new Wrong(seconds("t", "b"), ValueType.INT64, 5, "'b', which holds a whole number"),
            new Wrong(hour("b"), ValueType.TEXT, "noon", "hour(\"b\")"),
            new Wrong(same("b", "a"), ValueType.FLOAT64, 1.5, "'b', which holds a number"),
            new Wrong(same("a", "b"), ValueType.TEXT, "1", "'a', a whole number, with 'b', a text"),
            new Wrong(same("t", "t"), ValueType.TEXT, "1", "'t', which holds a time"))) {
      FeatureService service = service(wrong.derived);
      Map<String, ValueType> types =
          Map.of("a", ValueType.INT64, "t", ValueType.TIMESTAMP, "b", wrong.type);
      assertRefused(
          ErrorCode.DATA_UNSUITABLE, () -> Derivations.of(service, types), "'asked'", wrong.part);
      Map<String, Object> row = new HashMap<>(Map.of("a", 1, "t", Instant.EPOCH, "b", wrong.value));
      assertRefused(
          ErrorCode.DATA_UNSUITABLE, () -> Derivations.derive(service, row), "'d'", wrong.part);
    }
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () -> Derivations.derive(service(hour("t")), new HashMap<>(Map.of("t", List.of()))),
        "'t'",
        "List");
    assertRefused(
        ErrorCode.DATA_UNSUITABLE,
        () ->
            Derivations.of(
                service(hour("t")), Map.of("t", ValueType.TIMESTAMP, "d", ValueType.TEXT)),
        "'d' has the name of a column");
  }

  @ParameterizedTest
  @ValueSource(strings = {"SECOND", "MILLISECOND"})
  void refusesTimesThatAreTooFarAndLeavesNoMemoryBehind(TimeUnit unit) {
    Map<String, Derived> derived = new LinkedHashMap<>();
    derived.put("fine", total("a", "a"));
    derived.put("d", hour("t"));
    FeatureService service = service(derived);
    Derivations derivations =
        Derivations.of(service, Map.of("a", ValueType.INT64, "t", ValueType.TIMESTAMP));
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch =
            ArrowTable.batch(
                allocator,
                ArrowTable.int64("a", List.of(1L)),
                ArrowTable.column(
                    "t", new ArrowType.Timestamp(unit, null), List.of(Long.MAX_VALUE - 1)))) {
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> derivations.compute(batch, allocator),
          "'d'",
          "290,000 years");
    }
    for (Object far :
        List.of(LocalDateTime.MAX, LocalDate.MIN, Instant.MIN, LocalDate.of(300_000, 1, 1))) {
      assertRefused(
          ErrorCode.DATA_UNSUITABLE,
          () -> Derivations.derive(service, new HashMap<>(Map.of("a", 1, "t", far))),
          "'d'",
          "290,000 years");
    }
  }

  @Test
  void refusesABatchThatIsNotWhatWasSaid() {
    Derivations derivations =
        Derivations.of(
            service(total("a", "b")), Map.of("a", ValueType.INT64, "b", ValueType.INT64));
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot lacks = ArrowTable.batch(allocator, ArrowTable.int64("a", List.of(1L)));
        VectorSchemaRoot other =
            ArrowTable.batch(
                allocator, ArrowTable.int64("a", List.of(1L)), ArrowTable.text("b", List.of("x")));
        VectorSchemaRoot encoded =
            ArrowTable.batch(
                allocator,
                ArrowTable.int64("a", List.of(1L)),
                new ArrowTable.Values(
                    new Field(
                        "b",
                        new FieldType(
                            true,
                            new ArrowType.Int(8, true),
                            new DictionaryEncoding(1, false, null)),
                        null),
                    List.of(1)))) {
      assertThatThrownBy(() -> derivations.compute(lacks, allocator))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'b'", "[a]");
      assertThatThrownBy(() -> derivations.compute(other, allocator))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'b'", "Utf8", "INT64");
      assertThatThrownBy(() -> derivations.compute(encoded, allocator))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("'b'", "enumeration");
    }
  }
}
