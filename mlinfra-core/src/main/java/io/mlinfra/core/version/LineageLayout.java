package io.mlinfra.core.version;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Places the boxes of a drawing: a layered layout after Sugiyama, Tagawa and Toda ("Methods for
 * Visual Understanding of Hierarchical System Structures", IEEE Transactions on Systems, Man, and
 * Cybernetics 11, 1981), from left to right.
 *
 * <ol>
 *   <li>A version's layer is the length of the longest path from a source; a version with more
 *       products than sources then moves right, to stand next to the first of its products.
 *   <li>An arrow that passes layers gets a place in each. All that leave one version share them, so
 *       that a data set that went into hundreds of models draws one line, which forks.
 *   <li>Within a layer the order follows the mean place of the neighbours, back and forth; the
 *       order with the fewest crossings stays.
 *   <li>Vertically each box stands as near to the mean of its neighbours as order and distance
 *       allow: least squares, by pooling adjacent violators.
 * </ol>
 */
final class LineageLayout {
  /** More boxes than this nobody looks at. */
  static final int MOST_VERSIONS = 400;

  private static final int ORDER_SWEEPS = 24;
  private static final int PLACE_SWEEPS = 12;
  private static final int STRAIGHT_SWEEPS = 24;

  /** So that lines that pass layers are short first, and straight in the end. */
  private static final double PASSING_WEIGHT = 8;

  private static final double STRAIGHT_WEIGHT = 1e4;

  private static final double GAP = 20;
  private static final double NARROWEST = 64;
  private static final double WIDEST = 240;

  /** Between two lines that go up and down between layers. */
  private static final double BETWEEN_STEMS = 14;

  /** From here on arrows that go up and down share a stem, or a hundred of them were a smear. */
  private static final double STEEP = 180;

  /** A box, or the place where arrows pass a layer. */
  static final class Node {
    final @Nullable VersionId id;
    final List<Node> from = new ArrayList<>();
    final List<Node> into = new ArrayList<>();
    final double height;
    int layer;
    int place;
    double x;

    /** Of the middle. */
    double y;

    double width;

    /** Where its arrows go up and down; 0 if they need no stem. */
    double stem;

    Node(@Nullable VersionId id, double height) {
      this.id = id;
      this.height = height;
    }

    double left() {
      return x;
    }

    double right() {
      return x + width;
    }

    double top() {
      return y - height / 2;
    }
  }

  /** The size of a box. */
  record Size(double width, double height) {}

  private final List<List<Node>> layers = new ArrayList<>();
  private double width;
  private double height;

  /** The upper left corner of everything is at (0, 0). */
  LineageLayout(Lineage lineage, Function<VersionId, Size> sizes) {
    Set<VersionId> drawn = nearest(lineage);
    Map<VersionId, Node> nodes = new HashMap<>();
    List<Node> boxes = new ArrayList<>();
    for (VersionId id : lineage.versions()) {
      if (drawn.contains(id)) {
        Size size = sizes.apply(id);
        Node box = new Node(id, size.height());
        box.width = size.width();
        nodes.put(id, box);
        boxes.add(box);
      }
    }
    for (Node box : boxes) {
      for (VersionId source : lineage.madeFrom(Objects.requireNonNull(box.id))) {
        Node from = nodes.get(source);
        if (from != null) {
          box.from.add(from);
          from.into.add(box);
        }
      }
    }
    assignLayers(boxes);
    boxes.forEach(LineageLayout::shareWayThroughLayers);
    for (Node box : boxes) {
      collect(box);
    }
    order();
    placeVertically();
    placeHorizontally();
  }

  /** Boxes and passing places, by layer and from top to bottom. */
  List<List<Node>> layers() {
    return layers;
  }

  double width() {
    return width;
  }

  double height() {
    return height;
  }

  private static Set<VersionId> nearest(Lineage lineage) {
    Set<VersionId> near = new HashSet<>(Set.of(lineage.root()));
    Deque<VersionId> open = new ArrayDeque<>(near);
    while (!open.isEmpty()) {
      VersionId id = open.remove();
      for (List<VersionId> ids : List.of(lineage.madeFrom(id), lineage.madeInto(id))) {
        for (VersionId next : ids) {
          if (near.size() == MOST_VERSIONS) {
            return near;
          }
          if (near.add(next)) {
            open.add(next);
          }
        }
      }
    }
    return near;
  }

