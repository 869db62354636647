/**
 * Watching data: a {@link io.mlinfra.monitoring.Profile} is the mergeable summary of a data set,
 * made in one pass; a {@link io.mlinfra.monitoring.DriftTest} compares two of them; a {@link
 * io.mlinfra.monitoring.Report} is the page that people look at.
 *
 * <p>Start with {@link io.mlinfra.monitoring.Profile#of}. Nothing here owns memory outside the
 * heap: batches and readers are borrowed, and everything returned is an immutable value.
 */
@NullMarked
package io.mlinfra.monitoring;

import org.jspecify.annotations.NullMarked;
