package io.mlinfra.core;

/**
 * What went wrong, for programs. The message of the {@link MlInfraException} says it for people.
 */
public enum ErrorCode {
  /** A file or folder that the caller named does not exist. */
  FILE_MISSING(Kind.USER),
  /** A file exists and is not what it was said to be. */
  FILE_UNREADABLE(Kind.DATA),
  /** A table, column, feature, model, version or alias that the caller named does not exist. */
  NAME_UNKNOWN(Kind.USER),
  /** A statement that the warehouse refused. */
  QUERY_FAILED(Kind.USER),
  /** Work that somebody cancelled. */
  CANCELLED(Kind.USER),
  /** Work that took longer than it was given. */
  TIMED_OUT(Kind.RESOURCE),
  /** A file, a setting or an extension that the host has not allowed. */
  ACCESS_REFUSED(Kind.USER),
  /** Data that violates the constraints set for it. */
  CONSTRAINT_VIOLATED(Kind.DATA),
  /** Work that needs more memory than it was given. */
  OUT_OF_MEMORY(Kind.RESOURCE),
  /** Data that cannot serve the purpose it was handed in for. */
  DATA_UNSUITABLE(Kind.DATA),
  /** Something kept no longer has the content that its hash promises. */
  CONTENT_ALTERED(Kind.DATA),
  /** Somebody else changed, or holds, what the caller wanted to change. */
  CONFLICT(Kind.RESOURCE),
  /** What is kept is encrypted, and the key that was given is not the one. */
  KEY_REFUSED(Kind.USER),
  /** Something kept is not signed by anybody whom the host trusts. */
  SIGNATURE_REFUSED(Kind.DATA),
  /** A version that does not meet the policy of the alias it was to get. */
  PROMOTION_REFUSED(Kind.USER),
  /** The JVM was started without a flag that this call needs. */
  JVM_FLAG_MISSING(Kind.USER),
  /** An optional artifact that this call needs is not on the class path. */
  ARTIFACT_MISSING(Kind.USER),
  /** A model that the runtime does not accept, or a graph that it cannot run. */
  MODEL_REJECTED(Kind.DATA),
  /** Reading or writing failed: disk full, no permission, a broken device. */
  IO_FAILED(Kind.RESOURCE),
  /** A promise of mlinfra itself does not hold. Please report it. */
  INTERNAL(Kind.INTERNAL);

  /** Who can do something about an error. */
  public enum Kind {
    /** The caller asked for something that cannot be. */
    USER,
    /** The data is at fault. */
    DATA,
    /** The machine is at fault, or somebody else who uses it. */
    RESOURCE,
    /** mlinfra is at fault. */
    INTERNAL
  }

  private final Kind kind;

  ErrorCode(Kind kind) {
    this.kind = kind;
  }

  /** Who can do something about it. */
  public Kind kind() {
    return kind;
  }
}
