package io.mlinfra.core.data;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.ByteBuffer;
import org.apache.arrow.memory.BufferAllocator;

/** What Arrow needs of the JVM. */
public final class ArrowMemory {
  /** The flag without which Arrow cannot hand memory to DuckDB or ONNX Runtime. */
  public static final String FLAG = "--add-opens=java.base/java.nio=ALL-UNNAMED";

  private ArrowMemory() {}

  /**
   * Does nothing if this JVM lets Arrow share its memory with native code, which every part that
   * streams needs.
   *
   * @throws MlInfraException {@link ErrorCode#JVM_FLAG_MISSING}, naming the flag, if it does not
   */
  public static void requireAccess() {
    if (!ByteBuffer.class.getModule().isOpen("java.nio", BufferAllocator.class.getModule())) {
      throw new MlInfraException(
          ErrorCode.JVM_FLAG_MISSING,
          "Arrow cannot share memory with native code in this JVM: start it with " + FLAG);
    }
  }
}
