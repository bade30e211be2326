/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Holds the libraries of processes that are started to the instructions of other processors: what code runs there, not how fast. ONNX
 * Runtime and llama.cpp cannot be held.
 */
enum StandIn {
    /** All instructions that this processor has. */
    NONE(Map.of(), List.of()),
    /** Those of most processors without AVX-512. */
    AVX2(
            Map.of(
                    "ONEDNN_MAX_CPU_ISA", "AVX2",
                    "OPENBLAS_CORETYPE", "Haswell",
                    "MKL_ENABLE_INSTRUCTIONS", "AVX2",
                    "ATEN_CPU_CAPABILITY", "avx2"),
            List.of("-XX:UseAVX=2"));

    /** The system property that names one. */
    static final String PROPERTY = "benchmark.instructions";

    private final Map<String, String> environment;
    private final List<String> options;

    StandIn(Map<String, String> environment, List<String> options) {
        this.environment = environment;
        this.options = options;
    }

    /** What was asked for. */
    static StandIn asked() {
        return valueOf(System.getProperty(PROPERTY, NONE.name()));
    }

    Map<String, String> environment() {
        return environment;
    }

    /** Options of Java; a process that starts others hands the property on. */
    List<String> options() {
        return this == NONE
                ? options
                : Stream.concat(options.stream(), Stream.of("-D" + PROPERTY + "=" + this))
                        .toList();
    }
}
