/**
 * From a training set to a model: a {@link io.mlinfra.training.Trainer} fits, a {@link
 * io.mlinfra.training.Trained} is what comes out, an {@link io.mlinfra.training.Evaluation} says
 * how good it is, to people and, as a report, to a registry whose policies ask for it.
 *
 * <p>The same data, settings, seed and backend give the same model, byte for byte.
 */
@NullMarked
package io.mlinfra.training;

import org.jspecify.annotations.NullMarked;
