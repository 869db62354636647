package io.mlinfra.monitoring;

import java.util.List;

/** Texts: which ones, how often, how many different ones. */
final class TextSummary extends Summary {
  private long count;
  private ValueCounts counts = new ValueCounts(true);
  private DistinctSketch distinct = new DistinctSketch();

  void add(byte[] bytes, int from, int length) {
    long hash = Hash.of(bytes, from, length);
    // A value that is counted already is in the sketch as well.
    if (counts.add(bytes, from, length, hash)) {
      distinct.add(hash);
    }
    count++;
  }

  @Override
  long count() {
    return count;
  }

  @Override
  long distinct() {
    return counts.isExact()
        ? counts.size()
        : Math.max(ValueCounts.MOST + 1, Math.min(count, distinct.estimate()));
  }

  @Override
  boolean isExact() {
    return counts.isExact();
  }

  @Override
  List<ValueCounts.Entry> frequent() {
    return counts.entries();
  }

  @Override
  long frequencyError() {
    return counts.error();
  }

  @Override
  TextSummary copy() {
    TextSummary copy = new TextSummary();
    copy.count = count;
    copy.counts = counts.copy();
    copy.distinct = distinct.copy();
    return copy;
  }

  @Override
  void merge(Summary other) {
    TextSummary that = (TextSummary) other;
    count += that.count;
    counts.merge(that.counts);
    distinct.merge(that.distinct);
  }

  @Override
  void write(ByteWriter out) {
    out.varint(count);
    ValueCountsFormat.write(counts, out, false);
    if (!counts.isExact()) {
      distinct.write(out);
    }
  }

  static TextSummary read(ByteReader in) {
    TextSummary read = new TextSummary();
    read.count = in.total("a count");
    read.counts = ValueCountsFormat.read(in, true, false, read.count);
    if (read.counts.isExact()) {
      read.counts.addTo(read.distinct);
    } else {
      read.distinct = DistinctSketch.read(in);
    }
    return read;
  }
}
