/**
 * A columnar SQL warehouse inside the process, on DuckDB. Start with {@link
 * io.mlinfra.warehouse.Warehouse}: it loads a {@link io.mlinfra.warehouse.Source} (files, Arrow,
 * other databases) into a table as a {@link io.mlinfra.warehouse.Load} says, gives the results of a
 * {@link io.mlinfra.warehouse.Query} as lazy Arrow streams, records, blocks of numbers or files,
 * and takes {@link io.mlinfra.warehouse.Snapshots} into a registry.
 *
 * <p>Ownership: what a method returns is the caller's to close; arguments are borrowed. Closing a
 * warehouse closes the streams that are still open.
 */
@NullMarked
package io.mlinfra.warehouse;

import org.jspecify.annotations.NullMarked;
