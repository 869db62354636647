/**
 * What every part of mlinfra shares: one exception, progress, and closing that waits for calls in
 * flight.
 *
 * <p>Start with the currencies in the packages below this one: {@link io.mlinfra.core.data} for
 * tabular data, {@link io.mlinfra.core.model} and {@link io.mlinfra.core.onnx} for everything that
 * predicts, {@link io.mlinfra.core.version} for everything that is kept.
 */
@NullMarked
package io.mlinfra.core;

import org.jspecify.annotations.NullMarked;
