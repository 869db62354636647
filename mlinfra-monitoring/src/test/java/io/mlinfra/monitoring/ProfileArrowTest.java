package io.mlinfra.monitoring;

import static io.mlinfra.monitoring.Batches.batch;
import static io.mlinfra.monitoring.Batches.ofTexts;
import static io.mlinfra.monitoring.Batches.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.MlInfraException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.Decimal256Vector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampMilliVector;
import org.apache.arrow.vector.TimeStampNanoVector;
import org.apache.arrow.vector.TimeStampSecVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.dictionary.DictionaryProvider.MapDictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.Test;

/** Every Arrow type that a profile takes. */
class ProfileArrowTest {
  private static final DictionaryEncoding ENCODING = new DictionaryEncoding(7, false, null);

  /** Fills a vector with the values that the caller's step sets, one row at a time. */
  private interface Step<V> {
    void set(V vector, int row);
  }

  private static <V extends BaseFixedWidthVector> ColumnProfile read(
      V vector, int rows, Step<V> step) {
    vector.allocateNew(rows + 1);
    for (int row = 0; row < rows; row++) {
      step.set(vector, row);
    }
    vector.setNull(rows);
    vector.setValueCount(rows + 1);
    try (VectorSchemaRoot batch = batch(vector)) {
      ColumnProfile column = Profile.builder().accept(batch).build().columns().get(0);
      assertThat(column.nulls()).isEqualTo(1);
      assertThat(column.count()).isEqualTo(rows);
      return column;
    }
  }

  @Test
  void readsEveryIntegerWithItsSign() {
    try (BufferAllocator allocator = new RootAllocator()) {
      assertRange(
          read(new TinyIntVector("x", allocator), 2, (v, row) -> v.set(row, -128 + 255 * row)),
          -128,
          127);
      assertRange(
          read(new SmallIntVector("x", allocator), 2, (v, row) -> v.set(row, -32768 + 65535 * row)),
          -32768,
          32767);
      assertRange(
          read(
              new IntVector("x", allocator),
              2,
              (v, row) -> v.set(row, row == 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE)),
          Integer.MIN_VALUE,
          Integer.MAX_VALUE);
      assertRange(
          read(new UInt1Vector("x", allocator), 2, (v, row) -> v.set(row, 255 * row)), 0, 255);
      assertRange(
          read(new UInt2Vector("x", allocator), 2, (v, row) -> v.set(row, 65535 * row)), 0, 65535);
      assertRange(
          read(new UInt4Vector("x", allocator), 2, (v, row) -> v.set(row, -row)), 0, 4294967295.0);
    }
  }

  @Test
  void readsRealsAndDecimals() {
    try (BufferAllocator allocator = new RootAllocator()) {
      ColumnProfile single =
          read(new Float4Vector("x", allocator), 2, (v, row) -> v.set(row, 0.1f + row));
      assertThat(single.type()).isEqualTo(ColumnProfile.Type.FLOAT32);
      assertRange(single, 0.1f, 1.1f);
      assertRange(
          read(
              new DecimalVector("x", allocator, 18, 2),
              2,
              (v, row) -> v.set(row, new BigDecimal(row == 0 ? "-12.34" : "0.10"))),
          -12.34,
          0.1);
      String huge = "123456789012345678901234567890.12345678";
      assertRange(
          read(
              new DecimalVector("x", allocator, 38, 8),
              2,
              (v, row) -> v.set(row, new BigDecimal(row == 0 ? "-0.00000001" : huge))),
          -1e-8,
          Double.parseDouble(huge));
      assertRange(
          read(
              new Decimal256Vector("x", allocator, 50, 2),
              2,
              (v, row) -> v.set(row, new BigDecimal(row == 0 ? "-1.25" : "7.50"))),
          -1.25,
          7.5);
    }
  }

