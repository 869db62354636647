package io.mlinfra.features.offline;

import io.mlinfra.features.internal.Times;
import io.mlinfra.features.internal.ValueType;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.jspecify.annotations.Nullable;

/** Compares the two values of one feature, batch by batch. */
final class SkewColumn {
  private final String feature;
  private final ValueType type;
  private final SkewTolerance tolerance;
  private final int mostExamples;
  private final VectorSchemaRoot batch;
  private final String served;
  private final String time;
  private final List<String> keys;
  private final List<SkewReport.Example> examples = new ArrayList<>();
  private long equal;
  private long different;
  private long servedMissing;
  private long recomputedMissing;
  private double largestAbsolute;
  private double largestRelative;

  /**
   * A column.
   *
   * @param batch holds one batch after the other
   * @param served the column of the served values, as {@link
   *     io.mlinfra.features.internal.Sql#value} reads them
   * @param time the column of the time in microseconds
   * @param keys the columns that an example shows
   */
  SkewColumn(
      String feature,
      ValueType type,
      SkewTolerance tolerance,
      int mostExamples,
      VectorSchemaRoot batch,
      String served,
      String time,
      List<String> keys) {
    this.feature = feature;
    this.type = type;
    this.tolerance = tolerance;
    this.mostExamples = mostExamples;
    this.batch = batch;
    this.served = served;
    this.time = time;
    this.keys = keys;
    boolean number = type == ValueType.INT64 || type == ValueType.FLOAT64;
    this.largestAbsolute = number || type == ValueType.TIMESTAMP ? 0 : Double.NaN;
    this.largestRelative = number ? 0 : Double.NaN;
  }

  void compare() {
    FieldVector ours = batch.getVector(served);
    FieldVector theirs = batch.getVector(feature);
    for (int row = 0; row < batch.getRowCount(); row++) {
      Object a = value(ours, row);
      Object b = value(theirs, row);
      if (type == ValueType.FLOAT64 && a instanceof Long whole) {
        a = (double) whole;
      }
      if (!isEqual(a, b) && examples.size() < mostExamples) {
        examples.add(example(row, a, b));
      }
    }
  }

  /** Also counts. */
  private boolean isEqual(@Nullable Object a, @Nullable Object b) {
    if (a == null && b == null || a != null && a.equals(b)) {
      equal++;
      return true;
    }
    if (a == null) {
      servedMissing++;
      return false;
    }
    if (b == null) {
      recomputedMissing++;
      return false;
    }
    double difference = Double.NaN;
    double ratio = Double.NaN;
    if (type == ValueType.FLOAT64) {
      difference = Math.abs((Double) a - (Double) b);
      ratio = ratio(difference, (Double) a, (Double) b);
    } else if (type == ValueType.INT64 || type == ValueType.TIMESTAMP) {
      difference =
          BigInteger.valueOf((Long) a).subtract(BigInteger.valueOf((Long) b)).abs().doubleValue();
      if (type == ValueType.INT64) {
        ratio = ratio(difference, (Long) a, (Long) b);
      } else {
        difference /= 1e6;
      }
    }
    largestAbsolute = Math.max(largestAbsolute, difference);
    largestRelative = Math.max(largestRelative, ratio);
    boolean allowed = tolerance.allows(difference, ratio);
    if (allowed) {
      equal++;
    } else {
      different++;
    }
    return allowed;
  }

  private static double ratio(double difference, double a, double b) {
    if (Double.isInfinite(difference)) {
      return difference;
    }
    return difference == 0 ? 0 : difference / Math.max(Math.abs(a), Math.abs(b));
  }

  private SkewReport.Example example(int row, @Nullable Object a, @Nullable Object b) {
    Map<String, @Nullable Object> who = new LinkedHashMap<>();
    keys.forEach(key -> who.put(key, value(batch.getVector(key), row)));
    long at = ((BigIntVector) batch.getVector(time)).get(row);
    return new SkewReport.Example(who, Times.of(at), shown(a), shown(b));
  }

  private @Nullable Object shown(@Nullable Object value) {
    return type == ValueType.TIMESTAMP && value instanceof Long micros ? Times.of(micros) : value;
  }

  private static @Nullable Object value(FieldVector vector, int row) {
    if (vector.isNull(row)) {
      return null;
    }
    if (vector instanceof Float8Vector numbers) {
      double number = numbers.get(row);
      return Double.isNaN(number) ? null : (Object) number;
    }
    if (vector instanceof VarCharVector texts) {
      return new String(texts.get(row), StandardCharsets.UTF_8);
    }
    if (vector instanceof BitVector truths) {
      return truths.get(row) != 0;
    }
    return vector instanceof TimeStampVector times
        ? (Object) times.get(row)
        : (Object) ((BaseIntVector) vector).getValueAsLong(row);
  }

  SkewReport.FeatureSkew result() {
    return new SkewReport.FeatureSkew(
        feature,
        equal,
        different,
        servedMissing,
        recomputedMissing,
        largestAbsolute,
        largestRelative,
        examples);
  }
}
