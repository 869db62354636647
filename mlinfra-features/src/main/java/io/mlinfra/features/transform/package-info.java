/**
 * Column transforms that are fitted on training data and belong to the model. Start with {@link
 * io.mlinfra.features.transform.Pipeline}.
 *
 * <p>Every transform has three faces: it is fitted over Arrow batches in one mergeable pass, it is
 * applied to Arrow batches into one row-major float block, and it writes itself as ONNX nodes. The
 * faces agree to the bit: all arithmetic is double precision with + − × ÷, comparison and
 * selection, and is cast to float once, at the end.
 */
@NullMarked
package io.mlinfra.features.transform;

import org.jspecify.annotations.NullMarked;
