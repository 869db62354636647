package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * The policies of aliases. Reading needs no lock; {@link #put} is called under the write lock.
 *
 * <p>A policy that was taken away is a record without rules, which says who did it and why.
 */
final class PolicyStore {
  private final Layout layout;
  private final Records records;

  PolicyStore(Layout layout, Records records) {
    this.layout = layout;
    this.records = records;
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
  PromotionPolicy put(
      String model, String alias, PromotionPolicy policy, String reason, String actor, Instant now)
      throws IOException {
    FileNames.requireNoTwin("model", model, Layout.list(layout.names(Kind.MODEL)));
    FileNames.requireNoTwin("model", model, Layout.list(layout.policies()));
    FileNames.requireNoTwin("alias", alias, layout.aliasNames(model));
    FileNames.requireNoTwin("alias", alias, layout.policyNames(model));
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("model", model);
    json.put("alias", alias);
    policy.write(json.putObject("policy"));
    json.put("since", now.toString());
    json.put("actor", actor);
    json.put("reason", reason);
    byte[] record = Json.record(json);
    DurableFiles.createFolders(layout.policies(model));
    records.write(layout.policy(model, alias), record);
    return policy;
  }
}
