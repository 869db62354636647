/** Feature values for serving: the {@link io.mlinfra.features.online.OnlineStore}. */
@NullMarked
package io.mlinfra.features.online;

import org.jspecify.annotations.NullMarked;
