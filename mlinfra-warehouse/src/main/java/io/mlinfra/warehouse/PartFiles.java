package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The parts of snapshots as files that DuckDB can read: out of the registry, where they may be
 * encrypted, each compared with its hash once. They are kept until the warehouse closes: a stream
 * that is open may read any of them. Thread-safe.
 */
final class PartFiles {
  private final WorkFolder work;
  private final Map<ContentHash, Path> files = new HashMap<>();

  PartFiles(WorkFolder work) {
    this.work = work;
  }

  /** The files of a snapshot, in the order of its rows. */
  List<Path> of(Snapshot snapshot) {
    return of(snapshot, snapshot.manifest().parts());
  }

  /** The files of some of its parts. */
  List<Path> of(Snapshot snapshot, List<Manifest.Part> parts) {
    List<Path> found = new ArrayList<>();
    for (Manifest.Part part : parts) {
      found.add(
          snapshot.isOneFile()
              ? content(snapshot.registry(), snapshot.version())
              : file(
                  part.hash(),
                  out -> snapshot.registry().read(snapshot.version(), part.attachment(), out),
                  snapshot.version()));
    }
    return found;
  }

  /** The content of a version itself. */
  Path content(Registry registry, Version version) {
    return file(version.id().hash(), out -> registry.read(version, out), version);
  }

  private interface Reading {
    void into(OutputStream out);
  }

  private synchronized Path file(ContentHash hash, Reading reading, Version version) {
    Path there = files.get(hash);
    // Whoever clears the system's temporary files may have taken it.
    if (there != null && Files.isRegularFile(there)) {
      return there;
    }
    Path file = work.newPath(hash.abbreviated() + ".parquet");
    try {
      try (OutputStream out = Files.newOutputStream(file)) {
        reading.into(out);
      } catch (MlInfraException e) {
        WorkFolder.delete(file);
        throw e;
      }
    } catch (IOException e) {
      WorkFolder.delete(file);
      throw new MlInfraException(
          ErrorCode.IO_FAILED, version.id() + " cannot be written to '" + file + "': " + e, e);
    }
    files.put(hash, file);
    return file;
  }

  /** What stands behind {@code FROM}: the rows of a snapshot in their order. */
  String from(Snapshot snapshot) {
    return from(snapshot.columns(), of(snapshot));
  }

  /** As {@link #from(Snapshot)}, of some of its parts. */
  static String from(List<Snapshot.Column> columns, List<Path> files) {
    List<String> casts = new ArrayList<>();
    for (Snapshot.Column column : columns) {
      String name = Sql.quoted(column.name());
      casts.add("CAST(" + name + " AS " + column.type() + ") AS " + name);
    }
    List<String> literals = new ArrayList<>();
    files.forEach(file -> literals.add(Sql.literal(Sql.pattern(file))));
    return "(SELECT "
        + String.join(", ", casts)
        + " FROM read_parquet(["
        + String.join(", ", literals)
        + "], hive_partitioning = false))";
  }
}
