/**
 * What a training step costs, measured: LoRA against stock SameDiff and against the products that no way of training can do
 * without. A program of its own ({@code mvn -Pbenchmark verify}), because times need a quiet machine and tests must not.
 *
 * <p>Everything is timed in one JVM and in turns, so that a change of the machine's mood meets all alike. To time something
 * else beside the rest, add a {@code Contender} in {@code Workload}.
 */
package org.lora4j.integration.benchmark;
