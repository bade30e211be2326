/**
 * What a training step and an output of a Deeplearning4j network cost, with and without adapters, measured with JMH
 * ({@code mvn -Pbenchmark verify -Dbenchmark=dl4j}).
 *
 * <p>{@code Dl4jBenchmark} starts a process for each build of the native library, {@code ClassPathRun}, and reports what
 * they measured. That one has JMH start a process for each {@code Model}. In it everything takes turns: {@code Turns}
 * tells how and why. A figure that the project promises is a line in {@code Figures}.
 */
package org.lora4j.integration.benchmark.dl4j;
