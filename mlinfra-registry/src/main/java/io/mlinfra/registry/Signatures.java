package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Signs versions and entries of the audit log, and tells whose signatures are good: Ed25519 (RFC
 * 8032). Thread-safe.
 *
 * <p>What is signed is a version's kind, name and content, what it was made from, its properties
 * and its attachments, but neither numbers nor times, which another registry that it is brought to
 * gives anew. So a signature says who vouches for a thing, not that it is the latest.
 */
final class Signatures {
  private static final String ALGORITHM = "Ed25519";

  /** So that no signature for another purpose can be taken for one of a version. */
  private static final String PURPOSE = "mlinfra version, 1";

  private static final String ENTRY_PURPOSE = "mlinfra audit entry, 1";

  private final @Nullable Signer signer;
  private final Map<String, PublicKey> trusted;

  /** Who signs. */
  record Signer(String id, PrivateKey key) {
    @Override
    public String toString() {
      return id;
    }
  }

  /**
   * @param signer none where nothing is signed
   * @param trusted by id; none where all is taken, signed or not
   * @throws IllegalArgumentException if a key is not of Ed25519, or the signer's signatures would
   *     not be trusted
   */
  Signatures(@Nullable Signer signer, Map<String, PublicKey> trusted) {
    this.signer = signer;
    this.trusted = Map.copyOf(trusted);
    byte[] probe = bytes(PURPOSE);
    this.trusted.forEach((id, key) -> isSigned(id, key, probe, new byte[64]));
    if (signer != null) {
      byte[] signature = sign(signer, probe);
      PublicKey own = this.trusted.get(signer.id());
      if (!this.trusted.isEmpty()
          && (own == null || !isSigned(signer.id(), own, probe, signature))) {
        throw new IllegalArgumentException(
            "trusted keys ("
                + String.join(", ", new TreeMap<>(trusted).keySet())
                + ") must have the public key of '"
                + signer.id()
                + "', or what is signed with it could not be loaded");
      }
    }
  }

  /** The signature of something to be registered; none where nothing is signed. */
  @Nullable RecordSignature sign(
      Kind kind,
      String name,
      ContentHash content,
      List<VersionId> madeFrom,
      Map<String, String> properties,
      Map<String, ContentHash> attachments) {
    if (signer == null) {
      return null;
    }
    byte[] statement = statement(kind, name, content, madeFrom, properties, attachments);
    return new RecordSignature(
        signer.id(), Base64.getEncoder().encodeToString(sign(signer, statement)));
  }

  /**
   * The signature of an entry of the audit log; none where nothing is signed.
   *
   * @throws MlInfraException {@link ErrorCode#SIGNATURE_REFUSED} if nobody signs here, and nobody
   *     would believe an entry that is not signed
   */
  @Nullable RecordSignature signEntry(byte[] entry) {
    if (!canSignEntries()) {
      throw new MlInfraException(
          ErrorCode.SIGNATURE_REFUSED,
          "nothing that the audit log tells of can be done here: there is no key to sign its"
              + " entries with, and those that are not signed are not trusted");
    }
    if (signer == null) {
      return null;
    }
    return new RecordSignature(
        signer.id(), Base64.getEncoder().encodeToString(sign(signer, entryStatement(entry))));
  }

  /** Whether an entry written here would be believed here. */
  boolean canSignEntries() {
    return signer != null || trusted.isEmpty();
  }

  /** Why an entry of the audit log is not to be believed; empty if it is. */
  Optional<String> objectionToEntry(
      String what, byte[] entry, @Nullable RecordSignature signature) {
    return objection(what, signature, () -> entryStatement(entry));
  }

  private static byte[] entryStatement(byte[] entry) {
    byte[] purpose = bytes(ENTRY_PURPOSE);
    byte[] statement = Arrays.copyOf(purpose, purpose.length + entry.length);
    System.arraycopy(entry, 0, statement, purpose.length, entry.length);
    return statement;
  }

