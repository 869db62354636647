package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.ErrorCode;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  private static final SQLException FULL =
      new SQLException(
          "TransactionContext Error: Failed to commit: Could not write file \"w.db.wal\":"
              + " No space left on device");

  @Test
  void aFullDiskAtTheCommitIsNoConflict() {
    assertThat(Errors.of(FULL).code()).isEqualTo(ErrorCode.IO_FAILED);
    assertThat(Errors.isConflict(FULL)).isFalse();
  }

  @Test
  void twoThatChangeTheSameAreAConflict() {
    SQLException met = new SQLException("TransactionContext Error: Conflict on tuple deletion!");
    assertThat(Errors.of(met).code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(Errors.isConflict(met)).isTrue();
  }
}
