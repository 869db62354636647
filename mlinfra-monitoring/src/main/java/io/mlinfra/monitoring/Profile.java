package io.mlinfra.monitoring;

import java.util.List;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;

/** A data set's mergeable summary. Immutable and thread-safe. */
public final class Profile {
  private Profile() {}

  /** Summarises what the reader still has to give; the reader is borrowed. */
  public static Profile of(ArrowReader reader) {
    throw new UnsupportedOperationException();
  }

  public static Builder builder() {
    return new Builder();
  }

  public Profile merge(Profile other) {
    throw new UnsupportedOperationException();
  }

  public long rows() {
    throw new UnsupportedOperationException();
  }

  public List<ColumnProfile> columns() {
    throw new UnsupportedOperationException();
  }

  public ColumnProfile column(String name) {
    throw new UnsupportedOperationException();
  }

  public byte[] toBytes() {
    throw new UnsupportedOperationException();
  }

  public static Profile read(byte[] bytes) {
    throw new UnsupportedOperationException();
  }

  public String toHtml() {
    throw new UnsupportedOperationException();
  }

  /** Takes batches one by one. Not thread-safe. */
  public static final class Builder {
    private Builder() {}

    /** Adds a batch, which is borrowed. */
    public Builder accept(VectorSchemaRoot batch) {
      throw new UnsupportedOperationException();
    }

    public Profile build() {
      throw new UnsupportedOperationException();
    }
  }
}
