package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A profile as bytes: {@code MLPF}, a version, rows, columns, and the CRC-32C of all that. The sum
 * finds damage; bytes made up on purpose are found, or do no harm, because every number is checked.
 */
final class ProfileFormat {
  private static final int MAGIC = 'M' | 'L' << 8 | 'P' << 16 | 'F' << 24;
  private static final int VERSION = 1;
  private static final int SUM_BYTES = 4;

  /** Far above any real count, and low enough that the counts of many profiles add up. */
  private static final long MOST_ROWS = 1L << 48;

  private ProfileFormat() {}

  static byte[] write(Profile profile) {
    ByteWriter out = new ByteWriter();
    out.fixed32(MAGIC);
    out.octet(VERSION);
    out.varint(profile.rows());
    out.varint(profile.columns().size());
    for (ColumnProfile column : profile.columns()) {
      column.write(out);
    }
    byte[] content = out.toBytes();
    out.fixed32(sum(content, content.length));
    return out.toBytes();
  }

  static Profile read(byte[] bytes) {
    try {
      return parse(bytes);
    } catch (ProfileFormatException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "not a usable profile: " + e.getMessage(), e);
    }
  }

  private static Profile parse(byte[] bytes) {
    ByteReader in = new ByteReader(bytes, 0, Math.max(0, bytes.length - SUM_BYTES));
    if (in.fixed32() != MAGIC) {
      throw new ProfileFormatException("it does not begin with MLPF");
    }
    int version = in.octet();
    if (version != VERSION) {
      throw new ProfileFormatException(
          "it has version " + version + ", and this library reads version " + VERSION);
    }
    int sum = new ByteReader(bytes, bytes.length - SUM_BYTES, SUM_BYTES).fixed32();
    if (sum != sum(bytes, bytes.length - SUM_BYTES)) {
      throw new ProfileFormatException("its checksum does not match, so it is damaged");
    }
    long rows = in.varint();
    if (rows < 0 || rows > MOST_ROWS) {
      throw new ProfileFormatException("rows (" + rows + ") must be at most 2^48");
    }
    int count = in.countOf("the number of columns", 5, Integer.MAX_VALUE);
    List<ColumnProfile> columns = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < count; i++) {
      ColumnProfile column = ColumnProfile.read(in);
      if (!names.add(column.name())) {
        throw new ProfileFormatException("column '" + column.name() + "' is there twice");
      }
      // Each count is checked alone as well: their sum might wrap round to the right number.
      if (column.rows() != rows
          || column.nulls() > rows
          || column.nans() > rows
          || column.infinities() > rows
          || column.count() > rows
          || column.count() < 0) {
        throw new ProfileFormatException("column '" + column.name() + "' has other rows");
      }
      columns.add(column);
    }
    in.requireEnd();
    return new Profile(rows, columns);
  }

  private static int sum(byte[] bytes, int length) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, 0, length);
    return (int) sum.getValue();
  }
}
