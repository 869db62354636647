package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Retention;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.duckdb.DuckDBConnection;

/**
 * Frozen tables: what a table or a query gives, kept as versions of data sets in a registry.
 *
 * <pre>{@code
 * Snapshots snapshots = warehouse.snapshots(registry);
 * Snapshot first = snapshots.take("flights", "SELECT * FROM flights ORDER BY date, origin");
 * long rows =
 *     warehouse.sql("SELECT * FROM flights WHERE delay > 60").asOf("flights", first).execute();
 * SnapshotDiff diff = snapshots.diff(first, snapshots.get("flights"), "id");
 * }</pre>
 *
 * <p>A snapshot is a small manifest, with its rows attached as Parquet files of some 100,000 rows
 * each. The same rows in the same order under the same name give the same version, whatever else
 * happened to the table, until DuckDB's version changes. The order of a query without {@code ORDER
 * BY}, or with one that leaves ties, is DuckDB's choice.
 *
 * <p>Versions of a name share the files that they have in common, and a file that the latest
 * version has already is not written again. It is recognised by a fingerprint of 128 bits, made of
 * DuckDB's hashes of 64 bits: that two different rows pass for the same happens by chance about
 * once in 2<sup>64</sup>, but somebody may construct such rows. Where that matters, {@link #strict}
 * writes and hashes everything.
 *
 * <p>Kept are rows, names of columns and their types, not keys, constraints or indexes. Types that
 * Parquet does not have, such as {@code UNION}, are refused. A snapshot is taken from a temporary
 * copy of its rows, which DuckDB moves to the temporary folder where memory is short.
 *
 * <p>The warehouse and the registry are borrowed; there is nothing to close. Thread-safe. Files
 * that were read stay in the warehouse's temporary folder, as plain Parquet, until it closes.
 */
public final class Snapshots {
  private static final byte[] PARQUET = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private final Warehouse warehouse;
  private final Registry registry;
  private final PartSizes sizes;
  private final boolean strict;

  Snapshots(Warehouse warehouse, Registry registry, PartSizes sizes, boolean strict) {
    this.warehouse = warehouse;
    this.registry = Objects.requireNonNull(registry, "registry");
    this.sizes = sizes;
    this.strict = strict;
  }

  /** These, but writing and hashing every file of each snapshot that is taken. */
  public Snapshots strict() {
    return new Snapshots(warehouse, registry, sizes, true);
  }

  /**
   * Takes a snapshot of what a query gives. Its text becomes the property {@code query}, with its
   * SHA-256 as {@code query.sha256}; other properties are {@code rows}, {@code columns}, {@code
   * parts} and {@code bytes}. A version of the same content that is there already keeps its own.
   *
   * @param name of the data set in the registry
   * @param query one statement without parameters
   * @param madeFrom versions of the same registry that the rows come from
   * @throws IllegalArgumentException if the registry takes no such name
   * @throws MlInfraException {@link ErrorCode#QUERY_FAILED} if it is no such statement, or DuckDB
   *     refuses it; {@link ErrorCode#NAME_UNKNOWN} if it names a table that is not there, or the
   *     registry does not hold what it was made from; {@link ErrorCode#DATA_UNSUITABLE} if a column
   *     has a type that cannot be kept
   */
  public Snapshot take(String name, String query, Version... madeFrom) {
    warehouse.database().requireAllowed(Objects.requireNonNull(query, "query"));
    Map<String, String> source =
        Map.of("query", query, "query.sha256", ContentHash.of(query).hex());
    return take(name, connection -> FrozenRows.ofQuery(connection, query), source, madeFrom);
  }

  /**
   * As {@link #take}, of all rows of a table or view, in their order; the property {@code table} is
   * its name.
   */
  public Snapshot takeTable(String name, String table, Version... madeFrom) {
    Sql.table(table);
    return take(
        name,
        connection -> FrozenRows.ofTable(connection, table),
        Map.of("table", table),
        madeFrom);
  }

  private interface Freezing {
    FrozenRows on(DuckDBConnection connection) throws SQLException;
  }

  private Snapshot take(
      String name, Freezing freezing, Map<String, String> source, Version... madeFrom) {
    Registration.of(Kind.DATASET, name).properties(source);
    List<Version> sources = List.of(madeFrom);
    return warehouse.inside(
        () -> {
          sources.forEach(version -> registry.version(version.id()));
          Optional<Snapshot> previous = previous(name);
          try (DuckDBConnection connection = warehouse.database().connect()) {
            return new SnapshotTaking(
                    connection, freezing.on(connection), sizes, warehouse.database().work())
                .register(registry, name, source, sources, strict ? Optional.empty() : previous);
          }
        });
  }

  private Optional<Snapshot> previous(String name) {
    try {
      Version latest = registry.version(Kind.DATASET, name);
      return latest.attachments().isEmpty()
          ? Optional.empty()
          : Optional.of(new Snapshot(registry, latest, manifest(latest)));
    } catch (MlInfraException e) {
      // There is none, or none of ours, or it is damaged, which is no reason against a new one.
      return Optional.empty();
    }
  }