  /** Why a version must not be loaded; empty if it may. */
  Optional<String> objection(Stored stored) {
    Version version = stored.version();
    VersionId id = version.id();
    return objection(
        id.toString(),
        stored.signature(),
        () ->
            statement(
                id.kind(),
                id.name(),
                id.hash(),
                version.madeFrom(),
                version.properties(),
                version.attachments()));
  }

  private Optional<String> objection(
      String what, @Nullable RecordSignature signature, Supplier<byte[]> statement) {
    if (trusted.isEmpty()) {
      return Optional.empty();
    }
    if (signature == null) {
      return Optional.of(what + " is not signed");
    }
    PublicKey key = trusted.get(signature.key());
    if (key == null) {
      return Optional.of(
          what
              + " is signed with '"
              + signature.key()
              + "', which is not trusted; trusted are "
              + String.join(", ", new TreeMap<>(trusted).keySet()));
    }
    return isSigned(signature.key(), key, statement.get(), decoded(signature.value()))
        ? Optional.empty()
        : Optional.of(
            "the signature of "
                + what
                + " is forged: '"
                + signature.key()
                + "' signed something else");
  }

  /**
   * The same version, if it may be loaded.
   *
   * @throws MlInfraException {@link ErrorCode#SIGNATURE_REFUSED} if not
   */
  Stored require(Stored stored) {
    objection(stored)
        .ifPresent(
            objection -> {
              throw new MlInfraException(ErrorCode.SIGNATURE_REFUSED, objection);
            });
    return stored;
  }

  /** Whether a version is as good as one that is signed now. */
  boolean isSigned(Stored stored) {
    return stored.signature() != null && objection(stored).isEmpty();
  }

  /**
   * What is signed: texts and counts, each text with its length before it, so that no two versions
   * have the same bytes. Maps are sorted by name.
   */
  static byte[] statement(
      Kind kind,
      String name,
      ContentHash content,
      List<VersionId> madeFrom,
      Map<String, String> properties,
      Map<String, ContentHash> attachments) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      write(out, PURPOSE);
      write(out, kind.label());
      write(out, name);
      write(out, content.hex());
      out.writeInt(madeFrom.size());
      for (VersionId id : madeFrom) {
        write(out, id.kind().label());
        write(out, id.name());
        write(out, id.hash().hex());
      }
      out.writeInt(properties.size());
      for (Map.Entry<String, String> property : new TreeMap<>(properties).entrySet()) {
        write(out, property.getKey());
        write(out, property.getValue());
      }
      out.writeInt(attachments.size());
      for (Map.Entry<String, ContentHash> attachment : new TreeMap<>(attachments).entrySet()) {
        write(out, attachment.getKey());
        write(out, attachment.getValue().hex());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, String text) throws IOException {
    byte[] utf8 = bytes(text);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] decoded(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }

  private static byte[] sign(Signer signer, byte[] statement) {
    try {
      Signature signature = algorithm();
      signature.initSign(signer.key());
      signature.update(statement);
      return signature.sign();
    } catch (InvalidKeyException e) {
      throw new IllegalArgumentException(
          "key '" + signer.id() + "' must be a private key of " + ALGORITHM + ": " + e.getMessage(),
          e);
    } catch (GeneralSecurityException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "signing with '" + signer.id() + "' failed: " + e, e);
    }
  }

  private static boolean isSigned(String id, PublicKey key, byte[] statement, byte[] value) {
    try {
      Signature signature = algorithm();
      signature.initVerify(key);
      signature.update(statement);
      return signature.verify(value);
    } catch (SignatureException e) {
      return false; // not even of the right form
    } catch (InvalidKeyException e) {
      throw new IllegalArgumentException(
          "key '" + id + "' must be a public key of " + ALGORITHM + ": " + e.getMessage(), e);
    }
  }

  private static Signature algorithm() {
    try {
      return Signature.getInstance(ALGORITHM);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform since 15 has Ed25519", e);
    }
  }
}
