package io.mlinfra.core.version;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** A lineage as two trees for a shell. A chain may be longer than a thread's stack is deep. */
final class LineageText {
  /** Each level takes three columns of a line. */
  static final int MOST_LEVELS = 50;

  private static final int INDENT = 3;

  private LineageText() {}

  static String of(Lineage lineage) {
    StringBuilder text = new StringBuilder(lineage.root().toString());
    tree(text, lineage.root(), lineage::madeFrom, lineage.sources().size());
    if (!lineage.products().isEmpty()) {
      text.append("\nmade into");
      tree(text, lineage.root(), lineage::madeInto, lineage.products().size());
    }
    return text.toString();
  }

  private static void tree(
      StringBuilder text, VersionId root, Function<VersionId, List<VersionId>> below, int size) {
    Set<VersionId> printed = new HashSet<>();
    Set<VersionId> opened = new HashSet<>();
    Deque<Iterator<VersionId>> path = new ArrayDeque<>();
    StringBuilder prefix = new StringBuilder();
    path.push(below.apply(root).iterator());
    while (true) {
      if (!path.element().hasNext()) {
        path.pop();
        if (path.isEmpty()) {
          break;
        }
        prefix.setLength(prefix.length() - INDENT);
        continue;
      }
      VersionId id = path.element().next();
      boolean last = !path.element().hasNext();
      text.append('\n').append(prefix).append(last ? "└─ " : "├─ ").append(id);
      printed.add(id);
      List<VersionId> children = below.apply(id);
      if (children.isEmpty()) {
        continue;
      }
      if (opened.contains(id)) {
        text.append(", see above");
      } else if (path.size() == MOST_LEVELS) {
        text.append(" …");
      } else {
        opened.add(id);
        prefix.append(last ? "   " : "│  ");
        path.push(children.iterator());
      }
    }
    if (printed.size() < size) {
      text.append("\n… and ").append(size - printed.size()).append(" more");
    }
  }
}
