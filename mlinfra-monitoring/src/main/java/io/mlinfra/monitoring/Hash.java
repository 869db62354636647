package io.mlinfra.monitoring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * 64-bit hashes without a seed, so that equal data gives equal sketches everywhere. Kept in the
 * format of profiles: they never change.
 */
final class Hash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;
  private static final long P5 = 0x27D4EB2F165667C5L;

  private Hash() {}

  /** The finaliser of SplitMix64, a bijection. */
  static long of(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /** XXH64 without its four lanes, which only pay for texts longer than those of a category. */
  static long of(byte[] bytes, int from, int length) {
    long h = P5 + length;
    int i = from;
    int end = from + length;
    for (; i + 8 <= end; i += 8) {
      long word = (long) LONG.get(bytes, i);
      h = Long.rotateLeft(h ^ Long.rotateLeft(word * P2, 31) * P1, 27) * P1 + P4;
    }
    for (; i < end; i++) {
      h = Long.rotateLeft(h ^ (bytes[i] & 0xFF) * P5, 11) * P1;
    }
    h = (h ^ h >>> 33) * P2;
    h = (h ^ h >>> 29) * P3;
    return h ^ h >>> 32;
  }
}
