package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What functions have thrown. DuckDB hands on the text of an error only, so a number in the text
 * leads back to it. Thread-safe.
 */
final class FunctionFailures {
  /** More than there are threads; when a query fails, several calls may have. */
  private static final int KEPT = 256;

  private static final Pattern MARK = Pattern.compile("\\[call (\\d+)]");

  private record Failure(String message, Throwable cause) {}

  /** Has no more to say than its message, which is all that is handed on. */
  private static final class Marked extends RuntimeException {
    private static final long serialVersionUID = 1;

    Marked(String message) {
      super(message, null, false, false);
    }

    @Override
    public String toString() {
      return String.valueOf(getMessage());
    }
  }

  private final Map<Long, Failure> failures =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Failure> eldest) {
          return size() > KEPT;
        }
      };

  private long count;

  /** Keeps what a function threw; gives what to throw instead. */
  synchronized RuntimeException record(String function, Throwable cause) {
    String closed = "function '" + function + "' is closed";
    String message =
        closed.equals(cause.getMessage()) ? closed : "function '" + function + "' failed: " + cause;
    failures.put(++count, new Failure(message, cause));
    return new Marked(message + " [call " + count + "]");
  }

  /** The error itself, or the one of the function that was behind it. */
  synchronized MlInfraException explained(MlInfraException error) {
    Matcher mark = MARK.matcher(String.valueOf(error.getMessage()));
    Failure failure = null;
    while (failure == null && mark.find()) {
      failure = failure(mark.group(1));
    }
    if (failure == null || error.getCause() == failure.cause()) {
      return error;
    }
    MlInfraException explained =
        new MlInfraException(ErrorCode.QUERY_FAILED, failure.message(), failure.cause());
    explained.addSuppressed(error);
    return explained;
  }

  private @Nullable Failure failure(String number) {
    try {
      return failures.get(Long.valueOf(number));
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
