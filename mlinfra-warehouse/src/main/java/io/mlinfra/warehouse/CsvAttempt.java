package io.mlinfra.warehouse;

import java.sql.SQLException;
import java.util.Optional;

/**
 * How a CSV file is read, from the fastest way to the most careful.
 *
 * @param allRows types are found out from all rows, which takes more than twice as long
 * @param oneThread which is slower, but reads whatever can be read; on several threads DuckDB 1.5.6
 *     lost 33,096 of 2,000,000 rejected rows
 * @param rejecting bad rows are put aside
 */
record CsvAttempt(boolean allRows, boolean oneThread, boolean rejecting) {
  static final CsvAttempt FIRST = new CsvAttempt(false, false, false);

  /** A rejected row whose column's type was only guessed from the first rows. */
  static final class Guessed extends SQLException {
    private static final long serialVersionUID = 1;

    Guessed(String message) {
      super(message);
    }
  }

  /** The next one after an error, if there is one that helps. */
  Optional<CsvAttempt> next(SQLException error, DeclaredColumns columns, int mostRejected) {
    if (error instanceof Guessed) {
      return Optional.of(new CsvAttempt(true, oneThread, rejecting));
    }
    String message = Errors.message(error);
    CsvError bad = CsvError.parse(message);
    if (!oneThread && message.contains("The Parallel CSV Reader currently does not support")) {
      return Optional.of(new CsvAttempt(allRows, true, rejecting));
    }
    if (bad == null || rejecting) {
      return Optional.empty();
    }
    if (!allRows && bad.isConversion() && columns.type(bad.column()) == null) {
      return Optional.of(new CsvAttempt(true, oneThread, false));
    }
    return mostRejected > 0 ? Optional.of(new CsvAttempt(allRows, true, true)) : Optional.empty();
  }
}
