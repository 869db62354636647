/** The feature store beside the SQL that does the same, and the online store beside plain maps. */
@NullMarked
package io.mlinfra.benchmarks.features;

import org.jspecify.annotations.NullMarked;
