package io.mlinfra.core.onnx;

import java.util.List;

/** A named setting of a {@link Node}. */
public sealed interface Attribute {
  /** Its name, as the operator's specification gives it. */
  String name();

  /** An integer. */
  record Int(String name, long value) implements Attribute {}

  /** A float. */
  record Real(String name, float value) implements Attribute {}

  /** A text. */
  record Text(String name, String value) implements Attribute {}

  /** A list of integers. */
  record Ints(String name, List<Long> values) implements Attribute {
    public Ints {
      values = List.copyOf(values);
    }
  }

  /** A list of floats. */
  record Reals(String name, List<Float> values) implements Attribute {
    public Reals {
      values = List.copyOf(values);
    }
  }

  /** A list of texts. */
  record Texts(String name, List<String> values) implements Attribute {
    public Texts {
      values = List.copyOf(values);
    }
  }

  /** A tensor. */
  record Tensor(String name, TensorValue value) implements Attribute {}
}
