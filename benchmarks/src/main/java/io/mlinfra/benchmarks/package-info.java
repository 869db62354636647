/**
 * What is measured, each beside its rivals. A package per area holds its benchmarks; {@code mvn -q
 * -Pbench -Dbench=<area>} at the root of the repository runs them all by {@link
 * io.mlinfra.benchmarks.Benchmarks} and writes {@code benchmarks/target/results/<area>.json}.
 *
 * <p>A benchmark has a parameter {@code rival}, whose value {@code ours} is this library; every
 * other value is a peer that does the same work. Peers that are a program are announced by {@link
 * io.mlinfra.benchmarks.Needs}. Files are written below the folder that the system property {@code
 * scratch} names, which is deleted when all is done.
 */
@NullMarked
package io.mlinfra.benchmarks;

import org.jspecify.annotations.NullMarked;