  /** The boxes come in the order of making. */
  private static void assignLayers(List<Node> boxes) {
    for (Node box : boxes) {
      box.from.forEach(source -> box.layer = Math.max(box.layer, source.layer + 1));
    }
    for (int i = boxes.size() - 1; i >= 0; i--) {
      Node box = boxes.get(i);
      if (box.into.size() > box.from.size()) {
        box.layer = box.into.stream().mapToInt(product -> product.layer).min().getAsInt() - 1;
      }
    }
    // Where the root has no source, or all moved, the first layers may be empty now.
    int first = boxes.stream().mapToInt(box -> box.layer).min().orElse(0);
    boxes.forEach(box -> box.layer -= first);
  }

  private static void shareWayThroughLayers(Node box) {
    List<Node> products = new ArrayList<>(box.into);
    products.sort(Comparator.comparingInt(product -> product.layer));
    Node way = box;
    for (Node product : products) {
      while (product.layer > way.layer + 1) {
        Node next = new Node(null, 0);
        next.layer = way.layer + 1;
        way.into.add(next);
        next.from.add(way);
        way = next;
      }
      if (way != box) {
        box.into.remove(product);
        way.into.add(product);
        product.from.set(product.from.indexOf(box), way);
      }
    }
  }

  private void collect(Node node) {
    while (layers.size() <= node.layer) {
      layers.add(new ArrayList<>());
    }
    List<Node> layer = layers.get(node.layer);
    node.place = layer.size();
    layer.add(node);
    for (Node next : node.into) {
      if (next.id == null) {
        collect(next);
      }
    }
  }

  private void order() {
    List<List<Node>> best = copy();
    long fewest = crossings();
    for (int sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
      boolean right = sweep % 2 == 0;
      for (int i = 0; i < layers.size(); i++) {
        List<Node> layer = layers.get(right ? i : layers.size() - 1 - i);
        Map<Node, Double> wishes = new HashMap<>();
        for (Node node : layer) {
          wishes.put(node, mean(right ? node.from : node.into, at -> at.place, node.place));
        }
        layer.sort(Comparator.comparingDouble(node -> Objects.requireNonNull(wishes.get(node))));
        number(layer);
      }
      long crossings = crossings();
      if (crossings < fewest) {
        fewest = crossings;
        best = copy();
      }
    }
    for (int i = 0; i < layers.size(); i++) {
      layers.set(i, best.get(i));
      number(layers.get(i));
    }
  }

  private List<List<Node>> copy() {
    List<List<Node>> copy = new ArrayList<>();
    layers.forEach(layer -> copy.add(new ArrayList<>(layer)));
    return copy;
  }

  private static void number(List<Node> layer) {
    for (int i = 0; i < layer.size(); i++) {
      layer.get(i).place = i;
    }
  }

  /** How many pairs of arrows cross: for each layer the inversions, counted in a Fenwick tree. */
  private long crossings() {
    long crossings = 0;
    for (int i = 1; i < layers.size(); i++) {
      int[] tree = new int[layers.get(i).size() + 1];
      int seen = 0;
      for (Node node : layers.get(i - 1)) {
        for (Node next : node.into) {
          crossings += seen;
          for (int at = next.place + 1; at > 0; at -= at & -at) {
            crossings -= tree[at];
          }
        }
        for (Node next : node.into) {
          seen++;
          for (int at = next.place + 1; at < tree.length; at += at & -at) {
            tree[at]++;
          }
        }
      }
    }
    return crossings;
  }

