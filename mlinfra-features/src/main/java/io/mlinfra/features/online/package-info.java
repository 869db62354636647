/**
 * Feature values for serving: the {@link io.mlinfra.features.online.OnlineStore}, in memory, in a
 * file or in Redis, and the {@link io.mlinfra.features.online.FeatureLog} of what it answered.
 */
@NullMarked
package io.mlinfra.features.online;

import org.jspecify.annotations.NullMarked;
