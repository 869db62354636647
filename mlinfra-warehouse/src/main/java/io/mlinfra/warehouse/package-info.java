/**
 * A columnar SQL warehouse inside the process, on DuckDB. Start with {@link
 * io.mlinfra.warehouse.Warehouse}: {@link io.mlinfra.warehouse.Load loads} bring a {@link
 * io.mlinfra.warehouse.Source} into a table; a {@link io.mlinfra.warehouse.Query} gives records,
 * lazy Arrow streams, blocks of numbers or a file; {@link io.mlinfra.warehouse.Snapshots} keep
 * tables as versions in a registry; a {@link io.mlinfra.warehouse.ScalarFunction} lets SQL call
 * Java. Whether tables hold what they should is the matter of {@link io.mlinfra.warehouse.quality}.
 *
 * <p>Ownership: what a method returns is the caller's to close; arguments are borrowed. Closing a
 * warehouse closes the streams, JDBC connections and functions that are still open.
 */
@NullMarked
package io.mlinfra.warehouse;

import org.jspecify.annotations.NullMarked;
