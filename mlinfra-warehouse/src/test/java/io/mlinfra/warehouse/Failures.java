package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What the tests expect to go wrong. */
final class Failures {
  private Failures() {}

  static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MlInfraException.class,
            e -> org.assertj.core.api.Assertions.assertThat(e.code()).as("%s", e).isEqualTo(code));
  }
}
