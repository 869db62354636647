package io.mlinfra.benchmarks.features;

import static io.mlinfra.features.view.Aggregate.count;
import static io.mlinfra.features.view.Aggregate.sum;
import static java.util.Objects.requireNonNull;

import io.mlinfra.features.offline.FeatureStore;
import io.mlinfra.features.online.OnlineStore;
import io.mlinfra.features.view.FeatureService;
import io.mlinfra.features.view.FeatureView;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.jspecify.annotations.Nullable;

/**
 * A million customers, three events and three features each, looked up by key. Ours in memory or in
 * a file, beside a {@code ConcurrentHashMap} of ready arrays, which nothing that computes can beat,
 * and a DuckDB table with an index, which is what one has without an online store.
 */
final class Profiles implements AutoCloseable {
  static final int CUSTOMERS = 1_000_000;

  private static final LocalDateTime NOW = LocalDateTime.parse("2023-03-01T00:00");

  private final Warehouse warehouse = Warehouse.inMemory();
  private final FeatureStore features;
  private final FeatureView view;
  private final FeatureService service;
  private final String rival;
  private final Map<Long, double[]> map = new ConcurrentHashMap<>();
  private @Nullable OnlineStore online;
  private @Nullable Connection connection;
  private @Nullable PreparedStatement lookup;

  /**
   * Fills the rival.
   *
   * @param file for a store that is durable; null for one in memory
   */
  Profiles(String rival, @Nullable Path file) throws IOException, SQLException {
    this.rival = rival;
    warehouse.execute(
        "CREATE TABLE events AS SELECT (i % "
            + CUSTOMERS
            + ")::BIGINT AS customer, TIMESTAMP '2023-02-01' + to_seconds(i % 2000000) AS paid,"
            + " (hash(i) % 10000)::DOUBLE / 100 AS amount FROM range("
            + 3 * CUSTOMERS
            + ") AS r(i)");
    view =
        FeatureView.named("customer")
            .from("events")
            .entity("customer")
            .eventTime("paid")
            .latest("amount")
            .window(Duration.ofDays(30), sum("amount"), count())
            .build();
    service = FeatureService.named("profile").with(view).build();
    features = FeatureStore.open(warehouse, view);
    switch (rival) {
      case "ours" -> {
        online = file == null ? OnlineStore.inMemory() : OnlineStore.open(file);
        online.materialize(features, NOW);
      }
      case "map" -> fillMap();
      case "duckdb" -> fillTable();
      default -> throw new IllegalArgumentException(rival);
    }
  }

  private static final String VALUES =
      "SELECT customer, arg_max(amount, paid) AS latest, sum(amount) AS total, count(*) AS n"
          + " FROM events GROUP BY customer";

  private void fillMap() throws IOException {
    try (ArrowReader reader = warehouse.query(VALUES)) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot batch = reader.getVectorSchemaRoot();
        BigIntVector keys = (BigIntVector) batch.getVector(0);
        for (int row = 0; row < batch.getRowCount(); row++) {
          double[] values = {
            ((Float8Vector) batch.getVector(1)).get(row),
            ((Float8Vector) batch.getVector(2)).get(row),
            ((BigIntVector) batch.getVector(3)).get(row)
          };
          map.put(keys.get(row), values);
        }
      }
    }
  }

  private void fillTable() throws SQLException {
    warehouse.execute("CREATE TABLE profiles AS " + VALUES);
    warehouse.execute("CREATE UNIQUE INDEX by_customer ON profiles (customer)");
    connection = warehouse.dataSource().getConnection();
    lookup =
        connection.prepareStatement("SELECT latest, total, n FROM profiles WHERE customer = ?");
  }

  /** The total of one customer. */
  double get(long customer) throws SQLException {
    return switch (rival) {
      case "ours" ->
          requireNonNull(online).at(NOW).get(view, customer).number("customer__sum_amount_30d");
      case "map" -> requireNonNull(map.get(customer))[1];
      default -> {
        PreparedStatement statement = requireNonNull(lookup);
        statement.setLong(1, customer);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          yield row.getDouble(2);
        }
      }
    };
  }

  /** The totals of some customers, added up. */
  double getAll(long first, int customers) throws SQLException {
    double total = 0;
    if (online != null) {
      List<Map<String, ?>> rows = new ArrayList<>(customers);
      for (int i = 0; i < customers; i++) {
        rows.add(Map.of("customer", (first + i * 7919L) % CUSTOMERS));
      }
      for (var vector : online.at(NOW).getAll(service, rows)) {
        total += vector.number("customer__sum_amount_30d");
      }
      return total;
    }
    for (int i = 0; i < customers; i++) {
      total += get((first + i * 7919L) % CUSTOMERS);
    }
    return total;
  }

  @Override
  public void close() throws SQLException {
    if (lookup != null && connection != null) {
      lookup.close();
      connection.close();
    }
    if (online != null) {
      online.close();
    }
    features.close();
    warehouse.close();
  }
}
