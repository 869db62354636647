package io.mlinfra.monitoring;

import io.mlinfra.monitoring.ValueCounts.Entry;

/** Frequent values as bytes. Texts bring their hash only where they are not kept whole. */
final class ValueCountsFormat {
  private ValueCountsFormat() {}

  /**
   * Writes all values.
   *
   * @param whole whether numbers are integers rather than the bits of doubles
   */
  static void write(ValueCounts counts, ByteWriter out, boolean whole) {
    out.octet(counts.isExact() ? 1 : 0);
    out.varint(counts.error());
    out.varint(counts.size());
    for (Entry entry : counts.entries()) {
      byte[] text = entry.text();
      if (text != null) {
        out.varint(text.length);
        out.raw(text);
        if (text.length > ValueCounts.LONGEST_TEXT) {
          out.fixed64(entry.key());
        }
      } else if (whole) {
        out.signed(entry.key());
      } else {
        out.fixed64(entry.key());
      }
      out.varint(entry.count());
    }
  }

  /** Reads numbers or texts of which there are {@code total}, counted ones and others. */
  static ValueCounts read(ByteReader in, boolean text, boolean whole, long total) {
    ValueCounts counts = new ValueCounts(text);
    boolean exact = in.count("a flag", 1) == 1;
    long error = in.total("a frequency error");
    int entries = in.countOf("the number of frequent values", 2, ValueCounts.MOST);
    long sum = 0;
    for (int i = 0; i < entries; i++) {
      Entry entry = text ? readText(in) : readNumber(in, whole);
      sum += entry.count();
      if (entry.count() < 1 || entry.count() > total || sum > total) {
        throw new ProfileFormatException("frequencies that do not add up");
      }
      if (!counts.restore(entry)) {
        throw new ProfileFormatException("a frequent value twice");
      }
    }
    if (exact ? sum != total || error != 0 : error > total) {
      throw new ProfileFormatException("frequencies that do not add up");
    }
    counts.restore(exact, error);
    return counts;
  }

  private static Entry readText(ByteReader in) {
    byte[] text = in.raw(in.count("the length of a text", ValueCounts.LONGEST_KEPT));
    boolean kept = text.length <= ValueCounts.LONGEST_TEXT;
    long key = kept ? Hash.of(text, 0, text.length) : in.fixed64();
    return new Entry(key, text, in.total("a frequency"));
  }

  private static Entry readNumber(ByteReader in, boolean whole) {
    long key = whole ? in.signed() : Double.doubleToRawLongBits(in.number("a frequent value"));
    return new Entry(key, null, in.total("a frequency"));
  }
}
