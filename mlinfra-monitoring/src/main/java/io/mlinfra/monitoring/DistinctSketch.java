package io.mlinfra.monitoring;

import java.util.Arrays;

/**
 * HyperLogLog with 4,096 registers: the number of different values to within 1.6 % (one standard
 * error). A merge is the register-wise maximum, so the parts of a data set together give exactly
 * the sketch of the whole. The estimate is that of Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (2017), algorithm 6, which needs no table of corrections.
 */
final class DistinctSketch {
  static final double STANDARD_ERROR = 1.04 / 64;

  private static final int PRECISION = 12;
  private static final int REGISTERS = 1 << PRECISION;
  private static final int HIGHEST = 64 - PRECISION + 1;

  private final byte[] registers;

  DistinctSketch() {
    this(new byte[REGISTERS]);
  }

  private DistinctSketch(byte[] registers) {
    this.registers = registers;
  }

  void add(long hash) {
    int register = (int) (hash >>> 64 - PRECISION);
    // The bit keeps the count of leading zeros within the bits that are left.
    int rank = Long.numberOfLeadingZeros(hash << PRECISION | 1L << PRECISION - 1) + 1;
    if (rank > registers[register]) {
      registers[register] = (byte) rank;
    }
  }

  void merge(DistinctSketch other) {
    for (int i = 0; i < REGISTERS; i++) {
      registers[i] = (byte) Math.max(registers[i], other.registers[i]);
    }
  }

  long estimate() {
    int[] histogram = new int[HIGHEST + 1];
    for (byte register : registers) {
      histogram[register]++;
    }
    double m = REGISTERS;
    double z = m * tau(1 - histogram[HIGHEST] / m);
    for (int k = HIGHEST - 1; k >= 1; k--) {
      z = 0.5 * (z + histogram[k]);
    }
    z += m * sigma(histogram[0] / m);
    return Math.round(m * m / (2 * Math.log(2) * z));
  }

  DistinctSketch copy() {
    return new DistinctSketch(registers.clone());
  }

  /** The non-zero registers as gaps and values while few are set, otherwise all of them. */
  void write(ByteWriter out) {
    int set = 0;
    for (byte register : registers) {
      set += register == 0 ? 0 : 1;
    }
    boolean sparse = set < REGISTERS / 4;
    out.varint(sparse ? set : REGISTERS);
    if (!sparse) {
      out.raw(registers);
      return;
    }
    int next = 0;
    for (int i = 0; i < REGISTERS; i++) {
      if (registers[i] != 0) {
        out.varint(i - next);
        out.varint(registers[i]);
        next = i + 1;
      }
    }
  }

  static DistinctSketch read(ByteReader in) {
    int set = in.count("registers", REGISTERS);
    byte[] registers;
    if (set == REGISTERS) {
      registers = in.raw(REGISTERS);
    } else {
      registers = new byte[REGISTERS];
      int next = 0;
      for (int i = 0; i < set; i++) {
        next += in.count("a register's place", REGISTERS - 1 - next);
        registers[next++] = (byte) in.count("a register", HIGHEST);
      }
    }
    for (byte register : registers) {
      if (register < 0 || register > HIGHEST) {
        throw new ProfileFormatException("a register of " + register);
      }
    }
    return new DistinctSketch(registers);
  }

  private static double sigma(double share) {
    if (share == 1) {
      return Double.POSITIVE_INFINITY;
    }
    double x = share;
    double y = 1;
    double z = share;
    for (double before = -1; before != z; ) {
      x *= x;
      before = z;
      z += x * y;
      y += y;
    }
    return z;
  }

  private static double tau(double share) {
    if (share == 0 || share == 1) {
      return 0;
    }
    double x = share;
    double y = 1;
    double z = 1 - share;
    for (double before = -1; before != z; ) {
      x = Math.sqrt(x);
      before = z;
      y *= 0.5;
      z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
  }

  @Override
  public String toString() {
    return "DistinctSketch[" + estimate() + ", " + Arrays.hashCode(registers) + "]";
  }
}
