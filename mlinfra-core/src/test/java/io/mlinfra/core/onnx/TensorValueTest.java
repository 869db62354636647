package io.mlinfra.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import org.junit.jupiter.api.Test;

class TensorValueTest {
  @Test
  void copiesArraysOnTheWayInAndOut() {
    float[] values = {1, 2};
    long[] shape = {2};
    TensorValue tensor = TensorValue.floats(values, shape);
    values[0] = 9;
    shape[0] = 9;
    tensor.floats()[1] = 9;
    tensor.shape()[0] = 9;
    assertThat(tensor.floats()).containsExactly(1, 2);
    assertThat(tensor.shape()).containsExactly(2);
  }

  @Test
  void refusesAShapeThatDoesNotHoldTheValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.bools(new boolean[3], 2, 2))
        .withMessage("shape [2, 2] holds 4 values, not 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.int64s(new long[2]))
        .withMessage("shape [] holds 1 values, not 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.doubles(new double[4], -2, -2))
        .withMessageContaining("must not be negative");
  }

  @Test
  void refusesToBeReadAsAnotherType() {
    TensorValue tensor = TensorValue.strings(List.of("a"), 1);
    assertThatIllegalStateException()
        .isThrownBy(tensor::floats)
        .withMessage("the tensor holds STRING, not FLOAT");
    assertThatIllegalStateException().isThrownBy(tensor::doubles);
    assertThatIllegalStateException().isThrownBy(tensor::int64s);
    assertThatIllegalStateException().isThrownBy(tensor::bools);
    assertThatIllegalStateException().isThrownBy(TensorValue.bools(new boolean[0], 0)::strings);
  }

  @Test
  void carriesTypesWithoutAMethodAsTheirBytes() {
    byte[] bytes = {1, 2, 3, 4};
    TensorValue halves = TensorValue.raw(ElementType.FLOAT16, bytes, 2);
    bytes[0] = 9;
    halves.raw()[0] = 9;
    assertThat(halves.raw()).containsExactly(1, 2, 3, 4);
    assertThat(halves)
        .isEqualTo(TensorValue.raw(ElementType.FLOAT16, new byte[] {1, 2, 3, 4}, 2))
        .isNotEqualTo(TensorValue.raw(ElementType.INT16, new byte[] {1, 2, 3, 4}, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.raw(ElementType.FLOAT, new byte[4], 1))
        .withMessage("type (FLOAT) must be one without a method here");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.raw(ElementType.INT32, new byte[3], 1))
        .withMessage("3 bytes must be a multiple of 4 for INT32");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TensorValue.raw(ElementType.INT32, new byte[4], 2))
        .withMessageContaining("holds 2 values, not 1");
    assertThatIllegalStateException().isThrownBy(halves::floats);
    assertThatIllegalStateException()
        .isThrownBy(() -> TensorValue.floats(new float[1], 1).raw())
        .withMessageContaining("FLOAT");
  }

  @Test
  void isEqualByTypeShapeAndValues() {
    TensorValue one = TensorValue.floats(new float[] {0, Float.NaN}, 2);
    assertThat(one)
        .isEqualTo(TensorValue.floats(new float[] {0, Float.NaN}, 2))
        .hasSameHashCodeAs(TensorValue.floats(new float[] {0, Float.NaN}, 2))
        .isNotEqualTo(TensorValue.floats(new float[] {-0f, Float.NaN}, 2))
        .isNotEqualTo(TensorValue.floats(new float[] {0, Float.NaN}, 1, 2))
        .isNotEqualTo(TensorValue.doubles(new double[] {0, Float.NaN}, 2))
        .hasToString("FLOAT[2]");
  }
}
