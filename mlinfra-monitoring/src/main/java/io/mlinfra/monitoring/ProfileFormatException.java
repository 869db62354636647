package io.mlinfra.monitoring;

/** Bytes that are no profile; {@link Profile#read} turns it into the public error. */
final class ProfileFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ProfileFormatException(String message) {
    super(message);
  }
}
