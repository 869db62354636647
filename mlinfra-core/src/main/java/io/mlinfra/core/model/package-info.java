/**
 * Everything that predicts: a {@link io.mlinfra.core.model.Model} is an ONNX graph and its
 * signature.
 */
@NullMarked
package io.mlinfra.core.model;

import org.jspecify.annotations.NullMarked;