  private Manifest manifest(Version version) {
    return Manifest.parse(registry.content(version), version.id().toString());
  }

  /**
   * The snapshot that a reference means now.
   *
   * @param reference {@code flights:3}, or {@code flights} for the latest
   * @throws MlInfraException {@link ErrorCode#NAME_UNKNOWN} if there is no such version; otherwise
   *     as {@link #get(Version)}
   */
  public Snapshot get(String reference) {
    return get(registry.version(Kind.DATASET, reference));
  }

  /**
   * A version as a snapshot. One whose content is a single Parquet file is one, too.
   *
   * @throws IllegalArgumentException if it is not of kind DATASET
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if it is a data set, but no snapshot
   */
  public Snapshot get(Version version) {
    if (version.id().kind() != Kind.DATASET) {
      throw new IllegalArgumentException(
          "version (" + version.id() + ") must be of kind " + Kind.DATASET.label());
    }
    return warehouse.inside(
        () ->
            new Snapshot(
                registry,
                version,
                version.attachments().isEmpty() ? oneFile(version) : manifest(version)));
  }

  /** What stands for the manifest of a snapshot from before there were any. */
  private Manifest oneFile(Version version) throws SQLException {
    Path file = warehouse.parts().content(registry, version);
    requireParquet(file, version);
    String from = "read_parquet(" + Sql.literal(Sql.pattern(file)) + ", hive_partitioning = false)";
    try (DuckDBConnection connection = warehouse.database().connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT count(*) FROM " + from)) {
      rows.next();
      Manifest.Part part =
          new Manifest.Part(version.id().hash(), rows.getLong(1), Files.size(file), "");
      return new Manifest("", FrozenRows.columns(connection, from), List.of(part));
    } catch (SQLException | IOException e) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE, version.id() + " is no snapshot: " + e.getMessage(), e);
    }
  }

  private static void requireParquet(Path file, Version version) {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(PARQUET.length);
    } catch (IOException e) {
      throw new MlInfraException(ErrorCode.IO_FAILED, "'" + file + "' cannot be read: " + e, e);
    }
    if (!Arrays.equals(start, PARQUET)) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          version.id() + " is no snapshot: it has no parts, and its content is no Parquet file");
    }
  }

  /**
   * The snapshots of a name, oldest first; none if there are none. Other data sets under that name
   * are left out: those that have neither attachments nor the properties {@code rows} and {@code
   * columns}.
   */
  public List<Snapshot> list(String name) {
    List<Snapshot> found = new ArrayList<>();
    for (Version version : registry.versions(Kind.DATASET, name)) {
      if (version.properties().keySet().containsAll(List.of("rows", "columns"))) {
        found.add(get(version));
      }
    }
    return List.copyOf(found);
  }

  /** Makes a table of a snapshot, its rows in their order; there must be none of that name. */
  public LoadResult restore(Snapshot snapshot, String table) {
    return restore(snapshot, table, Load.create());
  }

  /**
   * Brings a snapshot into a table, all or nothing.
   *
   * @param load whether the table is made, replaced or added to
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if a file is not what was
   *     registered; otherwise as {@link Warehouse#load(String, Source, Load)}
   */
  public LoadResult restore(Snapshot snapshot, String table, Load load) {
    Objects.requireNonNull(snapshot, "snapshot");
    return warehouse.load(table, new SnapshotSource(snapshot, warehouse.parts()), load);
  }

  /**
   * Compares two snapshots: their columns and their rows. A column that is in both by name but of
   * another type counts as changed; its values are not compared. Values are compared as {@code IS
   * DISTINCT FROM} does: null equals null, and NaN equals NaN.
   *
   * @param key the columns that tell a row from all others in both snapshots; without any, rows are
   *     compared as wholes, however often each occurs, and none counts as changed
   * @throws IllegalArgumentException if the key is not made of columns that both have, of the same
   *     type
   * @throws MlInfraException {@link ErrorCode#DATA_UNSUITABLE} if several rows of one snapshot have
   *     the same key
   */
  public SnapshotDiff diff(Snapshot before, Snapshot after, String... key) {
    Objects.requireNonNull(before, "before");
    Objects.requireNonNull(after, "after");
    SnapshotComparison comparison = new SnapshotComparison(before, after, List.of(key));
    return warehouse.inside(
        () -> {
          try (DuckDBConnection connection = warehouse.database().connect()) {
            return comparison.run(connection, warehouse.parts());
          }
        });
  }

  /**
   * Deletes the versions of a name that a policy does not keep, and collects the registry's
   * garbage. A version from which a remaining version of anything was made stays. Files that
   * another version has, too, stay with it.
   *
   * @param reason why, for those who ask for a version that is gone
   * @return what was deleted
   */
  public List<VersionId> expire(String name, Retention policy, String reason) {
    List<VersionId> deleted = registry.expire(Kind.DATASET, name, policy, reason);
    registry.collectGarbage();
    return deleted;
  }

  @Override
  public String toString() {
    return "Snapshots[" + registry + "]";
  }
}
