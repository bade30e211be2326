/**
 * What training and outputs cost, measured: this library beside stock SameDiff and Deeplearning4j, PyTorch and ONNX Runtime,
 * and beside the products that no way of training can do without. Programs of their own ({@code mvn -Pbenchmark verify}),
 * because times need a quiet machine and tests must not.
 *
 * <p>{@code PeerBenchmark} has a process for each {@code Team}, as native libraries do not share one well. All contenders of
 * all teams take turns, so that a change of the machine's mood meets all alike, and a ratio is the median of the ratios of
 * rounds. Every benchmark ends with one {@code Summary}: times, and each promise with {@code reached} or {@code not reached}.
 *
 * <p>To time something else beside the rest, add a {@code Contender} to a team; to promise something, a line in {@code Match}.
 */
package org.lora4j.integration.benchmark;
