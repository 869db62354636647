package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.Registration;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.FrozenRows.Range;
import io.mlinfra.warehouse.Manifest.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.duckdb.DuckDBConnection;

/** Takes one snapshot: cuts its rows into parts, writes those that are new, registers it. */
final class SnapshotTaking {
  private final DuckDBConnection connection;
  private final FrozenRows rows;
  private final List<Range> ranges;
  private final WorkFolder work;
  private final List<Path> files = new ArrayList<>();

  SnapshotTaking(DuckDBConnection connection, FrozenRows rows, PartSizes sizes, WorkFolder work)
      throws SQLException {
    this.connection = connection;
    this.rows = rows;
    this.ranges = rows.cut(sizes);
    this.work = work;
  }

  /**
   * Registers the rows.
   *
   * @param previous a snapshot whose parts need not be written again
   */
  Snapshot register(
      Registry registry,
      String name,
      Map<String, String> source,
      List<Version> madeFrom,
      Optional<Snapshot> previous)
      throws SQLException {
    try {
      Registration registration = Registration.of(Kind.DATASET, name).madeFrom(madeFrom);
      Manifest manifest = parts(registration, previous);
      registration
          .content(manifest.toBytes())
          .properties(source)
          .property("rows", Long.toString(manifest.rows()))
          .property(
              "columns",
              manifest.columns().stream()
                  .map(Snapshot.Column::toString)
                  .collect(Collectors.joining(", ")))
          .property("parts", Integer.toString(manifest.parts().size()))
          .property("bytes", Long.toString(manifest.bytes()));
      return new Snapshot(registry, registry.register(registration), manifest);
    } catch (MlInfraException e) {
      if (previous.isEmpty()
          || e.code() != ErrorCode.NAME_UNKNOWN && e.code() != ErrorCode.CONTENT_ALTERED) {
        throw e;
      }
      // The previous snapshot was deleted meanwhile, or lost a part: then all are written.
      return register(registry, name, source, madeFrom, Optional.empty());
    } finally {
      files.forEach(WorkFolder::delete);
      files.clear();
    }
  }

  private Manifest parts(Registration registration, Optional<Snapshot> previous)
      throws SQLException {
    String engine = engine();
    Map<String, Part> known = new HashMap<>();
    if (previous.isPresent()) {
      Manifest before = previous.get().manifest();
      if (before.engine().equals(engine) && before.columns().equals(rows.columns())) {
        before.parts().forEach(part -> known.put(part.fingerprint(), part));
      }
    }
    List<Part> parts = new ArrayList<>();
    for (Range range : ranges) {
      String fingerprint = rows.fingerprint(range);
      Part part = known.get(fingerprint);
      if (part != null && part.rows() == range.rows()) {
        registration.attach(part.attachment(), previous.orElseThrow().version(), part.attachment());
      } else {
        part = write(range, fingerprint, registration);
      }
      parts.add(part);
    }
    return new Manifest(engine, rows.columns(), parts);
  }

  private Part write(Range range, String fingerprint, Registration registration)
      throws SQLException {
    Path file = work.newPath("part.parquet");
    files.add(file);
    rows.write(range, file);
    try {
      Part part = new Part(ContentHash.of(file), range.rows(), Files.size(file), fingerprint);
      registration.attach(part.attachment(), file);
      return part;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "a part of a snapshot, '" + file + "', is gone: " + e, e);
    }
  }

  private String engine() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet version = statement.executeQuery("SELECT version()")) {
      version.next();
      return version.getString(1);
    }
  }
}
