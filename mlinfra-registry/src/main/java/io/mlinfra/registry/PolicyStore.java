package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The policies of aliases. Each follows from an entry of the audit log. Reading needs no lock.
 *
 * <p>A policy that was taken away is a record without rules, which says who did it and why.
 */
final class PolicyStore implements Referrer {
  private final Layout layout;
  private final Records records;
  private final WriteLock lock;
  private final AuditLog audit;

  PolicyStore(Layout layout, Records records, WriteLock lock, AuditLog audit) {
    this.layout = layout;
    this.records = records;
    this.lock = lock;
    this.audit = audit;
    audit.onEntry(AuditLog.PROTECTED, this::set);
  }

  /** What protects an alias; {@link PromotionPolicy#none()} if nothing does. */
  PromotionPolicy find(String model, String alias) throws IOException {
    Path file = layout.policy(model, alias);
    Optional<byte[]> bytes = records.read(file);
    if (bytes.isEmpty()) {
      return PromotionPolicy.none();
    }
    Fields fields = Fields.parseRecord(file.toString(), bytes.get());
    fields.requireOnly("schema", "model", "alias", "policy", "since", "actor", "reason", "check");
    String foundModel = fields.text("model");
    String foundAlias = fields.text("alias");
    if (foundModel.equals(model) && foundAlias.equals(alias)) {
      return PromotionPolicy.read(fields.object("policy"));
    }
    if (foundModel.equalsIgnoreCase(model) && foundAlias.equalsIgnoreCase(alias)) {
      // The file system takes both names for the same. We do not.
      return PromotionPolicy.none();
    }
    throw new MlInfraException(
        ErrorCode.CONTENT_ALTERED,
        file + " was altered: it is the policy of " + foundModel + "@" + foundAlias);
  }

  /** Sets what protects an alias, and returns it. */
  PromotionPolicy protect(String model, String alias, PromotionPolicy policy, String reason)
      throws IOException {
    return lock.hold(
        () -> {
          FileNames.requireNoTwin("model", model, Layout.list(layout.names(Kind.MODEL)));
          FileNames.requireNoTwin("model", model, Layout.list(layout.policies()));
          FileNames.requireNoTwin("alias", alias, layout.aliasNames(model));
          FileNames.requireNoTwin("alias", alias, layout.policyNames(model));
          if (find(model, alias).equals(policy)) {
            return policy;
          }
          ObjectNode json = Json.object();
          policy.write(json);
          Map<String, String> details = AuditLog.details();
          details.put("model", model);
          details.put("alias", alias);
          details.put("policy", new String(Json.compact(json), StandardCharsets.UTF_8));
          details.put("reason", reason);
          audit.append(AuditLog.PROTECTED, model + "@" + alias, details);
          return policy;
        });
  }

  private void set(AuditEntry entry) throws IOException {
    String model = audit.detail(entry, "model");
    DurableFiles.createFolders(layout.policies(model));
    records.write(layout.policy(model, audit.detail(entry, "alias")), record(entry));
  }

  /** The record that follows from an entry. */
  private byte[] record(AuditEntry entry) throws IOException {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("model", audit.detail(entry, "model"));
    json.put("alias", audit.detail(entry, "alias"));
    json.set("policy", Json.parse(audit.detail(entry, "policy").getBytes(StandardCharsets.UTF_8)));
    json.put("since", entry.at().toString());
    json.put("actor", entry.actor());
    json.put("reason", audit.detail(entry, "reason"));
    return Json.record(json);
  }

  @Override
  public void contents(BiConsumer<Blob, String> content) {}

  /**
   * Holds each policy against what the audit log says it is, or is about to say, where a writer
   * died between a policy and the head. What is wrong with the log itself is for others to tell.
   */
  @Override
  public void verify(Consumer<String> problems) throws IOException {
    AuditLog.Reading log = audit.read(problem -> {});
    Map<Path, AuditEntry> latest = new TreeMap<>();
    for (AuditLog.Logged logged : log.entries()) {
      file(logged.entry()).ifPresent(file -> latest.put(file, logged.entry()));
    }
    for (String model : Layout.list(layout.policies())) {
      for (String alias : layout.policyNames(model)) {
        Path file = layout.policy(model, alias);
        Optional<AuditEntry> pending =
            log.pending().filter(entry -> file(entry).filter(file::equals).isPresent());
        Optional<byte[]> found = records.read(file);
        if (!isOf(Optional.ofNullable(latest.remove(file)), found) && !isOf(pending, found)) {
          problems.accept(file + " was altered: the audit log does not tell of this policy");
        }
      }
    }
    latest.forEach(
        (file, entry) ->
            problems.accept(
                file
                    + " is missing, which entry "
                    + entry.number()
                    + " of the audit log tells of"));
  }

  /** The policy that an entry sets; empty if it sets none. */
  private Optional<Path> file(AuditEntry entry) {
    return entry.action().equals(AuditLog.PROTECTED)
        ? Optional.of(layout.policy(audit.detail(entry, "model"), audit.detail(entry, "alias")))
        : Optional.empty();
  }

  private boolean isOf(Optional<AuditEntry> entry, Optional<byte[]> found) throws IOException {
    return entry.isPresent()
        && found.isPresent()
        && Arrays.equals(found.get(), record(entry.get()));
  }
}
