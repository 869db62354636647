package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.AliasMove.How;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The records of aliases and their moves. Reading needs no lock; {@link AliasMoves} writes, by
 * entries of the audit log, under the write lock.
 *
 * <p>The alias itself is a copy of its latest move. It is written after the move, so that it alone
 * decides how many moves there were. An alias that was removed keeps its record, which says so.
 */
final class AliasStore {
  private final Layout layout;
  private final Records records;

  AliasStore(Layout layout, Records records) {
    this.layout = layout;
    this.records = records;
  }

  /**
   * A move and the hash of the entry that it follows from.
   *
   * @param entry {@link AuditLog#NOTHING} for a move of schema 1, whose {@code from} is empty
   */
  record Move(AliasMove told, ContentHash entry) {
    boolean isFromBeforeTheLog() {
      return told.auditNumber() == 0;
    }

    Optional<Alias> alias() {
      return told.to()
          .map(
              to ->
                  new Alias(
                      told.model(), told.alias(), to, told.at(), told.actor(), told.reason()));
    }
  }

  /** Where the alias points; empty if there is none, or it was removed. */
  Optional<Alias> find(String model, String alias) throws IOException {
    return latest(model, alias).flatMap(Move::alias);
  }

  MlInfraException unknown(String model, String alias) throws IOException {
    List<String> names = all(model).stream().map(Alias::alias).toList();
    return new MlInfraException(
        ErrorCode.NAME_UNKNOWN,
        "model '"
            + model
            + "' has no alias '"
            + alias
            + "'; it has "
            + (names.isEmpty() ? "none" : Texts.few(names)));
  }

  List<Alias> all(String model) throws IOException {
    List<Alias> aliases = new ArrayList<>();
    for (String alias : layout.aliasNames(model)) {
      find(model, alias).ifPresent(aliases::add);
    }
    return List.copyOf(aliases);
  }

  List<AliasMove> history(String model, String alias) throws IOException {
    int moves = latestOfHistory(model, alias).map(move -> move.told().number()).orElse(0);
    List<AliasMove> history = new ArrayList<>();
    for (Move move : moves(model, alias, moves)) {
      AliasMove told = move.told();
      // Schema 1 did not say it.
      Optional<VersionId> from =
          history.isEmpty() ? Optional.empty() : history.get(history.size() - 1).to();
      history.add(
          new AliasMove(
              told.model(),
              told.alias(),
              told.number(),
              told.how(),
              move.isFromBeforeTheLog() ? from : told.from(),
              told.to(),
              told.at(),
              told.actor(),
              told.reason(),
              told.auditNumber()));
    }
    return List.copyOf(history);
  }

