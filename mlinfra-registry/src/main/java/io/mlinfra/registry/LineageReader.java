package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Follows records down to the sources. Each version is read once, however many were made from it,
 * and on a stack of its own: a chain of retrained models may be longer than a thread's stack.
 */
final class LineageReader {
  private final VersionStore versions;
  private final Map<VersionId, Lineage> done = new HashMap<>();
  private final Map<VersionId, List<VersionId>> open = new HashMap<>();

  LineageReader(VersionStore versions) {
    this.versions = versions;
  }

  Lineage read(VersionId id) throws IOException {
    Deque<VersionId> path = new ArrayDeque<>();
    path.push(id);
    while (!path.isEmpty()) {
      VersionId top = path.element();
      List<VersionId> madeFrom = open.get(top);
      if (madeFrom == null) {
        madeFrom = versions.require(top).version().madeFrom();
        open.put(top, madeFrom);
      }
      VersionId next = firstUnread(madeFrom);
      if (next == null) {
        done.put(top, new Lineage(top, madeFrom.stream().map(this::lineage).toList()));
        path.pop();
      } else if (open.containsKey(next)) {
        throw new MlInfraException(
            ErrorCode.CONTENT_ALTERED,
            "the record of " + next + " was altered: it is made from itself");
      } else {
        path.push(next);
      }
    }
    return lineage(id);
  }

  private @Nullable VersionId firstUnread(List<VersionId> ids) {
    for (VersionId id : ids) {
      if (!done.containsKey(id)) {
        return id;
      }
    }
    return null;
  }

  private Lineage lineage(VersionId id) {
    return Objects.requireNonNull(done.get(id));
  }
}
