/**
 * Tabular data. It travels as Arrow batches ({@code ArrowReader}, {@code VectorSchemaRoot}); this
 * package adds only what Arrow leaves open: the {@link io.mlinfra.core.data.Signature} of a model's
 * inputs and outputs, the {@link io.mlinfra.core.data.FloatBlock} that linear algebra wants, the
 * {@link io.mlinfra.core.data.NumberBlock} of either precision and order over memory that a caller
 * has already, and the check that the JVM lets Arrow work at all.
 *
 * <p>Ownership: whoever calls a method that allocates closes the result; arguments are borrowed.
 */
@NullMarked
package io.mlinfra.core.data;

import org.jspecify.annotations.NullMarked;
