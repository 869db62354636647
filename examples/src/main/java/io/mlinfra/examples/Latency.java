package io.mlinfra.examples;

import io.mlinfra.core.data.Column;
import io.mlinfra.features.offline.TrainingSet;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.serving.Deployment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * How long a prediction takes, from the raw flight to the probability, both look-ups of airports
 * included.
 */
record Latency(int flights, double p50Micros, double p99Micros) {
  private static final int WARM_UP = 10_000;
  private static final int MEASURED = 20_000;

  private record Flight(String origin, String destination, Map<String, Object> raw) {}

  static Latency measure(
      Deployment deployment, OnlineStore.At online, List<FeatureView> airports, TrainingSet test)
      throws IOException {
    Set<String> inputs =
        deployment.signature().inputs().stream().map(Column::name).collect(Collectors.toSet());
    List<Flight> flights = flights(test, inputs);
    long[] nanos = new long[flights.size()];
    for (int i = 0; i < nanos.length; i++) {
      Flight flight = flights.get(i);
      long started = System.nanoTime();
      Map<String, Object> row = new HashMap<>(flight.raw);
      online.get(airports.get(0), flight.origin).into(row);
      online.get(airports.get(1), flight.destination).into(row);
      double probability = deployment.predict(row).probability();
      nanos[i] = System.nanoTime() - started;
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalStateException("a probability of " + probability + " for " + row);
      }
    }
    long[] sorted = Arrays.copyOfRange(nanos, Math.min(WARM_UP, nanos.length / 2), nanos.length);
    Arrays.sort(sorted);
    return new Latency(
        sorted.length, sorted[sorted.length / 2] / 1e3, sorted[(int) (sorted.length * 0.99)] / 1e3);
  }

  /**
   * The first test flights as a caller has them: what stands on the ticket, without the windows.
   */
  private static List<Flight> flights(TrainingSet test, Set<String> inputs) throws IOException {
    List<Flight> flights = new ArrayList<>();
    try (ArrowReader reader = test.reader()) {
      while (flights.size() < WARM_UP + MEASURED && reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        for (int row = 0; row < batch.getRowCount(); row++) {
          Map<String, Object> values = new HashMap<>();
          for (String column : List.of("distance", "hour", "weekday")) {
            values.put(column, batch.getVector(column).getObject(row));
          }
          String origin = batch.getVector("origin").getObject(row).toString();
          String destination = batch.getVector("destination").getObject(row).toString();
          values.put("origin", origin);
          values.put("destination", destination);
          values.keySet().retainAll(inputs);
          flights.add(new Flight(origin, destination, values));
        }
      }
    }
    return flights;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%,d flights one by one: p50 %.1f µs, p99 %.1f µs",
        flights,
        p50Micros,
        p99Micros);
  }
}
