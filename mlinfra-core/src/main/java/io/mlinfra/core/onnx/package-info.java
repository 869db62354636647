/**
 * ONNX graphs as plain values, and the bytes they are kept as. A {@link
 * io.mlinfra.core.onnx.GraphBuilder} builds a graph node by node; {@link
 * io.mlinfra.core.onnx.OnnxFile} writes it and reads it back. The protobuf encoding is our own, a
 * few hundred lines, so that a host needs no protobuf library.
 *
 * <p>Files of other tools start at {@link io.mlinfra.core.onnx.OnnxInspection}, which tells what is
 * in any of them; {@link io.mlinfra.core.onnx.OnnxPolicy} decides by that whether it may come in,
 * and {@link io.mlinfra.core.onnx.OnnxColumns} gives its tables named columns.
 *
 * <p>Follows onnx.proto of IR version 10. Everything here is immutable but the builder.
 */
@NullMarked
package io.mlinfra.core.onnx;

import org.jspecify.annotations.NullMarked;
