package io.mlinfra.core.version;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The graph around one version: what it was made from, down to the sources, and what was made from
 * it, up to the last product. Beside each version stand its <em>facts</em>: short texts such as
 * {@code created}, {@code auc} or {@code git}. An {@code alias} is drawn so that it stands out.
 *
 * <p>It is looked at as text ({@link #toString}), as a drawing ({@link #toSvg}), as a drawing with
 * a table ({@link #toHtml}), or with Graphviz ({@link #toDot}). Each is the same, character for
 * character, for equal graphs. The order of making, in which versions are listed, puts each version
 * after all that it was made from; where that leaves a choice, kind, name, number and hash decide.
 *
 * <p>Immutable and thread-safe.
 */
public final class Lineage {
  private static final Comparator<VersionId> BY_NAME =
      Comparator.comparing(VersionId::kind)
          .thenComparing(VersionId::name)
          .thenComparingInt(VersionId::number)
          .thenComparing(VersionId::hash);

  private final VersionId root;
  private final Set<VersionId> sources;
  private final Set<VersionId> products;

  /** Every version of the graph, in the order of making, each of the three. */
  private final Map<VersionId, List<VersionId>> madeFrom;

  private final Map<VersionId, List<VersionId>> madeInto;
  private final Map<VersionId, Map<String, String>> facts;

  private Lineage(
      VersionId root,
      Set<VersionId> sources,
      Set<VersionId> products,
      Map<VersionId, List<VersionId>> madeFrom,
      Map<VersionId, List<VersionId>> madeInto,
      Map<VersionId, Map<String, String>> facts) {
    this.root = root;
    this.sources = sources;
    this.products = products;
    this.madeFrom = madeFrom;
    this.madeInto = madeInto;
    this.facts = facts;
  }

  /**
   * The part of a graph that is about one version. What is neither its source nor its product is
   * left out.
   *
   * @param root the version
   * @param madeFrom what each version was made from; nothing for those that are not among the keys
   * @param facts short texts about versions, in the order in which they are to be shown
   * @throws IllegalArgumentException if a source or product of {@code root} is made from itself
   */
  public static Lineage of(
      VersionId root,
      Map<VersionId, ? extends Collection<VersionId>> madeFrom,
      Map<VersionId, ? extends Map<String, String>> facts) {
    Objects.requireNonNull(root, "root");
    Map<VersionId, List<VersionId>> madeInto = new HashMap<>();
    madeFrom.forEach(
        (product, from) ->
            from.forEach(
                id -> madeInto.computeIfAbsent(id, any -> new ArrayList<>()).add(product)));
    Set<VersionId> sources = reached(root, id -> orNone(madeFrom.get(id)));
    Set<VersionId> products = reached(root, id -> orNone(madeInto.get(id)));
    Set<VersionId> all = new HashSet<>(sources);
    all.addAll(products);
    all.add(root);

    Map<VersionId, List<VersionId>> from = new HashMap<>();
    for (VersionId id : all) {
      from.put(id, orNone(madeFrom.get(id)).stream().filter(all::contains).distinct().toList());
    }
    Map<VersionId, List<VersionId>> ordered = inOrderOfMaking(from);
    Map<VersionId, List<VersionId>> into = new LinkedHashMap<>();
    Map<VersionId, Map<String, String>> texts = new LinkedHashMap<>();
    ordered.forEach(
        (id, ids) -> {
          into.put(id, new ArrayList<>());
          ids.forEach(source -> Objects.requireNonNull(into.get(source)).add(id));
          texts.put(id, copyOf(facts.get(id)));
        });
    into.replaceAll((id, ids) -> ids.stream().sorted(BY_NAME).toList());
    return new Lineage(
        root,
        ordered(ordered.keySet(), sources),
        ordered(ordered.keySet(), products),
        ordered,
        into,
        texts);
  }

  /** The version that this is about. */
  public VersionId root() {
    return root;
  }

  /** What the version was made from, and that in turn; in the order of making. */
  public Set<VersionId> sources() {
    return sources;
  }

  /** What was made from the version, and from that in turn; in the order of making. */
  public Set<VersionId> products() {
    return products;
  }

  /**
   * What one of these versions was made from, each once, in the order in which it was recorded. Of
   * the sources of a product, only those are here that are in this graph.
   *
   * @throws IllegalArgumentException if it is not one of these versions
   */
  public List<VersionId> madeFrom(VersionId id) {
    return require(madeFrom, id);
  }

  /**
   * What was made from one of these versions, as far as it is in this graph; by kind, name and
   * number.
   *
   * @throws IllegalArgumentException if it is not one of these versions
   */
  public List<VersionId> madeInto(VersionId id) {
    return require(madeInto, id);
  }

  /**
   * Short texts about one of these versions, in the order in which they are shown; may be empty.
   *
   * @throws IllegalArgumentException if it is not one of these versions
   */
  public Map<String, String> facts(VersionId id) {
    return require(facts, id);
  }

  /** Every version of the graph, in the order of making. */
  Set<VersionId> versions() {
    return Collections.unmodifiableSet(madeFrom.keySet());
  }

  private static <T> T require(Map<VersionId, T> map, VersionId id) {
    T found = map.get(id);
    if (found == null) {
      throw new IllegalArgumentException("version (" + id + ") must be one of this lineage");
    }
    return found;
  }

  /**
   * The version and, below it, the tree of what it was made from, one version a line; then, where
   * there are any, the line {@code made into} and the tree of its products. What lies below a
   * version is printed once, and replaced by {@code see above} from then on. A tree of more than 50
   * levels is cut, with the number of versions that are not in it.
   */
  @Override
  public String toString() {
    return LineageText.of(this);
  }

  /** The graph in the language of Graphviz, from left to right: {@code dot -Tpdf}. */
  public String toDot() {
    return LineageDot.of(this);
  }

  /**
   * A drawing, from the sources on the left to the products on the right, in the reader's choice of
   * light or dark. It is XML, loads nothing and runs no script, and may stand in a file of its own
   * or inside HTML. Of more than 400 versions those nearest to the root are drawn, and the drawing
   * says so.
   */
  public String toSvg() {
    return LineageSvg.of(this).svg();
  }

  /**
   * The drawing and a table of all versions with their facts and full hashes: a fragment of HTML
   * that brings its own style, for a notebook or a section of a report.
   */
  public String toHtml() {
    return LineageHtml.of(this);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Lineage that
        && root.equals(that.root)
        && madeFrom.equals(that.madeFrom)
        && facts.equals(that.facts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(root, madeFrom, facts);
  }

  private static Collection<VersionId> orNone(@Nullable Collection<VersionId> ids) {
    return ids == null ? List.of() : ids;
  }

  private static Map<String, String> copyOf(@Nullable Map<String, String> facts) {
    if (facts == null) {
      return Map.of();
    }
    Map<String, String> copy = new LinkedHashMap<>(facts);
    copy.forEach(
        (key, value) -> {
          Objects.requireNonNull(key, "a fact's name");
          Objects.requireNonNull(value, key);
        });
    return Collections.unmodifiableMap(copy);
  }

  private static Set<VersionId> ordered(Set<VersionId> order, Set<VersionId> ids) {
    Set<VersionId> ordered = new LinkedHashSet<>(order);
    ordered.retainAll(ids);
    return Collections.unmodifiableSet(ordered);
  }

  /** What the steps lead to, without the start unless they lead back to it. */
  private static Set<VersionId> reached(
      VersionId start, Function<VersionId, Collection<VersionId>> steps) {
    Set<VersionId> reached = new HashSet<>();
    Deque<VersionId> open = new ArrayDeque<>(List.of(start));
    while (!open.isEmpty()) {
      for (VersionId next : steps.apply(open.pop())) {
        if (reached.add(next)) {
          open.push(next);
        }
      }
    }
    return reached;
  }

  /** Kahn's algorithm (Communications of the ACM 5, 1962), the first by name of what is ready. */
  private static Map<VersionId, List<VersionId>> inOrderOfMaking(
      Map<VersionId, List<VersionId>> madeFrom) {
    Map<VersionId, Integer> missing = new HashMap<>();
    Map<VersionId, List<VersionId>> madeInto = new HashMap<>();
    PriorityQueue<VersionId> ready = new PriorityQueue<>(BY_NAME);
    madeFrom.forEach(
        (id, from) -> {
          missing.put(id, from.size());
          from.forEach(
              source -> madeInto.computeIfAbsent(source, any -> new ArrayList<>()).add(id));
          if (from.isEmpty()) {
            ready.add(id);
          }
        });
    Map<VersionId, List<VersionId>> ordered = new LinkedHashMap<>();
    for (VersionId next; (next = ready.poll()) != null; ) {
      ordered.put(next, Objects.requireNonNull(madeFrom.get(next)));
      for (VersionId product : orNone(madeInto.get(next))) {
        if (Objects.requireNonNull(missing.merge(product, -1, Integer::sum)) == 0) {
          ready.add(product);
        }
      }
    }
    if (ordered.size() < madeFrom.size()) {
      throw new IllegalArgumentException(
          "version (" + onCycle(madeFrom, ordered.keySet()) + ") must not be made from itself");
    }
    return ordered;
  }

  /** Whoever is not ordered has a source that is not: going there again and again turns back. */
  private static VersionId onCycle(
      Map<VersionId, List<VersionId>> madeFrom, Set<VersionId> ordered) {
    VersionId id =
        madeFrom.keySet().stream().filter(it -> !ordered.contains(it)).min(BY_NAME).get();
    Set<VersionId> passed = new HashSet<>();
    while (passed.add(id)) {
      id =
          Objects.requireNonNull(madeFrom.get(id)).stream()
              .filter(source -> !ordered.contains(source))
              .findFirst()
              .get();
    }
    return id;
  }
}
