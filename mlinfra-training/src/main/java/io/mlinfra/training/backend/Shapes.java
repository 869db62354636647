package io.mlinfra.training.backend;

/** Checks that the shapes of a call's matrices go together. */
final class Shapes {
  private Shapes() {}

  static void requireSize(int rows, int columns) {
    if (rows < 1 || columns < 1 || (long) rows * columns >= 1 << 29) {
      throw new IllegalArgumentException(
          "a tensor of "
              + rows
              + " x "
              + columns
              + " must have rows and columns > 0, and less than 2 GiB");
    }
  }

  static void requireInside(Tensor from, int offset, int rows, int columns) {
    requireSize(rows, columns);
    long end = offset + (long) rows * columns;
    if (offset < 0 || end > (long) from.rows() * from.columns()) {
      throw new IllegalArgumentException(
          "a view of " + rows + " x " + columns + " at " + offset + " does not fit into " + from);
    }
  }

  static void require(boolean fits, Object one, Object other) {
    if (!fits) {
      throw new IllegalArgumentException(one + " does not go with " + other);
    }
  }

  static void requireSame(Tensor one, Tensor other) {
    require(one.rows() == other.rows() && one.columns() == other.columns(), one, other);
  }

  static void requireRow(Tensor row, Tensor matrix) {
    require(row.rows() == 1 && row.columns() == matrix.columns(), row, matrix);
  }

  static void requireLength(float[] values, Tensor tensor) {
    require(
        values.length == (long) tensor.rows() * tensor.columns(),
        values.length + " values",
        tensor);
  }

  static void requireProduct(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c) {
    int rows = transposeA ? a.columns() : a.rows();
    int depth = transposeA ? a.rows() : a.columns();
    int otherDepth = transposeB ? b.columns() : b.rows();
    int columns = transposeB ? b.rows() : b.columns();
    require(depth == otherDepth, a, b);
    require(rows == c.rows() && columns == c.columns(), a + " times " + b, c);
  }
}
