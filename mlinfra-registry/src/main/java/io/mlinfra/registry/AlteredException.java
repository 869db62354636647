package io.mlinfra.registry;

import java.io.IOException;

/** What a {@link Vault}'s stream throws at bytes that are not what was sealed. */
final class AlteredException extends IOException {
  private static final long serialVersionUID = 1L;

  AlteredException(String message) {
    super(message);
  }
}
