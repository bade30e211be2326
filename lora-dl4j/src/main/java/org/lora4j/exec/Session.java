/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A stock session of our own over a graph, apart from those that the graph keeps per thread. */
final class Session {

    private final InferenceSession session;

    Session(Engine engine, SameDiff graph) {
        this.session = engine.session(graph);
    }

    Map<String, INDArray> run(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return run(placeholders, outputs, List.of());
    }

    Map<String, INDArray> run(
            Map<String, INDArray> placeholders, Collection<String> outputs, List<Listener> listeners) {
        At at = At.builder().operation(Operation.INFERENCE).build();
        Map<String, INDArray> found;
        try {
            found = session.output(new ArrayList<>(outputs), placeholders, null, Set.of(), listeners, at);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "graph input: ND4J cannot run the graph on " + describe(placeholders) + " ("
                            + String.valueOf(e.getMessage()).trim()
                            + "); expected arrays whose shapes and values belong"
                            + " together. Compare them with each other and with the placeholders of the graph.",
                    e);
        }
        Map<String, INDArray> ordered = new LinkedHashMap<>();
        for (String name : outputs) {
            ordered.put(name, found.get(name));
        }
        return ordered;
    }

    /** Gives the memory back that is kept for the next run. What runs gave stays. */
    void release() {
        session.getMmgr().close();
    }

    private static String describe(Map<String, INDArray> placeholders) {
        if (placeholders.isEmpty()) {
            return "no input";
        }
        return placeholders.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue().dataType()
                        + Arrays.toString(e.getValue().shape()))
                .sorted()
                .collect(Collectors.joining(", "));
    }
}