  @Test
  void bringsEveryMomentToMicroseconds() {
    try (BufferAllocator allocator = new RootAllocator()) {
      double day = 86_400e6;
      assertRange(
          read(new DateDayVector("x", allocator), 2, (v, row) -> v.set(row, 2 * row - 1)),
          -day,
          day);
      assertRange(
          read(new DateMilliVector("x", allocator), 2, (v, row) -> v.set(row, row * 86_400_000L)),
          0,
          day);
      assertRange(
          read(new TimeStampSecVector("x", allocator), 2, (v, row) -> v.set(row, row * 86_400L)),
          0,
          day);
      assertRange(
          read(new TimeStampMilliVector("x", allocator), 2, (v, row) -> v.set(row, row * -5L)),
          -5000,
          0);
      assertRange(
          read(new TimeStampNanoVector("x", allocator), 2, (v, row) -> v.set(row, row * -1L)),
          -1,
          0);
      assertRange(
          read(
              new TimeStampMicroTZVector("x", allocator, "Europe/Berlin"),
              2,
              (v, row) -> v.set(row, row * 7L)),
          0,
          7);
      assertRange(
          read(
              new TimeStampSecVector("x", allocator),
              2,
              (v, row) -> v.set(row, row == 0 ? Long.MIN_VALUE : Long.MAX_VALUE)),
          Long.MIN_VALUE,
          Long.MAX_VALUE);
    }
  }

  private static void assertRange(ColumnProfile column, double min, double max) {
    assertThat(column.min()).isEqualTo(min);
    assertThat(column.max()).isEqualTo(max);
  }

  @Test
  void readsAStreamAndLeavesItOpen() throws IOException {
    try (BufferAllocator allocator = new RootAllocator()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (VectorSchemaRoot batch = batch(texts(allocator, "x", "a", null, "b"));
          ArrowStreamWriter writer =
              new ArrowStreamWriter(batch, null, Channels.newChannel(bytes))) {
        writer.writeBatch();
        writer.writeBatch();
      }
      try (ArrowStreamReader reader = reader(bytes.toByteArray(), allocator)) {
        assertThat(Profile.of(reader)).isEqualTo(ofTexts("a", null, "b", "a", null, "b"));
        assertThat(reader.getVectorSchemaRoot().getSchema().getFields()).hasSize(1);
      }
    }
  }

  @Test
  void knowsTheColumnsOfAStreamWithoutBatches() throws IOException {
    try (BufferAllocator allocator = new RootAllocator()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (VectorSchemaRoot batch = batch(texts(allocator, "x", "a"));
          ArrowStreamWriter writer =
              new ArrowStreamWriter(batch, null, Channels.newChannel(bytes))) {
        writer.start();
      }
      try (ArrowStreamReader reader = reader(bytes.toByteArray(), allocator)) {
        Profile profile = Profile.of(reader);
        assertThat(profile.rows()).isZero();
        assertThat(profile.columns()).extracting(ColumnProfile::name).containsExactly("x");
      }
    }
  }

  @Test
  void saysThatAStreamBroke() throws IOException {
    try (BufferAllocator allocator = new RootAllocator()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (VectorSchemaRoot batch = batch(texts(allocator, "x", "a"));
          ArrowStreamWriter writer =
              new ArrowStreamWriter(batch, null, Channels.newChannel(bytes))) {
        writer.writeBatch();
      }
      byte[] half = Arrays.copyOf(bytes.toByteArray(), bytes.size() - 40);
      try (ArrowStreamReader reader = reader(half, allocator)) {
        assertThatThrownBy(() -> Profile.of(reader))
            .isInstanceOf(MlInfraException.class)
            .hasMessageContaining("reading the rows to profile failed");
      }
    }
  }

