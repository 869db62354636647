/**
 * What is kept is named by its content: a {@link io.mlinfra.core.version.ContentHash}. Where it
 * stands in the registry is a {@link io.mlinfra.core.version.VersionId}; what it was made from, and
 * what was made from it, is {@link io.mlinfra.core.version.Lineage}.
 */
@NullMarked
package io.mlinfra.core.version;

import org.jspecify.annotations.NullMarked;
