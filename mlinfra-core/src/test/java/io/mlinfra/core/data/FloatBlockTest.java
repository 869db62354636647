package io.mlinfra.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FloatBlockTest {
  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void everyBufferIsFreed() {
    allocator.close();
  }

  @Test
  void keepsValuesRowByRow() {
    try (FloatBlock block = FloatBlock.allocate(allocator, 3, 2)) {
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 2; column++) {
          block.set(row, column, 10 * row + column);
        }
      }
      FloatBuffer rows = block.rows(1, 2);
      assertThat(rows.order()).isEqualTo(ByteOrder.nativeOrder());
      assertThat(rows.isDirect()).isTrue();
      float[] values = new float[4];
      rows.get(values);
      assertThat(values).containsExactly(10, 11, 20, 21);
      block.rows(0, 1).put(1, 99);
      assertThat(block.get(0, 1)).isEqualTo(99);
      assertThat(block.address()).isNotZero();
      assertThat(block).hasToString("FloatBlock[3 x 2]");
      assertThat(block.rows()).isEqualTo(3);
      assertThat(block.columns()).isEqualTo(2);
    }
  }

  @Test
  void countsItsMemoryAgainstTheAllocator() {
    FloatBlock block = FloatBlock.allocate(allocator, 1000, 16);
    assertThat(allocator.getAllocatedMemory()).isBetween(64_000L, 128_000L);
    block.close();
    assertThat(allocator.getAllocatedMemory()).isZero();
    block.close();
    assertThat(allocator.getAllocatedMemory()).isZero();
  }

  @Test
  void refusesImpossibleSizes() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FloatBlock.allocate(allocator, -1, 1))
        .withMessage("rows (-1) must be >= 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FloatBlock.allocate(allocator, 1, 0))
        .withMessage("columns (0) must be > 0");
    // Its bytes, taken modulo 2^64, would be a negative number.
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FloatBlock.allocate(allocator, Integer.MAX_VALUE, Integer.MAX_VALUE))
        .withMessageContaining("2147483647 x 2147483647");
  }

  @Test
  void refusesRowsAndColumnsThatAreNotThere() {
    try (FloatBlock block = FloatBlock.allocate(allocator, 2, 3)) {
      int[][] outside = {{-1, 0}, {2, 0}, {0, -1}, {0, 3}, {Integer.MAX_VALUE, Integer.MAX_VALUE}};
      for (int[] at : outside) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
            .isThrownBy(() -> block.get(at[0], at[1]))
            .withMessage("row " + at[0] + ", column " + at[1] + " of a block of 2 x 3");
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
            .isThrownBy(() -> block.set(at[0], at[1], 1));
      }
      int[][] ranges = {{-1, 1}, {0, 3}, {2, 1}, {1, -1}, {1, Integer.MAX_VALUE}};
      for (int[] range : ranges) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
            .isThrownBy(() -> block.rows(range[0], range[1]))
            .withMessageEndingWith(" of 2");
      }
      assertThat(block.rows(2, 0).remaining()).isZero();
    }
  }

  @Test
  void mayHaveNoRows() {
    try (FloatBlock block = FloatBlock.allocate(allocator, 0, 5)) {
      assertThat(block.rows(0, 0).capacity()).isZero();
    }
  }

  @Test
  void refusesUseAfterClosing() {
    FloatBlock block = FloatBlock.allocate(allocator, 2, 2);
    block.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> block.get(0, 0))
        .withMessage("the block is closed");
    assertThatIllegalStateException().isThrownBy(() -> block.set(0, 0, 1));
    assertThatIllegalStateException().isThrownBy(() -> block.rows(0, 1));
    assertThatIllegalStateException().isThrownBy(block::address);
  }
}
