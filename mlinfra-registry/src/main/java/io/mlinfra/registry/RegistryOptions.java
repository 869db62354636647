package io.mlinfra.registry;

import io.mlinfra.core.Names;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

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
  private final @Nullable Keyring keyring;
  private final Signatures signatures;

  private RegistryOptions(Builder builder) {
    this.clock = builder.clock;
    this.actor = builder.actor;
    this.keyring = builder.keyring;
    this.signatures = new Signatures(builder.signer, builder.trusted);
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

  /** None for a plain registry. */
  @Nullable Keyring keyring() {
    return keyring;
  }

  Signatures signatures() {
    return signatures;
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private Clock clock = Clock.systemUTC();
    private Supplier<String> actor = () -> System.getProperty("user.name", "unknown");
    private @Nullable Keyring keyring;
    private Signatures.@Nullable Signer signer;
    private final Map<String, PublicKey> trusted = new TreeMap<>();

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

    /**
     * Encrypts every file with AES-256-GCM. A registry that is encrypted needs it, a new one
     * becomes encrypted by it, and a plain one refuses it: {@link Registry#encrypt} encrypts that.
     *
     * <p>File names stay readable: kinds, names and numbers of versions, names of aliases and the
     * SHA-256 of all content, by which those who guess the content can tell that they guessed
     * right. So do sizes, times, and the ids of the keys.
     */
    public Builder encryption(Keyring keyring) {
      this.keyring = Objects.requireNonNull(keyring, "keyring");
      return this;
    }

    /**
     * Signs every version that is registered from now on, with Ed25519. Content that has a version
     * already gets another if that one is not signed, or is signed by nobody who is trusted: what
     * somebody else wrote about it is not signed along.
     *
     * @param id of the key, a name, see {@link Names#require}
     * @param key of Ed25519; may be one that never leaves its device, which is asked for a
     *     signature by {@link #build} and by each registration
     */
    public Builder signWith(String id, PrivateKey key) {
      this.signer =
          new Signatures.Signer(Names.require("key id", id), Objects.requireNonNull(key, "key"));
      return this;
    }

    /**
     * Lets only versions be loaded that were signed with this key, or another that is trusted.
     * Versions can still be listed, and shown with their lineage.
     *
     * <p>A signature covers a version's kind and name, its content, its properties, its
     * attachments, and what it was made from. It covers neither number nor time, so that it holds
     * in whatever registry the version is brought to. Aliases and policies are not signed: what an
     * alias points at may be an older version that is. The entries of the audit log are signed, and
     * {@link Registry#verify() verify} holds aliases and policies against those.
     *
     * @param id of the key, a name, see {@link Names#require}
     * @param key of Ed25519
     * @throws IllegalArgumentException if the id has another key already
     */
    public Builder trust(String id, PublicKey key) {
      Objects.requireNonNull(key, "key");
      if (trusted.putIfAbsent(Names.require("key id", id), key) != null) {
        throw new IllegalArgumentException("key id ('" + id + "') must be trusted once only");
      }
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException if a key to sign or to trust is not of Ed25519, or keys are
     *     trusted and that of the signer is not among them
     */
    public RegistryOptions build() {
      return new RegistryOptions(this);
    }
  }
}
