package io.mlinfra.monitoring;

/** Compares two profiles. Immutable and thread-safe. */
public final class DriftTest {
  private DriftTest() {}

  public static DriftTest defaults() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  public DriftReport compare(Profile reference, Profile current) {
    throw new UnsupportedOperationException();
  }

  /** Settings. Not thread-safe. */
  public static final class Builder {
    private Builder() {}

    public Builder psiThreshold(double psi) {
      return this;
    }

    public Builder ksThreshold(double ks) {
      return this;
    }

    /** How many bins numbers are sorted into. */
    public Builder bins(int bins) {
      return this;
    }

    /** How many values of a text column are counted apart; the rest count as one. */
    public Builder categories(int categories) {
      return this;
    }

    /** Columns that are compared and never called drifted. */
    public Builder ignore(String... columns) {
      return this;
    }

    public DriftTest build() {
      return new DriftTest();
    }
  }
}
