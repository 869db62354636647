/**
 * The main job: once round the whole loop, on real flights. Start with {@link
 * io.mlinfra.examples.FlightDelays}.
 */
@NullMarked
package io.mlinfra.examples;

import org.jspecify.annotations.NullMarked;
