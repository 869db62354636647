package io.mlinfra.monitoring;

import io.mlinfra.monitoring.ColumnDrift.Bin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** The same column of two profiles, sorted into the same bins. */
final class ColumnComparison {
  /** Shares below this one count as this one: an empty bin would make the index infinite. */
  static final double SMALLEST_SHARE = 1e-4;

  private final ColumnProfile reference;
  private final ColumnProfile current;
  private final List<Bin> bins = new ArrayList<>();

  private ColumnComparison(ColumnProfile reference, ColumnProfile current) {
    this.reference = reference;
    this.current = current;
  }

  static ColumnComparison of(
      ColumnProfile reference, ColumnProfile current, int bins, int categories) {
    ColumnComparison comparison = new ColumnComparison(reference, current);
    if (reference.type() == ColumnProfile.Type.STRING) {
      comparison.binTexts(categories);
    } else {
      comparison.binNumbers(bins);
    }
    comparison.bin(
        "(missing)", reference.nulls() + reference.nans(), current.nulls() + current.nans());
    return comparison;
  }

  /** The bins that are not empty on both sides, the missing values last. */
  List<Bin> bins() {
    return bins;
  }

  double psi() {
    double psi = 0;
    for (Bin bin : bins) {
      psi += contribution(bin);
    }
    return psi;
  }

  /** What one bin adds to the index. */
  static double contribution(Bin bin) {
    double expected = Math.max(SMALLEST_SHARE, bin.reference());
    double actual = Math.max(SMALLEST_SHARE, bin.current());
    return (actual - expected) * Math.log(actual / expected);
  }

  double ks() {
    return Distribution.kolmogorovSmirnov(reference.distribution(), current.distribution());
  }

  /**
   * Whether the bins differ more than those of one in a hundred pairs of samples of these sizes do
   * although nothing moved: Pearson's chi-squared test of two samples. It asks what the index asks,
   * without the logarithm that a bin empty by chance blows up. The quantile is Wilson and
   * Hilferty's.
   */
  boolean binsDifferBeyondChance() {
    double harmonic = 1.0 / reference.rows() + 1.0 / current.rows();
    double chiSquared = 0;
    for (Bin bin : bins) {
      double apart = bin.current() - bin.reference();
      double pooled =
          (bin.current() * current.rows() + bin.reference() * reference.rows())
              / ((double) current.rows() + reference.rows());
      chiSquared += apart * apart / (pooled * harmonic);
    }
    int freedom = Math.max(1, bins.size() - 1);
    double spread = 2.0 / (9.0 * freedom);
    return chiSquared > freedom * Math.pow(1 - spread + 2.3263 * Math.sqrt(spread), 3);
  }

  /** The same of the Kolmogorov-Smirnov statistic, from its limit distribution. */
  boolean ksIsBeyondChance() {
    return ks() > 1.6276 * Math.sqrt(1.0 / reference.count() + 1.0 / current.count());
  }

  private void binNumbers(int wanted) {
    NumberBins numbers = NumberBins.of(reference.distribution(), wanted);
    long[] before = numbers.count(reference.distribution());
    long[] after = numbers.count(current.distribution());
    List<String> labels = numbers.labels(reference);
    for (int i = 0; i < before.length; i++) {
      bin(labels.get(i), before[i], after[i]);
    }
  }

  private void binTexts(int categories) {
    // Equal texts have equal keys, so counts are looked up by key.
    Map<Long, Long> after =
        current.summary().frequent().stream()
            .collect(
                Collectors.toMap(
                    ValueCounts.Entry::key, ValueCounts.Entry::count, Long::sum, HashMap::new));
    long otherBefore = reference.count();
    long otherAfter = current.count();
    ToLongFunction<ValueCounts.Entry> find = entry -> after.getOrDefault(entry.key(), 0L);
    for (ValueCounts.Entry entry :
        reference.summary().frequent().stream().limit(categories).toList()) {
      long found = find.applyAsLong(entry);
      bin(reference.show(entry), entry.count(), found);
      otherBefore -= entry.count();
      otherAfter -= found;
    }
    boolean allBinned =
        reference.summary().isExact() && reference.summary().frequent().size() <= categories;
    bin(allBinned ? "(new values)" : "(other)", otherBefore, otherAfter);
  }

  private void bin(String label, long before, long after) {
    if (before > 0 || after > 0) {
      bins.add(new Bin(label, (double) before / reference.rows(), (double) after / current.rows()));
    }
  }
}
