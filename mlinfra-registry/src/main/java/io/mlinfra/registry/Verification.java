package io.mlinfra.registry;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads everything once and notes what is not as it was written. */
final class Verification {
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  private final Layout layout;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final RunStore runs;
  private final List<String> findings = new ArrayList<>();
  private final Map<ContentHash, Stored> needed = new TreeMap<>();

  Verification(
      Layout layout, BlobStore blobs, VersionStore versions, AliasStore aliases, RunStore runs) {
    this.layout = layout;
    this.blobs = blobs;
    this.versions = versions;
    this.aliases = aliases;
    this.runs = runs;
  }

  // Runs and aliases before versions before blobs: writers go the other way, so that whatever a
  // record seen
  // here refers to is there by now.
  List<String> run() throws IOException {
    findings.addAll(runs.verify());
    List<VersionId> referred = new ArrayList<>();
    for (String model : Layout.list(layout.models())) {
      for (String alias : layout.movedAliasNames(model)) {
        note(() -> aliases.history(model, alias).forEach(move -> referred.add(move.version())));
      }
      for (String alias : layout.aliasNames(model)) {
        note(() -> aliases.find(model, alias).ifPresent(now -> referred.add(now.version())));
      }
    }
    for (Kind kind : Kind.values()) {
      for (String name : versions.names(kind)) {
        records(kind, name, referred);
      }
    }
    for (VersionId id : referred.stream().distinct().toList()) {
      note(() -> versions.require(id));
    }
    blobs();
    return findings.stream().distinct().toList();
  }

  private void records(Kind kind, String name, List<VersionId> referred) throws IOException {
    List<Integer> numbers = versions.numbers(kind, name);
    for (int number = 1; number <= numbers.get(numbers.size() - 1); number++) {
      int current = number;
      note(
          () -> {
            Optional<Stored> found = versions.find(kind, name, current);
            if (found.isEmpty()) {
              findings.add(layout.version(kind, name, current) + " is missing");
            } else {
              needed.putIfAbsent(found.get().version().id().hash(), found.get());
              referred.addAll(found.get().version().madeFrom());
            }
          });
    }
  }

  private void blobs() throws IOException {
    for (Stored stored : needed.values()) {
      Path file = layout.blob(stored.version().id().hash());
      if (!Files.isRegularFile(file)) {
        findings.add("the content of " + stored.version().id() + " is missing: " + file);
      }
    }
    for (String prefix : Layout.list(layout.blobs())) {
      for (String name : Layout.list(layout.blobs().resolve(prefix))) {
        if (HASH.matcher(name).matches() && name.startsWith(prefix)) {
          blob(new ContentHash(name));
        }
      }
    }
  }

  private void blob(ContentHash hash) {
    Path file = layout.blob(hash);
    Stored stored = needed.get(hash);
    String owner = stored == null ? "no version" : stored.version().id().toString();
    try {
      Optional<Blob> found = blobs.reread(hash);
      boolean intact = found.isPresent() && (stored == null || stored.blob().equals(found.get()));
      if (!intact) {
        findings.add("the content of " + owner + " was altered: " + file);
      }
    } catch (IOException e) {
      findings.add("the content of " + owner + " cannot be read: " + e);
    }
  }

  private interface Look {
    void run() throws IOException;
  }

  private void note(Look look) {
    try {
      look.run();
    } catch (MlInfraException e) {
      findings.add(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      findings.add(e.toString());
    }
  }
}
