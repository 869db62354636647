package io.mlinfra.benchmarks;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * One benchmark, ours beside one peer.
 *
 * @param name of the benchmark, with its parameters
 * @param ours our score
 * @param peer the peer's
 * @param peerName who the peer is
 * @param unit of both scores
 * @param ratio above 1 where we are ahead
 */
@JsonPropertyOrder({"name", "ours", "peer", "peerName", "unit", "ratio"})
record Comparison(
    String name, double ours, double peer, String peerName, String unit, double ratio) {
  private static final String RIVAL = "rival";
  private static final String OURS = "ours";

  /** Pairs up the results that differ in nothing but the rival, in the order of the run. */
  static List<Comparison> of(Collection<RunResult> results) {
    Map<String, Map<String, RunResult>> byName = new LinkedHashMap<>();
    for (RunResult result : results) {
      BenchmarkParams params = result.getParams();
      byName
          .computeIfAbsent(name(params), name -> new LinkedHashMap<>())
          .put(params.getParam(RIVAL), result);
    }
    List<Comparison> comparisons = new ArrayList<>();
    byName.forEach(
        (name, rivals) -> {
          RunResult ours = rivals.get(OURS);
          if (ours == null || rivals.size() < 2) {
            throw new IllegalStateException(
                "benchmark '" + name + "' must have the rival 'ours' and a peer: " + rivals);
          }
          rivals.forEach(
              (rival, peer) -> {
                if (!rival.equals(OURS)) {
                  comparisons.add(
                      of(name, ours.getPrimaryResult(), rival, peer, ours.getParams().getMode()));
                  comparisons.addAll(counted(name, ours, rival, peer));
                }
              });
        });
    return comparisons;
  }

  /** Of the percentiles of samples, those that are told; the others are in the log. */
  private static final Set<String> PERCENTILES = Set.of("p0.50", "p0.99");

  /** What a benchmark counts beside the time, such as memory: less is better; 0 is not known. */
  private static List<Comparison> counted(
      String name, RunResult ours, String rival, RunResult peer) {
    List<Comparison> comparisons = new ArrayList<>();
    ours.getSecondaryResults()
        .forEach(
            (counter, result) -> {
              Result<?> other = peer.getSecondaryResults().get(counter);
              boolean told = !counter.matches("p[01]\\.\\d+") || PERCENTILES.contains(counter);
              if (told && other != null && result.getScore() > 0 && other.getScore() > 0) {
                comparisons.add(
                    of(
                        name + " " + counter,
                        result.getScore(),
                        other.getScore(),
                        rival,
                        result.getScoreUnit(),
                        false));
              }
            });
    return comparisons;
  }

  private static Comparison of(
      String name, Result<?> ours, String rival, RunResult peer, Mode mode) {
    return of(
        name,
        ours.getScore(),
        peer.getPrimaryResult().getScore(),
        rival,
        ours.getScoreUnit(),
        mode == Mode.Throughput);
  }

  static Comparison of(
      String name, double ours, double peer, String rival, String unit, boolean moreIsBetter) {
    return new Comparison(name, ours, peer, rival, unit, moreIsBetter ? ours / peer : peer / ours);
  }

  /** {@code FloatScanBenchmark.flights(rows=1000)}; the rival is left out. */
  private static String name(BenchmarkParams params) {
    String[] parts = params.getBenchmark().split("\\.");
    StringJoiner others = new StringJoiner(", ", "(", ")").setEmptyValue("");
    for (String key : params.getParamsKeys()) {
      if (!key.equals(RIVAL)) {
        others.add(key + "=" + params.getParam(key));
      }
    }
    return parts[parts.length - 2] + "." + parts[parts.length - 1] + others;
  }
}
