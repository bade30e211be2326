/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.lora4j.error.Arguments;
import org.lora4j.internal.graph.GraphCopy;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Copies of graphs, whole or in part, to build further on. A copy has variables and ops of its own and shares the arrays, so
 * nothing that is added to it is seen in the source.
 *
 * @apiNote Status: experimental
 */
public final class GraphParts {

    private GraphParts() {}

    /**
     * A copy of a graph.
     *
     * @param graph the source, which is only read
     * @return the copy, with the same names
     */
    public static SameDiff copy(SameDiff graph) {
        Arguments.required(graph, "GraphParts.copy: graph", "a graph");
        return GraphCopy.of(graph).build();
    }

    /**
     * The upper part of a graph: what is needed to compute outputs once some activations are known, which are its
     * placeholders.
     *
     * @param graph the source, which is only read
     * @param activations names of the variables that are given
     * @param outputs names of the variables that are wanted
     * @return the part, with the same names
     */
    public static SameDiff above(SameDiff graph, Set<String> activations, Collection<String> outputs) {
        Arguments.required(graph, "GraphParts.above: graph", "a graph");
        Arguments.allRequired(activations, "GraphParts.above: activations", "the name of a variable");
        Arguments.allRequired(outputs, "GraphParts.above: outputs", "the name of a variable");
        return GraphCopy.of(graph).part(activations, outputs, List.of()).build();
    }
}
