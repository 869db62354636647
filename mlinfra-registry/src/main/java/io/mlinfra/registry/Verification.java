package io.mlinfra.registry;

import java.nio.file.Path;
import java.util.List;

/**
 * What a verification found.
 *
 * @param problems one line for each record or content that was altered, is missing, cannot be read
 *     or contradicts another
 * @param orphans content that no record refers to: of versions that were deleted, of writers that
 *     died, or of those at work; no problem, and garbage collection removes it
 * @param versions how many records of versions were read, those of deleted ones among them
 * @param contents how many contents records refer to; each was read to the end
 * @param moves how many moves of aliases were read
 * @param auditEntries how many entries of the audit log were read
 */
public record Verification(
    List<String> problems,
    List<Path> orphans,
    long versions,
    long contents,
    long moves,
    long auditEntries) {
  public Verification {
    problems = List.copyOf(problems);
    orphans = List.copyOf(orphans);
  }

  /** Whether there is no problem. */
  public boolean isClean() {
    return problems.isEmpty();
  }

  /** What was read, and each problem on a line of its own. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(isClean() ? "clean: " : count(problems.size(), "problem") + ": ");
    text.append(count(versions, "version")).append(", ");
    text.append(count(contents, "content")).append(", ");
    text.append(count(moves, "alias move")).append(" and ");
    text.append(auditEntries).append(auditEntries == 1 ? " audit entry" : " audit entries");
    text.append(" read; ").append(count(orphans.size(), "content"));
    text.append(" that nothing refers to");
    problems.forEach(problem -> text.append('\n').append(problem));
    return text.toString();
  }

  private static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }
}
