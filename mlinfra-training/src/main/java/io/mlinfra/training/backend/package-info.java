/**
 * The few tensor operations that training needs, and who computes them. Trainers are written
 * against {@link io.mlinfra.training.backend.Backend}; {@link
 * io.mlinfra.training.backend.Backends#best()} picks one.
 *
 * <p>All tensors are row-major float32 matrices. Whoever allocates a tensor closes it; a view of a
 * tensor shares its memory and is not closed.
 */
@NullMarked
package io.mlinfra.training.backend;

import org.jspecify.annotations.NullMarked;
