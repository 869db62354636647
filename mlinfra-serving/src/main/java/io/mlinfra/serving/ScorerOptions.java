package io.mlinfra.serving;

/** How a model is loaded. Immutable and thread-safe. */
public final class ScorerOptions {
  private static final ScorerOptions DEFAULTS = builder().build();

  private final int threads;

  private ScorerOptions(Builder builder) {
    this.threads = builder.threads;
  }

  /** One thread per call: the caller's own. */
  public static ScorerOptions defaults() {
    return DEFAULTS;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** How many threads work on one call. */
  public int threads() {
    return threads;
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {
    private int threads = 1;

    private Builder() {}

    /**
     * How many threads work on one call, 1 unless set. With 1 the caller's thread does the work and
     * the runtime starts none of its own, which suits a host that answers many calls at once. With
     * more, large batches of large models finish sooner, and the answers of a batch may differ in
     * the last bits from those of its rows alone, because the runtime then sums in another order.
     *
     * @param threads 1 or more
     */
    public Builder threads(int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException("threads (" + threads + ") must be > 0");
      }
      this.threads = threads;
      return this;
    }

    public ScorerOptions build() {
      return new ScorerOptions(this);
    }
  }
}
