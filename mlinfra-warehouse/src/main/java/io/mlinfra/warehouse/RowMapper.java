package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import io.mlinfra.core.text.Format;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns the rows of a result into records or single values. Not thread-safe. */
final class RowMapper<T> {
  /** So many rows are told at a time. */
  private static final int STEP = 1024;

  private final Plan<T> plan;
  private final ResultSet rows;
  private final Values values;
  private final int[] columns;
  private long row;

  private RowMapper(Plan<T> plan, Call call, ResultSet rows) throws SQLException {
    this.plan = plan;
    this.rows = rows;
    this.values = new Values(rows, call.columns(rows));
    this.columns = plan.columns(values.names());
  }

  /** How a Java type is made; a mistake in the type shows before anything runs. */
  record Plan<T>(Class<T> type, Conversion conversion) {
    private int[] columns(List<String> names) {
      if (conversion instanceof RecordConversion records) {
        try {
          return records.match(names);
        } catch (Conversion.Unfit e) {
          throw unsuitable("the result's columns " + e.getMessage());
        }
      }
      if (names.size() != 1) {
        throw unsuitable(
            "the result has "
                + names.size()
                + " columns ("
                + String.join(", ", names)
                + "), but "
                + type.getSimpleName()
                + " takes one");
      }
      return new int[] {0};
    }

    /** All rows. */
    List<T> list(Call call, long most, Progress progress) throws SQLException {
      List<T> list = new ArrayList<>();
      try (ResultSet rows = call.rows();
          Progress.Task task = progress.start("reading rows", -1, "rows")) {
        RowMapper<T> mapper = new RowMapper<>(this, call, rows);
        while (mapper.next()) {
          if (list.size() >= most) {
            throw unsuitable(
                "the result has more than "
                    + Format.count(most)
                    + " rows; raise maxRows, or read it as a stream");
          }
          list.add(mapper.required());
          if (list.size() % STEP == 0) {
            task.advance(STEP);
          }
        }
        task.advance(list.size() % STEP);
      }
      return List.copyOf(list);
    }

    /** The only row. */
    T only(Call call) throws SQLException {
      try (ResultSet rows = call.rows()) {
        RowMapper<T> mapper = new RowMapper<>(this, call, rows);
        if (!mapper.next()) {
          throw unsuitable("the result has no row, where exactly one was asked for");
        }
        T value = mapper.required();
        if (mapper.next()) {
          throw unsuitable("the result has more than one row, where exactly one was asked for");
        }
        return value;
      }
    }

    /** The first row, if it is there. */
    Optional<T> first(Call call) throws SQLException {
      try (ResultSet rows = call.rows()) {
        RowMapper<T> mapper = new RowMapper<>(this, call, rows);
        return mapper.next() ? Optional.ofNullable(mapper.current()) : Optional.empty();
      }
    }
  }

  /**
   * Looks at a type.
   *
   * @throws IllegalArgumentException if nothing can become it
   */
  @SuppressWarnings("unchecked")
  static <T> Plan<T> of(Class<T> type) {
    // A primitive's class stands for its box.
    Class<T> boxed = (Class<T>) Conversion.BOXES.getOrDefault(type, type);
    return new Plan<>(boxed, Conversion.to(boxed));
  }

  private boolean next() throws SQLException {
    row++;
    return rows.next();
  }

  private T required() throws SQLException {
    T value = current();
    if (value == null) {
      throw unsuitable(
          "column '"
              + values.names().get(0)
              + "' is NULL (row "
              + row
              + "), where "
              + plan.type().getSimpleName()
              + " was asked for");
    }
    return value;
  }

  /** The current row; null for a NULL that is alone. */
  private @Nullable T current() throws SQLException {
    try {
      @Nullable Object[] found = new @Nullable Object[columns.length];
      for (int i = 0; i < columns.length; i++) {
        found[i] = values.get(columns[i]);
      }
      if (plan.conversion() instanceof RecordConversion records) {
        return plan.type().cast(records.make(found));
      }
      Object value = found[0];
      if (value == null) {
        return null;
      }
      try {
        return plan.type().cast(plan.conversion().apply(value));
      } catch (Conversion.Unfit e) {
        throw new Conversion.Unfit("'" + values.names().get(0) + "' " + e.getMessage());
      }
    } catch (Conversion.Unfit e) {
      throw unsuitable("column " + e.getMessage() + " (row " + row + ")");
    } catch (MlInfraException e) {
      throw new MlInfraException(e.code(), e.getMessage() + " (row " + row + ")", e);
    }
  }

  private static MlInfraException unsuitable(String what) {
    return new MlInfraException(ErrorCode.DATA_UNSUITABLE, what);
  }
}
