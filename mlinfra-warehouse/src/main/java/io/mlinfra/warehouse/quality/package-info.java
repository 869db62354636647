/**
 * Whether tables hold what they should, and what they hold. Start with {@link
 * io.mlinfra.warehouse.quality.Constraints}, a suite of rules that is checked in as few scans as
 * possible and can stop a pipeline, or with {@link io.mlinfra.warehouse.quality.TableProfile},
 * which describes every column and from which a first suite can be suggested.
 *
 * <p>Everything here is immutable and belongs to nobody; the warehouse is borrowed for a call.
 */
@NullMarked
package io.mlinfra.warehouse.quality;

import org.jspecify.annotations.NullMarked;
