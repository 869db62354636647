package io.mlinfra.registry;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The name of a tracked run: {@code flight-delay/17}. */
record RunId(String experiment, int number) implements Comparable<RunId> {
  private static final Pattern PARTS = Pattern.compile("([^/]*)/([1-9][0-9]{0,8})");

  static RunId parse(String id) {
    Matcher parts = PARTS.matcher(id);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "run id ('" + Texts.abbreviated(id) + "') must be experiment/number");
    }
    return new RunId(
        FileNames.require("experiment name", parts.group(1)), Integer.parseInt(parts.group(2)));
  }

  @Override
  public int compareTo(RunId other) {
    int byExperiment = experiment.compareTo(other.experiment);
    return byExperiment != 0 ? byExperiment : Integer.compare(number, other.number);
  }

  @Override
  public String toString() {
    return experiment + "/" + number;
  }
}