  @Test
  void decodesDictionaries() throws IOException {
    try (BufferAllocator allocator = new RootAllocator();
        VarCharVector values = (VarCharVector) texts(allocator, "values", "low", "high");
        VarCharVector plain = (VarCharVector) texts(allocator, "x", "low", null, "high", "low")) {
      Dictionary dictionary = new Dictionary(values, ENCODING);
      MapDictionaryProvider provider = new MapDictionaryProvider(dictionary);
      FieldVector encoded = (FieldVector) DictionaryEncoder.encode(plain, dictionary);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      Profile expected = ofTexts("low", null, "high", "low");
      try (VectorSchemaRoot batch = batch(encoded);
          ArrowStreamWriter writer =
              new ArrowStreamWriter(batch, provider, Channels.newChannel(bytes))) {
        writer.writeBatch();
        assertThat(Profile.builder().accept(batch, provider).build()).isEqualTo(expected);
        assertThatThrownBy(() -> Profile.builder().accept(batch))
            .isInstanceOf(MlInfraException.class)
            .hasMessage("column 'x' is dictionary-encoded and its dictionary is missing");
      }
      try (ArrowStreamReader reader = reader(bytes.toByteArray(), allocator)) {
        assertThat(Profile.of(reader)).isEqualTo(expected);
      }
    }
  }

  @Test
  void refusesAnIndexBeyondTheDictionaryAndKeepsWhatItHas() {
    try (BufferAllocator allocator = new RootAllocator();
        VarCharVector values = (VarCharVector) texts(allocator, "values", "low", "high");
        VectorSchemaRoot good = batch(indices(allocator, 0, 1));
        VectorSchemaRoot bad = batch(indices(allocator, 1, 2))) {
      MapDictionaryProvider provider = new MapDictionaryProvider(new Dictionary(values, ENCODING));
      Profile.Builder builder = Profile.builder().accept(good, provider);
      assertThatThrownBy(() -> builder.accept(bad, provider))
          .isInstanceOf(MlInfraException.class)
          .hasMessage("column 'x' refers to value 2 of a dictionary of 2");
      assertThat(builder.build()).isEqualTo(ofTexts("low", "high"));
    }
  }

  @Test
  void doesNotGoOnAfterABatchThatFailedHalfWay() {
    try (BufferAllocator allocator = new RootAllocator();
        BufferAllocator small = allocator.newChildAllocator("small", 0, 1024);
        VarCharVector values = (VarCharVector) texts(allocator, "values", "low", "high");
        VectorSchemaRoot batch = batch(indices(small, 0, 1))) {
      MapDictionaryProvider provider = new MapDictionaryProvider(new Dictionary(values, ENCODING));
      Profile.Builder builder = Profile.builder();
      assertThatThrownBy(() -> builder.accept(batch, provider))
          .isInstanceOf(OutOfMemoryException.class);
      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("reading an earlier batch failed half-way; start afresh");
    }
  }

  private static IntVector indices(BufferAllocator allocator, int... indices) {
    ArrowType type = new ArrowType.Int(32, true);
    IntVector vector = new IntVector("x", new FieldType(true, type, ENCODING), allocator);
    vector.allocateNew(indices.length);
    for (int i = 0; i < indices.length; i++) {
      vector.set(i, indices[i]);
    }
    vector.setValueCount(indices.length);
    return vector;
  }

  @Test
  void readsTextsAcrossChunksAndTextsLongerThanOne() {
    String[] values = new String[5000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 7 == 0 ? null : "text ".repeat(i % 40) + i % 3;
    }
    values[2500] = "long ".repeat(50_000);
    List<String> present = Arrays.stream(values).filter(Objects::nonNull).toList();
    ColumnProfile x = ofTexts(values).column("x");
    assertThat(x.count()).isEqualTo(present.size());
    assertThat(x.distinct()).isEqualTo(new HashSet<>(present).size());
    assertThat(x.mostFrequent(2000))
        .filteredOn(value -> value.value().startsWith("long"))
        .singleElement()
        .extracting(ColumnProfile.ValueCount::value)
        .isEqualTo("long ".repeat(25) + "lon…");
  }

  @Test
  void refusesAVectorOfAnotherLength() {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = batch(texts(allocator, "x", "a", "b"))) {
      batch.getVector(0).setValueCount(1);
      assertThatThrownBy(() -> Profile.builder().accept(batch))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("column 'x' has 1 of 2 rows");
    }
  }

  private static ArrowStreamReader reader(byte[] bytes, BufferAllocator allocator) {
    return new ArrowStreamReader(new ByteArrayInputStream(bytes), allocator);
  }
}
