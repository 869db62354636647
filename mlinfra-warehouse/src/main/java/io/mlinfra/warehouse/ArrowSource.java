package io.mlinfra.warehouse;

import java.util.Objects;
import org.apache.arrow.vector.ipc.ArrowReader;

/** A stream of Arrow batches. */
record ArrowSource(ArrowReader reader) implements Source {
  ArrowSource {
    Objects.requireNonNull(reader, "reader");
  }
}