  /** The first so many moves, as their records have them. */
  List<Move> moves(String model, String alias, int count) throws IOException {
    List<Move> moves = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      Path file = layout.move(model, alias, number);
      Move move =
          read(file, model, alias)
              .orElseThrow(
                  () -> new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " is missing"));
      if (move.told().number() != number) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED, file + " was altered: it is move " + move.told().number());
      }
      moves.add(move);
    }
    return moves;
  }

  /**
   * The latest move, for whoever holds the write lock and is about to make the next.
   *
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if the alias was lost or set back
   */
  Optional<Move> latestUnderLock(String model, String alias) throws IOException {
    Optional<Move> latest = latestOfHistory(model, alias);
    int moves = latest.map(move -> move.told().number()).orElse(0);
    Optional<Move> next = read(layout.move(model, alias, moves + 1), model, alias);
    // A crashed writer of schema 1 may have left one; ours are all finished by now.
    if (next.isPresent() && !next.get().isFromBeforeTheLog()) {
      throw lost(model, alias, moves);
    }
    return latest;
  }

  /** Makes a move, as far as it is not made. Under the write lock. */
  void make(Move move) throws IOException {
    String model = move.told().model();
    String alias = move.told().alias();
    int number = move.told().number();
    Optional<Move> latest = latest(model, alias);
    if (latest.isPresent() && latest.get().equals(move)) {
      return;
    }
    if (latest.map(before -> before.told().number()).orElse(0) != number - 1) {
      throw new MlInfraException(
          ErrorCode.CONTENT_ALTERED,
          layout.alias(model, alias) + " was altered: move " + number + " does not follow it");
    }
    byte[] json = toJson(move);
    DurableFiles.createFolders(layout.moves(model, alias));
    records.write(layout.move(model, alias, number), json);
    records.write(layout.alias(model, alias), json);
  }

  /** The names of the aliases that a model has, had, or was about to have. */
  SortedSet<String> names(String model) throws IOException {
    SortedSet<String> names = new TreeSet<>(layout.aliasNames(model));
    names.addAll(layout.movedAliasNames(model));
    return names;
  }

  /**
   * A digest of all moves from before there was an audit log; the empty text where there are none.
   * They are never written again, so that it stays what it was when the log adopted them.
   */
  String digestOfMovesBeforeTheLog() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String model : Layout.list(layout.models())) {
      for (String alias : layout.aliasNames(model)) {
        int moves = latest(model, alias).map(move -> move.told().number()).orElse(0);
        for (Move move : moves(model, alias, moves)) {
          if (move.isFromBeforeTheLog()) {
            Path file = layout.move(model, alias, move.told().number());
            byte[] record = records.read(file).orElseThrow();
            text.append(layout.place(file)).append(' ').append(ContentHash.of(record));
            text.append('\n');
          }
        }
      }
    }
    return text.isEmpty() ? "" : ContentHash.of(text.toString()).hex();
  }

  /**
   * The latest move; empty where there was none. A history that goes on behind it means that the
   * alias was lost or set back, and must not be written over.
   */
  private Optional<Move> latestOfHistory(String model, String alias) throws IOException {
    Optional<Move> latest = latest(model, alias);
    while (true) {
      int moves = latest.map(move -> move.told().number()).orElse(0);
      if (read(layout.move(model, alias, moves + 2), model, alias).isEmpty()) {
        return latest;
      }
      // It was written after the alias had made the move before it, so that looking again tells.
      latest = latest(model, alias);
      if (latest.map(move -> move.told().number()).orElse(0) <= moves) {
        throw lost(model, alias, moves);
      }
    }
  }

  private MlInfraException lost(String model, String alias, int moves) {
    return new MlInfraException(
        ErrorCode.CONTENT_ALTERED,
        layout.alias(model, alias)
            + (moves == 0 ? " is missing" : " was set back to move " + moves)
            + "; the last record in "
            + layout.moves(model, alias)
            + " is what it was");
  }

  /** What the alias's own record says. */
  Optional<Move> latest(String model, String alias) throws IOException {
    return read(layout.alias(model, alias), model, alias);
  }

  private Optional<Move> read(Path file, String model, String alias) throws IOException {
    Optional<Move> read = records.read(file, Move.class, AliasStore::parse);
    if (read.isEmpty()) {
      return read;
    }
    AliasMove told = read.get().told();
    if (told.model().equals(model) && told.alias().equals(alias)) {
      return read;
    }
    if (told.model().equalsIgnoreCase(model) && told.alias().equalsIgnoreCase(alias)) {
      // The file system takes both names for the same. We do not.
      return Optional.empty();
    }
    throw new MlInfraException(
        ErrorCode.CONTENT_ALTERED, file + " was altered: it is the record of " + told);
  }

  private static Move parse(Fields fields) {
    return fields.has("entry") ? audited(fields) : fromBeforeTheLog(fields);
  }

  private static Move fromBeforeTheLog(Fields fields) {
    return new Move(
        new AliasMove(
            fields.text("model"),
            fields.text("alias"),
            fields.integer("move"),
            How.PROMOTED,
            Optional.empty(),
            Optional.of(fields.object("version").versionId()),
            fields.instant("since"),
            "",
            fields.text("reason"),
            0),
        AuditLog.NOTHING);
  }

  private static Move audited(Fields fields) {
    String label = fields.text("how");
    for (How how : How.values()) {
      if (how.label().equals(label) && fields.has("version") == (how != How.REMOVED)) {
        Fields entry = fields.object("entry");
        return new Move(
            new AliasMove(
                fields.text("model"),
                fields.text("alias"),
                fields.integer("move"),
                how,
                version(fields, "from"),
                version(fields, "version"),
                fields.instant("since"),
                fields.text("actor"),
                fields.text("reason"),
                entry.integer("number")),
            entry.hash("hash"));
      }
    }
    throw fields.unreadable("this release knows no move '" + label + "'");
  }

  private static Optional<VersionId> version(Fields fields, String field) {
    return fields.has(field) ? Optional.of(fields.object(field).versionId()) : Optional.empty();
  }

  private static byte[] toJson(Move move) {
    AliasMove told = move.told();
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("model", told.model());
    json.put("alias", told.alias());
    json.put("move", told.number());
    json.put("how", told.how().label());
    told.from().ifPresent(id -> Json.put(json.putObject("from"), id));
    told.to().ifPresent(id -> Json.put(json.putObject("version"), id));
    json.put("since", told.at().toString());
    json.put("actor", told.actor());
    json.put("reason", told.reason());
    ObjectNode entry = json.putObject("entry");
    entry.put("number", told.auditNumber());
    entry.put("hash", move.entry().hex());
    return Json.record(json);
  }
}
