/**
 * What the offline and the online store share: definitions made ready for the columns that a source
 * really has, events in order, and the functions over them. Not for hosts; it changes without
 * notice.
 */
@NullMarked
package io.mlinfra.features.internal;

import org.jspecify.annotations.NullMarked;
