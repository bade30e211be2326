/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** The ops that some outputs of a graph depend on, and who reads what among them. */
final class LiveOps {

    private final SameDiff graph;
    private final Set<String> outputs;
    private final Set<String> live = new HashSet<>();

    LiveOps(SameDiff graph, Collection<String> outputs) {
        this.graph = graph;
        this.outputs = Set.copyOf(outputs);
        for (String variable : GraphOrder.ancestors(graph, outputs)) {
            String producer = GraphOrder.producer(graph, variable);
            if (producer != null) {
                live.add(producer);
            }
        }
    }

    boolean contains(SameDiffOp op) {
        return live.contains(op.getName());
    }

    /** The op that computes a variable, or null for a leaf. */
    SameDiffOp producer(String variable) {
        String producer = GraphOrder.producer(graph, variable);
        return producer == null ? null : graph.getOps().get(producer);
    }

    /** The op that computes a variable if it has this name; else null. */
    SameDiffOp producer(String variable, String name) {
        SameDiffOp producer = producer(variable);
        return producer != null && producer.getOp().opName().equals(name) ? producer : null;
    }

    /** The op that alone reads a variable, once; null if others do, or if the variable is asked for. */
    SameDiffOp onlyReader(String variable) {
        List<String> readers = GraphOrder.consumers(graph, variable).stream()
                .filter(live::contains)
                .toList();
        if (outputs.contains(variable) || readers.size() != 1) {
            return null;
        }
        SameDiffOp reader = graph.getOps().get(readers.get(0));
        long times = GraphOrder.inputs(reader).stream().filter(variable::equals).count();
        return times == 1 ? reader : null;
    }
}
