package io.mlinfra.registry;

import java.time.Clock;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * How a {@link Registry} is opened. Immutable.
 *
 * <pre>{@code
 * RegistryOptions options = RegistryOptions.builder().actor(() -> session.userName()).build();
 * }</pre>
 */
public final class RegistryOptions {
  private static final RegistryOptions DEFAULTS = builder().build();

  private final Clock clock;
  private final Supplier<String> actor;

  private RegistryOptions(Builder builder) {
    this.clock = builder.clock;
    this.actor = builder.actor;
  }

  /** The system's clock; whoever started the JVM acts. */
  public static RegistryOptions defaults() {
    return DEFAULTS;
  }

  public static Builder builder() {
    return new Builder();
  }

  Clock clock() {
    return clock;
  }

  /** Who acts now. */
  String actor() {
    return Texts.requireUnicode("actor", Objects.requireNonNull(actor.get(), "actor"));
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private Clock clock = Clock.systemUTC();
    private Supplier<String> actor = () -> System.getProperty("user.name", "unknown");

    private Builder() {}

    /** Says when things happen. */
    public Builder clock(Clock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /**
     * Says who acts, for the histories: it is asked in the thread that calls the registry, each
     * time that something is changed. By default the system property {@code user.name}.
     */
    public Builder actor(Supplier<String> actor) {
      this.actor = Objects.requireNonNull(actor, "actor");
      return this;
    }

    public RegistryOptions build() {
      return new RegistryOptions(this);
    }
  }
}
