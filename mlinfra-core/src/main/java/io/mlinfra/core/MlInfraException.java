package io.mlinfra.core;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one exception that mlinfra throws, beside {@link IllegalArgumentException} for a mistake that
 * the arguments alone show and {@link IllegalStateException} for a call in the wrong order or after
 * closing. Its message names the table, column, model or file.
 */
public final class MlInfraException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public MlInfraException(ErrorCode code, String message) {
    this(code, message, null);
  }

  public MlInfraException(ErrorCode code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code, "code");
  }

  /** What went wrong. */
  public ErrorCode code() {
    return code;
  }

  /** Who can do something about it. */
  public ErrorCode.Kind kind() {
    return code.kind();
  }
}
