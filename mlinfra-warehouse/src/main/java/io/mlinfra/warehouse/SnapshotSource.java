package io.mlinfra.warehouse;

import java.sql.SQLException;

/** The rows of a snapshot. */
final class SnapshotSource extends Source {
  private final Snapshot snapshot;
  private final PartFiles files;

  SnapshotSource(Snapshot snapshot, PartFiles files) {
    this.snapshot = snapshot;
    this.files = files;
  }

  @Override
  Scan open(Scan.Context context) {
    String from = files.from(snapshot);
    return new Scan() {
      @Override
      public String from() {
        return from;
      }

      @Override
      public long units() {
        return snapshot.rows();
      }

      @Override
      public RuntimeException failed(SQLException error) {
        return Errors.of(error);
      }
    };
  }

  @Override
  public String toString() {
    return "Source[" + snapshot + "]";
  }
}