  private void placeVertically() {
    for (List<Node> layer : layers) {
      settle(layer, 1, node -> 0);
    }
    for (int sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
      boolean right = sweep % 2 == 0;
      for (int i = 0; i < layers.size(); i++) {
        List<Node> layer = layers.get(right ? i : layers.size() - 1 - i);
        settle(
            layer, PASSING_WEIGHT, node -> mean(right ? node.from : node.into, at -> at.y, node.y));
      }
    }
    for (int sweep = 0; sweep < STRAIGHT_SWEEPS; sweep++) {
      Map<Node, Double> straight = straightened();
      for (List<Node> layer : layers) {
        settle(
            layer,
            STRAIGHT_WEIGHT,
            node -> {
              Double y = straight.get(node);
              return y == null ? around(node) : y;
            });
      }
    }
    double top = Double.POSITIVE_INFINITY;
    double bottom = Double.NEGATIVE_INFINITY;
    for (List<Node> layer : layers) {
      top = Math.min(top, layer.get(0).top());
      Node last = layer.get(layer.size() - 1);
      bottom = Math.max(bottom, last.y + last.height / 2);
    }
    for (List<Node> layer : layers) {
      for (Node node : layer) {
        node.y -= top;
      }
    }
    height = bottom - top;
  }

  /** The mean height of each line through several layers, for its passing places. */
  private Map<Node, Double> straightened() {
    Map<Node, Double> heights = new HashMap<>();
    for (List<Node> layer : layers) {
      for (Node node : layer) {
        if (node.id == null && !heights.containsKey(node)) {
          List<Node> way = new ArrayList<>();
          for (Node at = node; at != null; at = passing(at.into)) {
            way.add(at);
          }
          double height = mean(way, at -> at.y, 0);
          way.forEach(at -> heights.put(at, height));
        }
      }
    }
    return heights;
  }

  private static @Nullable Node passing(List<Node> nodes) {
    return nodes.stream().filter(node -> node.id == null).findFirst().orElse(null);
  }

  private static double around(Node node) {
    List<Node> around = new ArrayList<>(node.from);
    around.addAll(node.into);
    return mean(around, at -> at.y, node.y);
  }

  /**
   * Moves the nodes of a layer to where they wish to be, as far as their order and their distances
   * allow, so that the weighted sum of squared differences is least.
   */
  private static void settle(List<Node> layer, double passingWeight, ToDoubleFunction<Node> wish) {
    int n = layer.size();
    double[] offsets = new double[n];
    double[] means = new double[n];
    double[] weights = new double[n];
    int[] sizes = new int[n];
    int blocks = 0;
    for (int i = 0; i < n; i++) {
      Node node = layer.get(i);
      if (i > 0) {
        offsets[i] = offsets[i - 1] + (layer.get(i - 1).height + node.height) / 2 + GAP;
      }
      means[blocks] = wish.applyAsDouble(node) - offsets[i];
      weights[blocks] = node.id == null ? passingWeight : 1;
      sizes[blocks] = 1;
      blocks++;
      for (; blocks > 1 && means[blocks - 2] > means[blocks - 1]; blocks--) {
        double weight = weights[blocks - 2] + weights[blocks - 1];
        means[blocks - 2] =
            (means[blocks - 2] * weights[blocks - 2] + means[blocks - 1] * weights[blocks - 1])
                / weight;
        weights[blocks - 2] = weight;
        sizes[blocks - 2] += sizes[blocks - 1];
      }
    }
    int i = 0;
    for (int block = 0; block < blocks; block++) {
      for (int end = i + sizes[block]; i < end; i++) {
        layer.get(i).y = means[block] + offsets[i];
      }
    }
  }

  private void placeHorizontally() {
    for (List<Node> layer : layers) {
      double widest = 0;
      List<Node> steep = new ArrayList<>();
      for (Node node : layer) {
        widest = Math.max(widest, node.width);
        if (node.into.stream().anyMatch(next -> Math.abs(next.y - node.y) > STEEP)) {
          steep.add(node);
        }
      }
      for (Node node : layer) {
        node.x = width;
        node.width = widest;
      }
      double gap = Math.min(WIDEST, NARROWEST + BETWEEN_STEMS * steep.size());
      for (int i = 0; i < steep.size(); i++) {
        steep.get(i).stem =
            width + widest + NARROWEST / 2 + (gap - NARROWEST) * (i + 0.5) / steep.size();
      }
      width += widest + gap;
    }
    Node last = layers.get(layers.size() - 1).get(0);
    width = last.right();
  }

  private static double mean(List<Node> nodes, ToDoubleFunction<Node> of, double otherwise) {
    return nodes.stream().mapToDouble(of).average().orElse(otherwise);
  }
}
