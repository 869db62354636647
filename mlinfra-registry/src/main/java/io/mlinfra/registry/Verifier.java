package io.mlinfra.registry;

import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasStore.Move;
import io.mlinfra.registry.AuditLog.Head;
import io.mlinfra.registry.AuditLog.Logged;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.VersionStore.Deletion;
import io.mlinfra.registry.VersionStore.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads everything and notes what is not as it was written.
 *
 * <p>It takes no lock. Records are small: where a writer changed something while they were read,
 * they are read again, and a problem is what stays. Content is read once; where it is missing, the
 * records tell once more whether it is needed at all.
 */
final class Verifier {
  private static final int LOOKS = 5;

  private final Layout layout;
  private final BlobStore blobs;
  private final VersionStore versions;
  private final AliasStore aliases;
  private final AliasMoves moves;
  private final Deleter deleter;
  private final AuditLog audit;
  private final Signatures signatures;
  private final List<Referrer> referrers;

  Verifier(
      Layout layout,
      BlobStore blobs,
      VersionStore versions,
      AliasStore aliases,
      AliasMoves moves,
      Deleter deleter,
      AuditLog audit,
      Signatures signatures,
      List<Referrer> referrers) {
    this.layout = layout;
    this.blobs = blobs;
    this.versions = versions;
    this.aliases = aliases;
    this.moves = moves;
    this.deleter = deleter;
    this.audit = audit;
    this.signatures = signatures;
    this.referrers = List.copyOf(referrers);
  }

  /** A content that something refers to. */
  private record Need(Blob blob, String owner) {}

  /**
   * @param expected a head that the log has had; null for none
   */
  Verification run(@Nullable Head expected) throws IOException {
    Look look = new Look(expected);
    look.run();
    Set<String> problems = new LinkedHashSet<>(look.problems);
    for (int i = 1; i < LOOKS && !problems.isEmpty() && look.wasDisturbed; i++) {
      look = new Look(expected);
      look.run();
      if (look.wasDisturbed) {
        problems.retainAll(look.problems);
      } else {
        problems = new LinkedHashSet<>(look.problems);
      }
    }
    Set<ContentHash> kept = new TreeSet<>(blobs.all());
    Map<ContentHash, String> ofContents = contents(look.needs, kept);
    if (!ofContents.isEmpty()) {
      Look again = new Look(expected);
      again.run();
      again.needs.keySet().retainAll(ofContents.keySet());
      problems.addAll(contents(again.needs, new TreeSet<>(blobs.all())).values());
    }
    List<Path> orphans = new ArrayList<>();
    for (ContentHash hash : kept) {
      if (!look.needs.containsKey(hash)) {
        orphans.add(layout.blob(hash));
      }
    }
    return new Verification(
        List.copyOf(problems),
        orphans,
        look.versionsRead,
        look.needs.size(),
        look.movesRead,
        look.entriesRead);
  }

  /** Reads what is needed, and tells what is not there as it should be. */
  private Map<ContentHash, String> contents(
      Map<ContentHash, List<Need>> needs, Set<ContentHash> kept) {
    Map<ContentHash, String> problems = new TreeMap<>();
    needs.forEach(
        (hash, ofHash) -> {
          Path file = layout.blob(hash);
          String owner = ofHash.get(0).owner();
          if (!kept.contains(hash) && !Files.isRegularFile(file)) {
            problems.put(hash, "the content of " + owner + " is missing: " + file);
            return;
          }
          try {
            Optional<Blob> found = blobs.reread(hash);
            for (Need need : ofHash) {
              if (found.isEmpty() || !found.get().equals(need.blob())) {
                problems.put(hash, "the content of " + need.owner() + " was altered: " + file);
              }
            }
          } catch (IOException | MlInfraException e) {
            problems.put(hash, "the content of " + owner + " cannot be read: " + e);
          }
        });
    return problems;
  }

  /** One reading of all records. */
  private final class Look {
    private final @Nullable Head expected;
    private final Set<String> problems = new LinkedHashSet<>();
    private final Map<ContentHash, List<Need>> needs = new TreeMap<>();
    private final List<VersionId> liveReferences = new ArrayList<>();
    private final List<VersionId> references = new ArrayList<>();

    private final Map<String, Map<String, List<Move>>> movesOfLog = new TreeMap<>();
    private final Map<VersionId, Deletion> deletionsOfLog = new HashMap<>();
    private @Nullable Move pendingMove;
    private @Nullable VersionId pendingDeletion;

