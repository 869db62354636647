package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What DuckDB reports, as the library's error. DuckDB tells errors apart by their texts only. */
final class Errors {
  /** Stands before the error of a statement that failed before its first row. */
  private static final String PENDING =
      "Invalid Input Error: Attempting to execute an unsuccessful or closed pending query result"
          + "\nError: ";

  private static final Pattern LOCKED =
      Pattern.compile("Conflicting lock is held in (.*?) ?\\(PID (\\d+)\\)");
  private static final Pattern VERSION =
      Pattern.compile(
          "version number (\\d+), but we can only read versions between (\\d+) and (\\d+)");
  private static final Pattern NO_TABLE =
      Pattern.compile("^Catalog Error: Table with name (.*) does not exist");

  /** Stands around the error of a batch. */
  private static final Pattern FROM_STREAM =
      Pattern.compile(
          "\\[errno [^]]*] CDataJniException\\{errno=[^,]*, message=(.*)}\\s*", Pattern.DOTALL);

  private static final int LONGEST_REASON = 500;

  private Errors() {}

  /** An error of a statement. */
  static MlInfraException of(SQLException error) {
    return of(message(error), error);
  }

  /** An error of an Arrow stream that DuckDB gives. */
  static MlInfraException of(IOException error) {
    String message = String.valueOf(error.getMessage());
    Matcher wrapped = FROM_STREAM.matcher(message);
    return of(wrapped.matches() ? message(wrapped.group(1)) : message, error);
  }

  private static MlInfraException of(String message, Exception error) {
    ErrorCode code = ErrorCode.QUERY_FAILED;
    if (isDisk(message)) {
      code = ErrorCode.IO_FAILED;
    } else if (isConflict(message)) {
      code = ErrorCode.CONFLICT;
    } else if (message.startsWith("Permission Error")
        || message.contains("the configuration has been locked")) {
      code = ErrorCode.ACCESS_REFUSED;
    } else if (message.startsWith("INTERNAL Error") || message.startsWith("FATAL Error")) {
      code = ErrorCode.INTERNAL;
    } else if (message.startsWith("Out of Memory Error")) {
      code = ErrorCode.OUT_OF_MEMORY;
    } else if (message.startsWith("INTERRUPT Error")) {
      code = ErrorCode.CANCELLED;
    } else if (NO_TABLE.matcher(message).find()) {
      code = ErrorCode.NAME_UNKNOWN;
    }
    return new MlInfraException(code, message, error);
  }

  /** Whether a file that a statement read may be what it failed of. */
  static boolean isOfAFile(SQLException error) {
    String message = message(error);
    return of(error).code() == ErrorCode.QUERY_FAILED
        && !message.startsWith("Catalog Error")
        && !message.startsWith("Binder Error")
        && !message.startsWith("Constraint Error")
        && !message.startsWith("Dependency Error")
        && !message.startsWith("Out of Memory Error");
  }

  /** An error of a statement that reads a file the caller named. */
  static MlInfraException reading(Path file, String label, SQLException error) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE,
        "'" + file.toAbsolutePath() + "' is not readable as " + label + ": " + cut(message(error)),
        error);
  }

  /** Not what DuckDB advises to do with options that are not there. */
  private static String cut(String message) {
    int end = message.indexOf("\n\n");
    String first = end < 0 ? message : message.substring(0, end);
    return first.length() <= LONGEST_REASON ? first : first.substring(0, LONGEST_REASON) + "…";
  }

  /** An error of opening a database. */
  static MlInfraException opening(String file, SQLException error) {
    String message = message(error);
    Matcher locked = LOCKED.matcher(message);
    if (locked.find()) {
      return new MlInfraException(
          ErrorCode.CONFLICT,
          "'" + file + "' is open in process " + locked.group(2) + " (" + locked.group(1) + ")",
          error);
    }
    if (message.contains("different configuration")) {
      return new MlInfraException(
          ErrorCode.CONFLICT,
          "'"
              + file
              + "' is open in this process with other options; a temporary folder and a hardened"
              + " warehouse are never shared",
          error);
    }
    Matcher version = VERSION.matcher(message);
    if (version.find()) {
      return new MlInfraException(
          ErrorCode.FILE_UNREADABLE,
          "'%s' was written by %s version of DuckDB: its storage has version %s, and this one reads %s to %s"
              .formatted(
                  file,
                  message.contains("newer version") ? "a later" : "another",
                  version.group(1),
                  version.group(2),
                  version.group(3)),
          error);
    }
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE, "'" + file + "' cannot be opened: " + message, error);
  }

  /** Whether somebody interrupted the statement, rather than DuckDB refusing it. */
  static boolean isInterruption(Exception error) {
    return String.valueOf(error.getMessage()).contains("INTERRUPT Error");
  }

  /** Whether the driver has lost what DuckDB said. */
  static boolean isLost(SQLException error) {
    return message(error).equals("Invalid Input Error: Invalid result set");
  }

  static String message(SQLException error) {
    return message(String.valueOf(error.getMessage()));
  }

  private static String message(String text) {
    String message = text.strip();
    return message.startsWith(PENDING) ? message.substring(PENDING.length()) : message;
  }

  /** Whether somebody else changed the same meanwhile. */
  static boolean isConflict(SQLException error) {
    String message = message(error);
    return isConflict(message) && !isDisk(message);
  }

  private static boolean isConflict(String message) {
    return message.startsWith("TransactionContext Error")
        || message.contains("write-write conflict")
        || message.contains("Conflict on ");
  }

  /** What cannot be written when a transaction is committed comes as an error of that. */
  private static boolean isDisk(String message) {
    return (message.startsWith("IO Error")
            || message.startsWith("TransactionContext Error: Failed to commit"))
        && (message.contains("No space left")
            || message.contains("Could not write")
            || message.contains("Could not truncate")
            || message.contains("Could not sync"));
  }
}
