/** The warehouse beside the ways that a Java program gets at DuckDB's data by hand. */
@NullMarked
package io.mlinfra.benchmarks.warehouse;

import org.jspecify.annotations.NullMarked;
