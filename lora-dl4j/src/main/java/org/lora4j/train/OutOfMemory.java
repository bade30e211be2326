/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tells the end of memory from other failures, and says which memory it was. */
final class OutOfMemory {

    /** How JavaCPP and ND4J say that memory outside of the Java heap ended. */
    private static final List<String> NATIVE = List.of(
            "Physical memory usage is too high",
            "Cannot allocate new",
            "bad_alloc",
            "allocation failed",
            "Failed to allocate");

    private OutOfMemory() {}

    static boolean isCauseOf(Throwable thrown) {
        return found(thrown) != null;
    }

    // The causes of an exception may form a ring; no chain of real ones is longer.
    private static Throwable found(Throwable thrown) {
        Throwable one = thrown;
        for (int depth = 0; one != null && depth < 20; depth++) {
            if (one instanceof OutOfMemoryError || isNative(one)) {
                return one;
            }
            one = one.getCause();
        }
        return null;
    }

    private static boolean isNative(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage());
        return NATIVE.stream().anyMatch(message::contains);
    }

    static String described(Throwable thrown, Map<String, INDArray> inputs) {
        Throwable found = found(thrown);
        boolean outside = isNative(found);
        String batch = new TreeMap<>(inputs)
                .entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue().dataType()
                                + Arrays.toString(e.getValue().shape()))
                        .collect(Collectors.joining(", "));
        return (outside ? "out of native memory" : "out of memory on the Java heap") + " (" + found.getMessage()
                + ") for a batch of " + batch + "; expected one that fits. Use smaller batches with accumulation(n),"
                + " shorter sequences, "
                + (outside
                        ? "model.recomputingActivations() on a SameDiff graph, or raise the limits"
                                + " -Dorg.bytedeco.javacpp.maxbytes and -Dorg.bytedeco.javacpp.maxphysicalbytes."
                        : "or raise -Xmx.");
    }
}
