package io.mlinfra.training.backend;

/**
 * A matrix that belongs to the {@link Backend} that made it. Not thread-safe. Closing twice is
 * fine.
 */
public interface Tensor extends AutoCloseable {
  int rows();

  int columns();

  @Override
  void close();
}
