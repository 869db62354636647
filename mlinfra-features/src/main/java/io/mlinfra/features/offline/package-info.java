/**
 * What was known of entities at times of the past. Start at {@link
 * io.mlinfra.features.offline.FeatureStore}, which computes the features of a {@link
 * io.mlinfra.features.view.FeatureService} over a warehouse: for a {@link
 * io.mlinfra.features.offline.TrainingSet} or a stream at each row's own time, or for all entities
 * at one time.
 *
 * <p>Point-in-time correct means: a row sees an event only from the moment at which it was known.
 */
@NullMarked
package io.mlinfra.features.offline;

import org.jspecify.annotations.NullMarked;
