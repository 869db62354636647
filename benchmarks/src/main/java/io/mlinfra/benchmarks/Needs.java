package io.mlinfra.benchmarks;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the program that the peers of a benchmark call. Where it is not installed, the benchmark is
 * skipped, and the output says so.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Needs {
  /** The program, as a shell would find it. */
  String value();
}
