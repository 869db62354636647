/**
 * A columnar SQL warehouse inside the process, on DuckDB. Start with {@link
 * io.mlinfra.warehouse.Warehouse}: it loads files and Arrow streams into tables, and gives results
 * out as lazy Arrow streams or as one block of numbers.
 *
 * <p>Ownership: what a method returns is the caller's to close; arguments are borrowed. Closing a
 * warehouse closes the streams that are still open.
 */
@NullMarked
package io.mlinfra.warehouse;

import org.jspecify.annotations.NullMarked;
