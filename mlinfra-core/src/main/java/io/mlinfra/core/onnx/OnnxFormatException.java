package io.mlinfra.core.onnx;

/**
 * Bytes that are no ONNX file that this library understands; {@link OnnxFile#read} turns it into
 * the public error.
 */
final class OnnxFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OnnxFormatException(String message) {
    super(message);
  }
}
