package io.mlinfra.registry;

import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Keeps records of its own, beside those of versions and aliases. */
interface Referrer {
  /**
   * Tells of all content that its records refer to, and whose it is. Garbage collection spares it.
   * A record that cannot be read is an exception, so that nothing of it is lost.
   */
  void contents(BiConsumer<Blob, String> content) throws IOException;

  /** Tells of each record that is not as it was written: one line, naming the file. */
  void verify(Consumer<String> problems) throws IOException;
}
