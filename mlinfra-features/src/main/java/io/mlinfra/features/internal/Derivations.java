package io.mlinfra.features.internal;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.Derived;
import io.mlinfra.features.view.Derived.Operation;
import io.mlinfra.features.view.FeatureService;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * What a service derives when it is asked, in two faces: over Arrow batches for training sets, and
 * over one row of Java values online. Both read the same plain values and run the same arithmetic
 * on them, so they agree to the bit. Immutable and thread-safe.
 *
 * <p>NaN counts as missing, also as a result; infinite numbers are kept. A number of any type is
 * first turned into the nearest double. Times are instants in whole microseconds, rounded down;
 * without a zone they are UTC, a date is its first moment there, and the database's infinite times
 * are missing.
 */
public final class Derivations {
  /** A derived feature and the types of its inputs. */
  private record Step(String name, Derived how, List<ValueType> inputs) {
    ValueType type() {
      return DerivedValue.type(how.operation());
    }
  }

  private final FeatureService service;
  private final List<Step> steps;

  private Derivations(FeatureService service, List<Step> steps) {
    this.service = service;
    this.steps = List.copyOf(steps);
  }

  /**
   * Prepares what a service derives from certain columns.
   *
   * @param columns the types of the columns that are there: of the rows that ask, and of features
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if an input is not there; {@link
   *     ErrorCode#DATA_UNSUITABLE} if one is of a type that the operation does not take, or a
   *     column has the name of what is derived
   */
  public static Derivations of(FeatureService service, Map<String, ValueType> columns) {
    Map<String, ValueType> there = new LinkedHashMap<>(columns);
    List<Step> steps = new ArrayList<>();
    service
        .derived()
        .forEach(
            (name, how) -> {
              List<ValueType> inputs = new ArrayList<>();
              for (String input : how.inputs()) {
                ValueType type = there.get(input);
                if (type == null) {
                  throw unknown(service, name, input, there.keySet());
                }
                inputs.add(type);
              }
              requireSuits(service, name, how, inputs);
              Step step = new Step(name, how, inputs);
              if (there.put(name, step.type()) != null) {
                throw unsuitable(service, name, "has the name of a column that is there", null);
              }
              steps.add(step);
            });
    return new Derivations(service, steps);
  }

  /** The Arrow fields of what is derived, in order. */
  public List<Field> fields() {
    return steps.stream().map(Derivations::field).toList();
  }

  private static Field field(Step step) {
    return Field.nullable(step.name, step.type().arrowType());
  }

  /**
   * Derives columns from those of a batch.
   *
   * @param batch holds the inputs under their names; borrowed
   * @return a column per {@linkplain #fields field}, the caller's to close; if this throws, nothing
   *     is left in the allocator
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if a time is too far from 1970 to be
   *     counted in microseconds
   * @throws IllegalArgumentException if the batch lacks an input, or has it in another type than
   *     was said
   */
  public List<FieldVector> compute(VectorSchemaRoot batch, BufferAllocator allocator) {
    int rows = batch.getRowCount();
    Map<String, FieldVector> columns = new LinkedHashMap<>();
    batch.getFieldVectors().forEach(vector -> columns.put(vector.getName(), vector));
    List<FieldVector> made = new ArrayList<>();
    try {
      for (Step step : steps) {
        List<FieldVector> inputs = inputs(step, columns);
        FieldVector result = field(step).createVector(allocator);
        made.add(result);
        result.setInitialCapacity(rows);
        result.allocateNew();
        try {
          fill(step.how, inputs, rows, result);
        } catch (ArithmeticException e) {
          throw unsuitable(service, step.name, "reads a time that is " + e.getMessage(), e);
        }
        result.setValueCount(rows);
        columns.put(step.name, result);
      }
      return made;
    } catch (RuntimeException | Error e) {
      made.forEach(FieldVector::close);
      throw e;
    }
  }

  private static List<FieldVector> inputs(Step step, Map<String, FieldVector> columns) {
    List<FieldVector> inputs = new ArrayList<>();
    for (int i = 0; i < step.inputs.size(); i++) {
      String input = step.how.inputs().get(i);
      FieldVector column = columns.get(input);
      if (column == null) {
        throw new IllegalArgumentException(
            "the batch lacks column '" + input + "'; it has " + columns.keySet());
      }
      Field field = column.getField();
      if (field.getDictionary() != null
          || ValueType.of(field).filter(step.inputs.get(i)::equals).isEmpty()) {
        throw new IllegalArgumentException(
            "column '"
                + input
                + "' of the batch holds "
                + Sql.show(field)
                + ", must hold "
                + step.inputs.get(i));
      }
      inputs.add(column);
    }
    return inputs;
  }