    private boolean wasDisturbed;
    private long versionsRead;
    private long movesRead;
    private long entriesRead;

    Look(@Nullable Head expected) {
      this.expected = expected;
    }

    // The log before aliases before versions: writers of versions go the other way, so that
    // whatever a record seen here refers to is there by now.
    void run() throws IOException {
      String before = state();
      log();
      aliases();
      for (Kind kind : Kind.values()) {
        for (String name : versions.allNames(kind)) {
          versions(kind, name);
        }
      }
      for (VersionId id : liveReferences.stream().distinct().toList()) {
        note(() -> versions.require(id));
      }
      for (VersionId id : references.stream().distinct().toList()) {
        note(() -> versions.requireRow(id));
      }
      deletionsOfLog.forEach(
          (id, deletion) -> {
            if (!id.equals(pendingDeletion)) {
              problems.add(
                  layout.version(id)
                      + " was altered: by entry "
                      + deletion.auditNumber()
                      + " of the audit log it was deleted");
            }
          });
      for (Referrer referrer : referrers) {
        note(() -> referrer.contents(this::need));
        note(() -> referrer.verify(problems::add));
      }
      wasDisturbed = !state().equals(before);
    }

    /** Changes with everything that is changed, but not with what is only added. */
    private String state() throws IOException {
      try {
        return audit.head() + (audit.isPending() ? " and one more" : "");
      } catch (MlInfraException unreadable) {
        return "unreadable";
      }
    }

    private void need(Blob blob, String owner) {
      needs.computeIfAbsent(blob.hash(), hash -> new ArrayList<>()).add(new Need(blob, owner));
    }

    private void log() throws IOException {
      AuditLog.Reading reading = audit.read(problems::add);
      entriesRead = reading.entries().size();
      for (Logged logged : reading.entries()) {
        note(() -> entry(logged.entry()));
      }
      reading.pending().ifPresent(entry -> note(() -> pending(entry)));
      note(() -> adoption(reading));
      note(() -> strangers(reading));
      if (expected != null) {
        compare(expected, reading);
      }
    }

    private void strangers(AuditLog.Reading reading) throws IOException {
      int pending = reading.head().number() + 1;
      Set<String> strangers = new TreeSet<>();
      for (String name : Layout.list(layout.audit())) {
        boolean isKnown =
            name.startsWith(".")
                || layout.audit().resolve(name).equals(layout.auditHead())
                || Layout.number(name) > 0 && Layout.number(name) <= pending;
        if (!isKnown) {
          strangers.add(layout.audit().resolve(name) + " is no part of the audit log");
        }
      }
      // A log that grew meanwhile has another head.
      if (audit.head().equals(reading.head())) {
        problems.addAll(strangers);
      }
    }

    private void compare(Head expected, AuditLog.Reading reading) {
      boolean isThere =
          expected.number() == 0
              ? expected.hash().equals(AuditLog.NOTHING)
              : reading.entries().stream()
                  .map(Logged::entry)
                  .anyMatch(
                      entry ->
                          entry.number() == expected.number()
                              && entry.hash().equals(expected.hash()));
      if (!isThere) {
        problems.add(
            layout.audit()
                + " was altered: it has not gone on from the head "
                + expected
                + "; its head is "
                + reading.head());
      }
    }

    private void entry(AuditEntry entry) {
      if (AliasMoves.isMove(entry)) {
        Move move = moves.move(entry);
        movesOfLog
            .computeIfAbsent(move.told().model(), model -> new TreeMap<>())
            .computeIfAbsent(move.told().alias(), alias -> new ArrayList<>())
            .add(move);
      } else if (entry.action().equals(AuditLog.DELETED)) {
        deletionsOfLog.put(deleter.version(entry), deleter.deletion(entry));
      }
    }

    private void pending(AuditEntry entry) {
      if (AliasMoves.isMove(entry)) {
        pendingMove = moves.move(entry);
      } else if (entry.action().equals(AuditLog.DELETED)) {
        pendingDeletion = deleter.version(entry);
        deletionsOfLog.put(pendingDeletion, deleter.deletion(entry));
      }
    }

    private void adoption(AuditLog.Reading reading) throws IOException {
      if (reading.head().number() == 0) {
        return;
      }
      String adopted = "";
      for (Logged logged : reading.entries()) {
        AuditEntry entry = logged.entry();
        if (entry.number() == 1 && entry.action().equals(AuditLog.ADOPTED)) {
          adopted = audit.detail(entry, "moves");
        }
      }
      if (!aliases.digestOfMovesBeforeTheLog().equals(adopted)) {
        problems.add(
            "the moves in "
                + layout.models()
                + " that are from before the audit log are not those that it began with");
      }
    }

