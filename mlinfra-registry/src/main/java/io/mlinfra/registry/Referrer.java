package io.mlinfra.registry;

import io.mlinfra.registry.BlobStore.Blob;
import java.io.IOException;

/**
 * Keeps records of its own, beside those of versions and aliases. Garbage collection spares what
 * they refer to, and a verification looks for it.
 */
@FunctionalInterface
interface Referrer {
  /** Whom to tell. */
  interface Visitor {
    /**
     * Some content is needed.
     *
     * @param owner whose it is, for error messages
     */
    void content(Blob blob, String owner);

    /** Something is not as it was written: one line, naming the file. */
    void problem(String finding);
  }

  /**
   * Reads all its records. A record that cannot be read is a problem; or an exception, if there is
   * no going on.
   */
  void visit(Visitor visitor) throws IOException;
}