  private static void fill(Derived how, List<FieldVector> inputs, int rows, FieldVector to) {
    Operation operation = how.operation();
    if (operation == Operation.SAME) {
      BitVector truths = (BitVector) to;
      for (int row = 0; row < rows; row++) {
        Object a = DerivedInput.plain(inputs.get(0), row);
        Object b = DerivedInput.plain(inputs.get(1), row);
        if (a != null && b != null) {
          truths.set(row, a.equals(b) ? 1 : 0);
        }
      }
    } else if (operation.isTimePart()) {
      BigIntVector parts = (BigIntVector) to;
      Times.Column times = Times.column(inputs.get(0));
      for (int row = 0; row < rows; row++) {
        long micros = times.at(row);
        if (micros != Times.NONE) {
          parts.set(row, DerivedValue.part(operation, how.zone(), micros));
        }
      }
    } else if (operation == Operation.SECONDS) {
      Times.Column from = Times.column(inputs.get(0));
      Times.Column until = Times.column(inputs.get(1));
      for (int row = 0; row < rows; row++) {
        set((Float8Vector) to, row, DerivedValue.seconds(from.at(row), until.at(row)));
      }
    } else {
      DerivedInput.Numbers[] numbers =
          inputs.stream().map(DerivedInput::numbers).toArray(DerivedInput.Numbers[]::new);
      double[] values = new double[numbers.length];
      for (int row = 0; row < rows; row++) {
        for (int i = 0; i < values.length; i++) {
          values[i] = numbers[i].at(row);
        }
        set((Float8Vector) to, row, DerivedValue.number(operation, values));
      }
    }
  }

  private static void set(Float8Vector to, int row, double value) {
    if (!Double.isNaN(value)) {
      to.set(row, value);
    }
  }

  /**
   * Derives the values of one row.
   *
   * @param row holds request values and features, numbers of any type; times as {@code
   *     LocalDateTime} and {@code LocalDate} in UTC, {@code Instant}, {@code OffsetDateTime} or
   *     {@code ZonedDateTime}; null where missing. The derived values come in, in the place of what
   *     has their names: Double, Long, Boolean or null
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if the row lacks an input; {@link
   *     ErrorCode#DATA_UNSUITABLE} if one is of a type that the operation does not take, or a time
   *     too far from 1970 to be counted in microseconds
   */
  public static void derive(FeatureService service, Map<String, @Nullable Object> row) {
    for (Map.Entry<String, Derived> derived : service.derived().entrySet()) {
      String name = derived.getKey();
      Derived how = derived.getValue();
      List<@Nullable Object> inputs = new ArrayList<>(4);
      List<@Nullable ValueType> types = new ArrayList<>(4);
      for (String input : how.inputs()) {
        Object value = row.get(input);
        if (value == null && !row.containsKey(input)) {
          throw unknown(service, name, input, row.keySet());
        }
        inputs.add(value);
        types.add(value == null ? null : typeOf(service, name, input, value));
      }
      requireSuits(service, name, how, types);
      try {
        row.put(name, value(how, inputs));
      } catch (ArithmeticException e) {
        throw unsuitable(service, name, "reads a time that is " + e.getMessage(), e);
      }
    }
  }

  private static @Nullable Object value(Derived how, List<@Nullable Object> inputs) {
    Operation operation = how.operation();
    if (operation == Operation.SAME) {
      Object a = DerivedInput.plain(inputs.get(0));
      Object b = DerivedInput.plain(inputs.get(1));
      return a == null || b == null ? null : a.equals(b);
    }
    if (operation.isTimePart()) {
      long micros = Times.micros(inputs.get(0));
      return micros == Times.NONE ? null : DerivedValue.part(operation, how.zone(), micros);
    }
    double value;
    if (operation == Operation.SECONDS) {
      value = DerivedValue.seconds(Times.micros(inputs.get(0)), Times.micros(inputs.get(1)));
    } else {
      // No stream: it would take ten times as long as the rest.
      double[] numbers = new double[inputs.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = DerivedInput.number(inputs.get(i));
      }
      value = DerivedValue.number(operation, numbers);
    }
    return Double.isNaN(value) ? null : value;
  }

  private static ValueType typeOf(FeatureService service, String name, String input, Object value) {
    return ValueType.ofValue(value)
        .orElseThrow(
            () ->
                unsuitable(
                    service,
                    name,
                    "reads '" + input + "', which is a " + value.getClass().getSimpleName(),
                    null));
  }

  /**
   * Checks what an operation is to read.
   *
   * @param types of its inputs; null for one that is not known, being missing
   */
  private static void requireSuits(
      FeatureService service, String name, Derived how, List<? extends @Nullable ValueType> types) {
    ValueType first = null;
    for (int i = 0; i < types.size(); i++) {
      ValueType type = types.get(i);
      if (type == null) {
        continue;
      }
      String input = how.inputs().get(i);
      if (!DerivedValue.takes(how.operation(), type)) {
        throw unsuitable(
            service,
            name,
            "reads '" + input + "', which holds " + type.noun() + "; it is " + how,
            null);
      }
      if (how.operation() == Operation.SAME && first != null && first != type) {
        throw unsuitable(
            service,
            name,
            "compares '"
                + how.inputs().get(0)
                + "', "
                + first.noun()
                + ", with '"
                + input
                + "', "
                + type.noun(),
            null);
      }
      first = type;
    }
  }

  private static String what(FeatureService service, String name) {
    return "feature service '" + service.name() + "': feature '" + name + "'";
  }

  private static MlInfraException unknown(
      FeatureService service, String name, String input, Collection<String> there) {
    return new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        what(service, name)
            + " reads '"
            + input
            + "', which is not there; there are "
            + String.join(", ", new TreeSet<>(there)));
  }

  private static MlInfraException unsuitable(
      FeatureService service, String name, String problem, @Nullable Throwable cause) {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE, what(service, name) + " " + problem, cause);
  }
}
