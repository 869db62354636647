package io.mlinfra.examples;

import io.mlinfra.core.data.Column;
import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.offline.SkewAudit;
import io.mlinfra.features.offline.SkewReport;
import io.mlinfra.features.online.FeatureLog;
import io.mlinfra.features.online.FeatureVector;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.serving.Deployment;
import io.mlinfra.warehouse.Warehouse;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lives through the first days after the cut-off: every flight that has landed is pushed into the
 * online store, every flight that departs is predicted for at its own time. What was served is
 * logged, and then compared with what a training set says of the same moments.
 */
final class Serving {
  private static final int WARM_UP = 10_000;
  private static final int MEASURED = 20_000;
  private static final String LOG = "served";

  private record Departure(LocalDateTime date, long distance, String origin, String destination) {}

  private record Landing(
      LocalDateTime landed, long delay, boolean late, String origin, String destination) {}

  private final FeatureStore features;
  private final FeatureService service;
  private final Deployment deployment;
  private final Summary summary;

  Serving(FeatureStore features, FeatureService service, Deployment deployment, Summary summary) {
    this.features = features;
    this.service = service;
    this.deployment = deployment;
    this.summary = summary;
  }

  SkewReport replay(LocalDateTime cut) {
    Warehouse warehouse = features.warehouse();
    List<Departure> departures =
        warehouse
            .sql(
                "SELECT date, CAST(distance AS BIGINT) AS distance, origin, destination"
                    + " FROM flights WHERE date >= ? ORDER BY date LIMIT ?")
            .bind(cut, WARM_UP + MEASURED)
            .list(Departure.class);
    List<Landing> landings =
        warehouse
            .sql(
                "SELECT landed, CAST(delay AS BIGINT) AS delay, late, origin, destination"
                    + " FROM flights WHERE landed > ? AND landed <= ? ORDER BY landed")
            .bind(cut, departures.get(departures.size() - 1).date)
            .list(Landing.class);
    warehouse.execute("DROP TABLE IF EXISTS " + LOG);
    try (OnlineStore online = OnlineStore.inMemory();
        FeatureLog log = FeatureLog.open(warehouse, LOG, service)) {
      summary.line("%s", online.materialize(features, cut));
      serve(departures, landings, online, log);
    }
    SkewReport skew = SkewAudit.of(features, service).compare(LOG, FeatureLog.TIME);
    summary.block("what was served beside what training says of the same moments", skew);
    summary.add("auditedRows", departures.size()).add("skewedFeatures", skew.skewed().size());
    return skew;
  }

  private void serve(
      List<Departure> departures, List<Landing> landings, OnlineStore online, FeatureLog log) {
    List<String> inputs = deployment.signature().inputs().stream().map(Column::name).toList();
    long[] nanos = new long[departures.size()];
    int landed = 0;
    for (int i = 0; i < nanos.length; i++) {
      Departure flight = departures.get(i);
      while (landed < landings.size() && !landings.get(landed).landed.isAfter(flight.date)) {
        push(landings.get(landed++), online);
      }
      Map<String, Object> request =
          Map.of(
              "date", flight.date,
              "distance", flight.distance,
              "origin", flight.origin,
              "destination", flight.destination);
      long started = System.nanoTime();
      FeatureVector vector = online.at(flight.date).get(service, request);
      Map<String, Object> row = new HashMap<>();
      for (String input : inputs) {
        row.put(input, request.containsKey(input) ? request.get(input) : vector.value(input));
      }
      double probability = deployment.predict(row).probability();
      nanos[i] = System.nanoTime() - started;
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalStateException("a probability of " + probability + " for " + row);
      }
      log.add(request, vector);
    }
    long[] sorted = Arrays.copyOfRange(nanos, Math.min(WARM_UP, nanos.length / 2), nanos.length);
    Arrays.sort(sorted);
    double p50 = sorted[sorted.length / 2] / 1e3;
    double p99 = sorted[(int) (sorted.length * 0.99)] / 1e3;
    summary.add("servedP50Micros", p50).add("servedP99Micros", p99);
    summary.line(
        "%,d flights one by one, %,d landings between them: p50 %.1f µs, p99 %.1f µs",
        nanos.length, landed, p50, p99);
  }

  /** A landing is an event of both airports. */
  private void push(Landing flight, OnlineStore online) {
    Map<String, Object> event =
        Map.of(
            "landed", flight.landed,
            "delay", flight.delay,
            "late", flight.late,
            "origin", flight.origin,
            "destination", flight.destination);
    for (FeatureView airport : service.views()) {
      online.push(airport, event);
    }
  }
}