    private void aliases() throws IOException {
      Map<String, Set<String>> names = new TreeMap<>();
      movesOfLog.forEach((model, ofModel) -> names.put(model, new TreeSet<>(ofModel.keySet())));
      for (String model : Layout.list(layout.models())) {
        names.computeIfAbsent(model, name -> new TreeSet<>()).addAll(aliases.names(model));
      }
      names.forEach((model, ofModel) -> ofModel.forEach(alias -> note(() -> alias(model, alias))));
    }

    private void alias(String model, String alias) throws IOException {
      List<Move> logged = movesOfLog.getOrDefault(model, Map.of()).getOrDefault(alias, List.of());
      Path file = layout.alias(model, alias);
      Optional<Move> latest = aliases.latest(model, alias);
      latest.flatMap(move -> move.told().to()).ifPresent(liveReferences::add);
      List<Integer> numbers = Layout.numbers(layout.moves(model, alias));
      int last = numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
      List<Move> made = aliases.moves(model, alias, last);
      movesRead += made.size();
      made.forEach(move -> move.told().to().ifPresent(references::add));

      int now = latest.map(move -> move.told().number()).orElse(0);
      if (last > now) {
        // Between a move and its alias a writer died, or is at work.
        Move ahead = made.get(last - 1);
        boolean isUnfinished =
            ahead.equals(pendingMove) || ahead.isFromBeforeTheLog() && logged.isEmpty();
        if (last > now + 1 || !isUnfinished) {
          problems.add(
              file
                  + (now == 0 ? " is missing" : " was set back to move " + now)
                  + "; the last record in "
                  + layout.moves(model, alias)
                  + " is what it was");
        } else {
          made.remove(last - 1);
        }
      } else if (now > last) {
        problems.add(layout.move(model, alias, now) + " is missing");
      } else if (now > 0 && !made.get(now - 1).equals(latest.orElseThrow())) {
        problems.add(file + " was altered: it is not the last move in its history");
      }
      againstLog(model, alias, made, logged);
    }

    private void againstLog(String model, String alias, List<Move> made, List<Move> logged) {
      int before = 0;
      while (before < made.size() && made.get(before).isFromBeforeTheLog()) {
        before++;
      }
      List<Move> audited = made.subList(before, made.size());
      for (int i = 0; i < Math.max(audited.size(), logged.size()); i++) {
        Path file = layout.move(model, alias, before + i + 1);
        if (i >= audited.size()) {
          problems.add(
              file
                  + " is missing, which entry "
                  + logged.get(i).told().auditNumber()
                  + " of the audit log tells of");
        } else if (i >= logged.size()) {
          if (!audited.get(i).equals(pendingMove)) {
            problems.add(file + " was altered: the audit log does not tell of it");
          }
        } else if (!audited.get(i).equals(logged.get(i))) {
          problems.add(
              file
                  + " was altered: it is not what entry "
                  + logged.get(i).told().auditNumber()
                  + " of the audit log tells");
        }
      }
    }

    private void versions(Kind kind, String name) throws IOException {
      List<Integer> numbers = versions.numbers(kind, name);
      for (int number = 1; number <= numbers.get(numbers.size() - 1); number++) {
        int current = number;
        note(
            () -> {
              Optional<Row> found = versions.row(kind, name, current);
              if (found.isEmpty()) {
                problems.add(layout.version(kind, name, current) + " is missing");
              } else {
                versionsRead++;
                row(found.get());
              }
            });
      }
    }

    private void row(Row row) {
      VersionId id = row.id();
      if (row.isLive()) {
        need(row.stored().blob(), id.toString());
        row.stored()
            .attachments()
            .forEach((name, blob) -> need(blob, "attachment '" + name + "' of " + id));
        liveReferences.addAll(row.stored().version().madeFrom());
        signatures.objection(row.stored()).ifPresent(problems::add);
        return;
      }
      references.addAll(row.stored().version().madeFrom());
      if (!row.deletion().equals(Optional.ofNullable(deletionsOfLog.remove(id)))) {
        problems.add(
            layout.version(id) + " was altered: the audit log does not tell of its deletion");
      }
    }

    private interface Part {
      void run() throws IOException;
    }

    private void note(Part part) {
      try {
        part.run();
      } catch (MlInfraException e) {
        problems.add(String.valueOf(e.getMessage()));
      } catch (IOException e) {
        problems.add(e.toString());
      }
    }
  }
}
