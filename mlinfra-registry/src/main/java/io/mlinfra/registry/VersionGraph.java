package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was made from what, over all versions. A record says only what its version was made from; to
 * know what was made from a version, every record must have been read. What a version was made from
 * never changes, so each record is read once: a call lists the folders and reads what is new.
 * Deleted versions are among them; whether a version is there still, {@link #isThere} looks up each
 * time.
 *
 * <p>A snapshot holds with each version all that it was made from, or it is refused: a record that
 * cannot be read, or that is gone while another refers to it, may be the one that was made from the
 * version in question. A record that is gone without a trace is not missed here; that is for {@link
 * Verification}. A record that was read once and altered afterwards counts as it was.
 *
 * <p>Thread-safe, without locks: snapshots are never changed, and of two that were extended at the
 * same time one is kept, so that at worst some records are read again.
 */
final class VersionGraph {
  private static final Snapshot NOTHING = new Snapshot(Map.of(), Map.of(), Map.of());

  private final Layout layout;
  private final VersionStore versions;
  private volatile Snapshot latest = NOTHING;

  VersionGraph(Layout layout, VersionStore versions) {
    this.layout = layout;
    this.versions = versions;
  }

  /** What a record says that matters here. */
  record Node(VersionId id, Instant created, Blob blob, List<VersionId> madeFrom) {
    static Node of(Stored stored) {
      Version version = stored.version();
      return new Node(
          version.id(),
          version.created(),
          stored.blob(),
          version.madeFrom().stream().distinct().toList());
    }
  }

  /** A thing that has versions. */
  private record Thing(Kind kind, String name) {
    Thing(VersionId id) {
      this(id.kind(), id.name());
    }
  }

  /** The versions that there were at one moment. Never changed once it is made. */
  static final class Snapshot {
    private final Map<Thing, Map<Integer, Node>> things;
    private final Map<VersionId, Node> nodes;
    private final Map<VersionId, List<VersionId>> products;

    private Snapshot(
        Map<Thing, Map<Integer, Node>> things,
        Map<VersionId, Node> nodes,
        Map<VersionId, List<VersionId>> products) {
      this.things = things;
      this.nodes = nodes;
      this.products = products;
    }

    /** A version that this holds. */
    Node node(VersionId id) {
      Node node = nodes.get(id);
      if (node == null) {
        throw new IllegalArgumentException("version (" + id + ") must be one of the graph");
      }
      return node;
    }

    /** What was made from it, in the order of reading. */
    List<VersionId> madeInto(VersionId id) {
      return products.getOrDefault(id, List.of());
    }

    private Snapshot with(List<Node> more) {
      Map<Thing, Map<Integer, Node>> things = new HashMap<>(this.things);
      Map<VersionId, Node> nodes = new HashMap<>(this.nodes);
      Map<VersionId, List<VersionId>> products = new HashMap<>(this.products);
      Map<Thing, Map<Integer, Node>> newThings = new HashMap<>();
      Map<VersionId, List<VersionId>> newProducts = new HashMap<>();
      for (Node node : more) {
        newThings
            .computeIfAbsent(
                new Thing(node.id()), thing -> new HashMap<>(things.getOrDefault(thing, Map.of())))
            .put(node.id().number(), node);
        nodes.put(node.id(), node);
        for (VersionId source : node.madeFrom()) {
          newProducts
              .computeIfAbsent(source, id -> new ArrayList<>(products.getOrDefault(id, List.of())))
              .add(node.id());
        }
      }
      things.putAll(newThings);
      products.putAll(newProducts);
      return new Snapshot(things, nodes, products);
    }
  }

  /**
   * All versions there are now, that one among them.
   *
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such version, or one
   *     that another was made from; whatever reading a record throws
   */
  Snapshot around(VersionId id) throws IOException {
    Node asked = Node.of(versions.require(id));
    Snapshot known = latest;
    Snapshot now = extended(known, id);
    Node cached = now == null ? null : now.nodes.get(id);
    if (now == null || !asked.equals(cached)) {
      // Somebody removed or altered records, which nobody should: what was read counts no more.
      now = extended(NOTHING, id);
      if (now == null || !asked.equals(now.nodes.get(id))) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED, "the record of " + id + " was altered while it was read");
      }
    }
    if (now != known) {
      latest = now;
    }
    return now;
  }

  /** Whether a version that the graph holds was not deleted. */
  boolean isThere(VersionId id) throws IOException {
    return versions.requireRow(id).isLive();
  }

  /** The snapshot with what is new; null if it has records that are there no more. */
  private @Nullable Snapshot extended(Snapshot known, VersionId asked) throws IOException {
    List<Node> read = new ArrayList<>();
    int listed = 0;
    for (Kind kind : Kind.values()) {
      // Not versions.names, which looks into every folder, as numbers will.
      for (String name : Layout.list(layout.names(kind))) {
        Thing thing = new Thing(kind, name);
        Map<Integer, Node> before = known.things.getOrDefault(thing, Map.of());
        for (int number : versions.numbers(kind, name)) {
          if (before.containsKey(number)) {
            listed++;
          } else {
            find(thing, number, asked).ifPresent(read::add);
          }
        }
      }
    }
    if (listed < known.nodes.size()) {
      return null;
    }
    if (read.isEmpty()) {
      return known;
    }
    return known.with(closed(known, read, asked));
  }

  private Optional<Node> find(Thing thing, int number, VersionId asked) throws IOException {
    try {
      return versions.row(thing.kind(), thing.name(), number).map(row -> Node.of(row.stored()));
    } catch (MlInfraException e) {
      throw incomplete(asked, e);
    }
  }

  /**
   * The nodes, and what they were made from. A writer may have added it after its folder was
   * listed, but never after the record that refers to it.
   */
  private List<Node> closed(Snapshot known, List<Node> read, VersionId asked) throws IOException {
    Map<VersionId, Node> nodes = new HashMap<>();
    read.forEach(node -> nodes.put(node.id(), node));
    Deque<Node> open = new ArrayDeque<>(read);
    while (!open.isEmpty()) {
      Node node = open.pop();
      for (VersionId source : node.madeFrom()) {
        if (known.nodes.containsKey(source) || nodes.containsKey(source)) {
          continue;
        }
        try {
          Node late = Node.of(versions.requireRow(source).stored());
          nodes.put(source, late);
          read.add(late);
          open.push(late);
        } catch (MlInfraException e) {
          throw incomplete(
              asked,
              new MlInfraException(
                  e.code(), node.id() + " was made from it, but " + e.getMessage(), e));
        }
      }
    }
    return read;
  }

  private static MlInfraException incomplete(VersionId asked, MlInfraException cause) {
    return new MlInfraException(
        cause.code(),
        "the lineage of " + asked + " cannot be told in full: " + cause.getMessage(),
        cause);
  }
}
