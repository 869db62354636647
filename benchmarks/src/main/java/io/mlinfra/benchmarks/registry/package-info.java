/** The registry beside MLflow's files and beside Git, which keep versions in a folder too. */
@NullMarked
package io.mlinfra.benchmarks.registry;

import org.jspecify.annotations.NullMarked;
