package io.mlinfra.core.version;

import java.util.List;
import java.util.Objects;

/**
 * A version and, below it, what it was made from, down to the sources.
 *
 * @param version the version
 * @param madeFrom the lineage of each version that it was made from
 */
public record Lineage(VersionId version, List<Lineage> madeFrom) {
  public Lineage {
    Objects.requireNonNull(version, "version");
    madeFrom = List.copyOf(madeFrom);
  }

  /** A tree, one version a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(version.toString());
    for (int i = 0; i < madeFrom.size(); i++) {
      boolean last = i == madeFrom.size() - 1;
      text.append('\n').append(last ? "└─ " : "├─ ");
      text.append(madeFrom.get(i).toString().replace("\n", last ? "\n   " : "\n│  "));
    }
    return text.toString();
  }
}
