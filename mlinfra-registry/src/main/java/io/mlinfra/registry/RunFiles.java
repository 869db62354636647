package io.mlinfra.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Where tracked runs lie: {@code runs/<experiment>/<n>.log} and {@code <n>.<revision>.json}. */
record RunFiles(Layout layout) {
  private static final String LOG = ".log";
  private static final String RECORD = ".json";

  Path experiments() {
    return layout.folder().resolve("runs");
  }

  Path folder(String experiment) {
    return experiments().resolve(experiment);
  }

  Path log(RunId id) {
    return folder(id.experiment()).resolve(id.number() + LOG);
  }

  Path record(RunId id, int revision) {
    return folder(id.experiment()).resolve(id.number() + "." + revision + RECORD);
  }

  /** The listing decides, not the file system, for which two names may be one. */
  boolean hasExperiment(String experiment) throws IOException {
    return Layout.list(experiments()).contains(experiment);
  }

  /** What a folder says of a run without its files being opened. */
  record Entry(boolean log, List<Integer> revisions) {
    /** The latest; 0 where the run has no record yet. */
    int revision() {
      return revisions.stream().mapToInt(Integer::intValue).max().orElse(0);
    }
  }

  /** The runs of an experiment by their numbers; none where there is no such experiment. */
  NavigableMap<Integer, Entry> list(String experiment) throws IOException {
    NavigableMap<Integer, Entry> entries = new TreeMap<>();
    if (!hasExperiment(experiment)) {
      return entries;
    }
    for (String name : Layout.listUnsorted(folder(experiment))) {
      if (name.endsWith(LOG)) {
        int number = number(name.substring(0, name.length() - LOG.length()));
        if (number > 0) {
          entries.merge(number, new Entry(true, List.of()), RunFiles::both);
        }
      } else if (name.endsWith(RECORD)) {
        String stem = name.substring(0, name.length() - RECORD.length());
        int dot = stem.indexOf('.');
        int number = dot < 0 ? 0 : number(stem.substring(0, dot));
        int revision = dot < 0 ? 0 : number(stem.substring(dot + 1));
        if (number > 0 && revision > 0) {
          entries.merge(number, new Entry(false, List.of(revision)), RunFiles::both);
        }
      }
    }
    return entries;
  }

  private static Entry both(Entry one, Entry other) {
    List<Integer> revisions = new ArrayList<>(one.revisions);
    revisions.addAll(other.revisions);
    return new Entry(one.log || other.log, List.copyOf(revisions));
  }

  /** A number without leading zeros that fits; 0 for anything else. */
  private static int number(String digits) {
    if (digits.isEmpty() || digits.length() > 9 || digits.charAt(0) == '0') {
      return 0;
    }
    int number = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return 0;
      }
      number = 10 * number + digit;
    }
    return number;
  }
}
