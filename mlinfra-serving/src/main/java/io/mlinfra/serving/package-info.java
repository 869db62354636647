/**
 * Answers. A {@link io.mlinfra.serving.Scorer} is one loaded model; a {@link
 * io.mlinfra.serving.Deployment} serves whatever version an alias of the registry points to and
 * changes versions without losing a request. Both check every input against the model's signature
 * before native code sees it.
 *
 * <p>Ownership: scorers and deployments hold native memory and are closed by whoever opened them.
 * Models, registries, rows, batches, readers and buffers that are passed in are borrowed.
 *
 * <p>ONNX Runtime keeps one environment per process; it is used as found, or made with its
 * defaults, and never closed from here.
 */
@NullMarked
package io.mlinfra.serving;

import org.jspecify.annotations.NullMarked;
