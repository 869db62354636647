package io.mlinfra.registry;

import io.mlinfra.core.version.ContentHash;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * One entry of a registry's audit log: something that was changed, or handed out.
 *
 * @param number 1 for the first entry
 * @param at when
 * @param actor who, as {@link RegistryOptions.Builder#actor} said
 * @param action what was done: {@code promoted}, {@code rolled-back} or {@code removed} (an alias),
 *     {@code deleted} (a version), {@code collected} (content that no record refers to), {@code
 *     exported}, {@code imported}, {@code protected} (a policy was set), {@code reencrypted},
 *     {@code adopted} (the moves of aliases from before there was a log); later releases may add
 *     others
 * @param subject what it was done to, such as {@code delay@champion}
 * @param details what else there is to say, sorted by key; a version is written {@code
 *     kind/name/number/hash}
 * @param previous the hash of the entry before it; zeros for the first
 * @param hash the SHA-256 of this entry's record
 */
public record AuditEntry(
    int number,
    Instant at,
    String actor,
    String action,
    String subject,
    Map<String, String> details,
    ContentHash previous,
    ContentHash hash) {
  public AuditEntry {
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(actor, "actor");
    Objects.requireNonNull(action, "action");
    Objects.requireNonNull(subject, "subject");
    details = Collections.unmodifiableMap(new TreeMap<>(details));
    Objects.requireNonNull(previous, "previous");
    Objects.requireNonNull(hash, "hash");
  }

  /** {@code 12 2026-11-22T12:00:00Z ada promoted delay@champion {…}}. */
  @Override
  public String toString() {
    return number + " " + at + " " + actor + " " + action + " " + subject + " " + details;
  }
}
