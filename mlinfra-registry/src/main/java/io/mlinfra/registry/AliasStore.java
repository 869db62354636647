package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The records of aliases and their moves. Reading needs no lock; {@link #move} is called under the
 * write lock.
 *
 * <p>The alias itself is a copy of its latest move. It is written after the move, so that it alone
 * decides how many moves there were: one more is what a crashed writer left, and is written over.
 */
final class AliasStore {
  private final Layout layout;
  private final Records records;

  AliasStore(Layout layout, Records records) {
    this.layout = layout;
    this.records = records;
  }

  /** An alias as its n-th move left it. */
  record Move(Alias alias, int number) {}

  Optional<Alias> find(String model, String alias) throws IOException {
    return latest(model, alias).map(Move::alias);
  }

  MlInfraException unknown(String model, String alias) throws IOException {
    List<String> names = layout.aliasNames(model);
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

  List<Alias> history(String model, String alias) throws IOException {
    int moves = latestOfHistory(model, alias).map(Move::number).orElse(0);
    List<Alias> history = new ArrayList<>();
    for (int number = 1; number <= moves; number++) {
      Path file = layout.move(model, alias, number);
      Move move =
          read(file, model, alias)
              .orElseThrow(
                  () -> new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " is missing"));
      if (move.number() != number) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED, file + " was altered: it is move " + move.number());
      }
      history.add(move.alias());
    }
    return List.copyOf(history);
  }

  Alias move(String model, String alias, VersionId version, String reason, Instant now)
      throws IOException {
    FileNames.requireNoTwin("alias", alias, layout.aliasNames(model));
    Optional<Move> latest = latestOfHistory(model, alias);
    if (latest.isPresent() && latest.get().alias().version().equals(version)) {
      return latest.get().alias();
    }
    int number = latest.map(Move::number).orElse(0) + 1;
    Alias moved = new Alias(model, alias, version, now, reason);
    byte[] json = toJson(moved, number);
    DurableFiles.createFolders(layout.moves(model, alias));
    records.write(layout.move(model, alias, number), json);
    records.write(layout.alias(model, alias), json);
    return moved;
  }

  /**
   * The latest move; empty where there was none. A history that goes on behind it means that the
   * alias was lost or set back, and must not be written over.
   */
  private Optional<Move> latestOfHistory(String model, String alias) throws IOException {
    Optional<Move> latest = latest(model, alias);
    while (true) {
      int moves = latest.map(Move::number).orElse(0);
      if (read(layout.move(model, alias, moves + 2), model, alias).isEmpty()) {
        return latest;
      }
      // It was written after the alias had made the move before it, so that looking again tells.
      latest = latest(model, alias);
      if (latest.map(Move::number).orElse(0) <= moves) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED,
            layout.alias(model, alias)
                + (moves == 0 ? " is missing" : " was set back to move " + moves)
                + "; the last record in "
                + layout.moves(model, alias)
                + " is what it was");
      }
    }
  }

  private Optional<Move> latest(String model, String alias) throws IOException {
    return read(layout.alias(model, alias), model, alias);
  }

  private Optional<Move> read(Path file, String model, String alias) throws IOException {
    Optional<Move> read = records.read(file, Move.class, AliasStore::parse);
    if (read.isEmpty()) {
      return read;
    }
    Alias found = read.get().alias();
    if (found.model().equals(model) && found.alias().equals(alias)) {
      return read;
    }
    if (found.model().equalsIgnoreCase(model) && found.alias().equalsIgnoreCase(alias)) {
      // The file system takes both names for the same. We do not.
      return Optional.empty();
    }
    throw new MlInfraException(
        ErrorCode.CONTENT_ALTERED, file + " was altered: it is the record of " + found);
  }

  private static Move parse(Fields fields) {
    return new Move(
        new Alias(
            fields.text("model"),
            fields.text("alias"),
            fields.object("version").versionId(),
            fields.instant("since"),
            fields.text("reason")),
        fields.integer("move"));
  }

  private static byte[] toJson(Alias alias, int move) {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("model", alias.model());
    json.put("alias", alias.alias());
    json.put("move", move);
    Json.put(json.putObject("version"), alias.version());
    json.put("since", alias.since().toString());
    json.put("reason", alias.reason());
    return Json.record(json);
  }
}
