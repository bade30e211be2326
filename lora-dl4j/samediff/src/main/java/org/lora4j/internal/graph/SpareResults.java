/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Results that a graph has and nothing in it reads, such as what the pooler of an encoder gives beside a mean over tokens. Their modules
 * are there so that adapters which have factors for them find their place; configs reach them by name only.
 *
 * @apiNote Status: internal
 */
public final class SpareResults {

    private static final String PREFIX = "spare/";

    private SpareResults() {}

    /**
     * The name of a spare result.
     *
     * @param result what it is
     * @return the name of its variable
     */
    public static String name(String result) {
        return PREFIX + result;
    }

    /**
     * The variables that lead to spare results alone.
     *
     * @return names of variables; empty for a graph without spare results
     */
    public static Set<String> variables(SameDiff graph) {
        List<String> ends = GraphOrder.outputs(graph);
        List<String> spare =
                ends.stream().filter(name -> name.startsWith(PREFIX)).toList();
        if (spare.isEmpty()) {
            return Set.of();
        }
        Set<String> alone = new HashSet<>(GraphOrder.ancestors(graph, spare));
        alone.removeAll(GraphOrder.ancestors(
                graph, ends.stream().filter(name -> !spare.contains(name)).toList()));
        return alone;
    }
}
