package io.mlinfra.monitoring;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.monitoring.ColumnDrift.Level;
import io.mlinfra.monitoring.DriftReport.SchemaChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Compares what came with what was expected, column by column. Immutable and thread-safe.
 *
 * <p>Two statistics say how far a column moved. The population stability index is {@code Σ (c - r)
 * ln(c / r)} over bins that hold the share {@code r} of the reference's rows and the share {@code
 * c} of the current ones (Lewis, "An Introduction to Credit Scoring", 1994; Siddiqi, "Credit Risk
 * Scorecards", 2006). Bins of numbers end at the quantiles of the reference; bins of texts are its
 * most frequent values, and one for all others; missing values have a bin of their own. A share
 * below 0.0001 counts as 0.0001. For numbers the Kolmogorov-Smirnov statistic is the largest
 * distance between the two distribution functions; it is exact where both columns are, and
 * otherwise, with 99 % confidence, off by at most 0.0035 per column that is not.
 *
 * <p>A column has drifted if one of them reaches its threshold, unless chance alone explains it in
 * samples as small as these: for the index a chi-squared test of the same bins, for the other its
 * own test, each at a level of 1 %. With thousands of rows that makes no difference. Timestamps are
 * compared and not judged: later data has later ones.
 */
public final class DriftTest {
  private final double psiThreshold;
  private final double ksThreshold;
  private final int bins;
  private final int categories;
  private final Set<String> ignored;

  private DriftTest(Builder builder) {
    this.psiThreshold = builder.psiThreshold;
    this.ksThreshold = builder.ksThreshold;
    this.bins = builder.bins;
    this.categories = builder.categories;
    this.ignored = builder.ignored;
  }

  /** A test that calls a PSI of 0.2 or a KS of 0.1 a drift. */
  public static DriftTest defaults() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Compares two profiles. Columns that only one of them has, or that hold another sort of values,
   * are reported as changes of the schema.
   *
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if one of them has no rows
   */
  public DriftReport compare(Profile reference, Profile current) {
    requireRows("reference", reference);
    requireRows("current", current);
    List<ColumnDrift> columns = new ArrayList<>();
    List<SchemaChange> changes = new ArrayList<>();
    for (ColumnProfile before : reference.columns()) {
      ColumnProfile after = current.find(before.name());
      if (after == null) {
        changes.add(new SchemaChange(before.name(), before.type(), null));
      } else if (!before.type().isComparableWith(after.type())) {
        changes.add(new SchemaChange(before.name(), before.type(), after.type()));
      } else {
        columns.add(compare(before, after));
      }
    }
    for (ColumnProfile after : current.columns()) {
      if (reference.find(after.name()) == null) {
        changes.add(new SchemaChange(after.name(), null, after.type()));
      }
    }
    columns.sort(
        Comparator.comparing((ColumnDrift column) -> column.level() == Level.IGNORED)
            .thenComparing(Comparator.comparing(ColumnDrift::psi).reversed()));
    return new DriftReport(reference, current, psiThreshold, ksThreshold, columns, changes);
  }

  private ColumnDrift compare(ColumnProfile before, ColumnProfile after) {
    ColumnComparison comparison = ColumnComparison.of(before, after, bins, categories);
    double psi = comparison.psi();
    double ks = comparison.ks();
    double reached = comparison.binsDifferBeyondChance() ? psi / psiThreshold : 0;
    if (comparison.ksIsBeyondChance()) {
      reached = Math.max(reached, ks / ksThreshold);
    }
    Level level = reached >= 1 ? Level.DRIFTED : reached >= 0.5 ? Level.SHIFTED : Level.STABLE;
    if (before.type() == ColumnProfile.Type.TIMESTAMP || ignored.contains(before.name())) {
      level = Level.IGNORED;
    }
    return new ColumnDrift(
        before.name(),
        before.type(),
        psi,
        ks,
        before.missingRate(),
        after.missingRate(),
        level,
        comparison.bins());
  }

  private static void requireRows(String which, Profile profile) {
    if (profile.rows() == 0) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the " + which + " profile has no rows, so there is nothing to compare");
    }
  }

  @Override
  public String toString() {
    return "DriftTest[psi " + psiThreshold + ", ks " + ksThreshold + ", bins " + bins + "]";
  }

  /** Settings of a {@link DriftTest}. Not thread-safe. */
  public static final class Builder {
    private double psiThreshold = 0.2;
    private double ksThreshold = 0.1;
    private int bins = 10;
    private int categories = 50;
    private Set<String> ignored = Set.of();

    private Builder() {}

    /** From which population stability index on a column has drifted; 0.2 unless set. */
    public Builder psiThreshold(double psi) {
      if (!(psi > 0)) {
        throw new IllegalArgumentException("psiThreshold (" + psi + ") must be > 0");
      }
      psiThreshold = psi;
      return this;
    }

    /**
     * From which Kolmogorov-Smirnov statistic on a column has drifted; 0.1 unless set. Above 1
     * nothing does.
     */
    public Builder ksThreshold(double ks) {
      if (!(ks > 0)) {
        throw new IllegalArgumentException("ksThreshold (" + ks + ") must be > 0");
      }
      ksThreshold = ks;
      return this;
    }

    /** How many bins numbers are sorted into, from 2 to 100; 10 unless set. */
    public Builder bins(int bins) {
      if (bins < 2 || bins > 100) {
        throw new IllegalArgumentException("bins (" + bins + ") must be from 2 to 100");
      }
      this.bins = bins;
      return this;
    }

    /**
     * How many values of a text column have a bin of their own, from 1 to 500; 50 unless set. The
     * rest shares one.
     */
    public Builder categories(int categories) {
      if (categories < 1 || categories > 500) {
        throw new IllegalArgumentException("categories (" + categories + ") must be from 1 to 500");
      }
      this.categories = categories;
      return this;
    }

    /** Columns that are compared and not judged; replaces those named before. */
    public Builder ignore(String... columns) {
      ignored = Set.copyOf(List.of(columns));
      return this;
    }

    public DriftTest build() {
      return new DriftTest(this);
    }
  }
}
