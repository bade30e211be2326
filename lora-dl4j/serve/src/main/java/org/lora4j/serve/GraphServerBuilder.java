/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Describes a server of a SameDiff graph.
 *
 * @apiNote Status: stable
 */
public final class GraphServerBuilder extends ServerBuilder<GraphServerBuilder> {

    private final SameDiff base;
    private Map<String, String> names = Map.of();
    private List<String> outputs = List.of();
    private int threads = 1;

    GraphServerBuilder(SameDiff base) {
        this.base = base;
    }

    /**
     * Starts the description of a server of a graph, as {@link AdapterServer#builder(SameDiff)} does, for programs that have no Deeplearning4j
     * on their class path: a compiler cannot choose among the builders of networks without its classes.
     *
     * @param base the graph; never changed. Its weights are shared and must not change while it is served
     * @return a builder
     */
    public static GraphServerBuilder of(SameDiff base) {
        return new GraphServerBuilder(Arguments.required(base, "GraphServerBuilder.of: base", "a graph"));
    }

    @Override
    GraphServerBuilder self() {
        return this;
    }

    /**
     * Says what is computed.
     *
     * @param variables names of variables with a row, or equally many, for each row of the batch
     * @return this
     */
    public GraphServerBuilder outputs(String... variables) {
        Arguments.required(variables, "AdapterServer: outputs", "names of variables");
        outputs = List.copyOf(
                Arguments.allRequired(Arrays.asList(variables), "AdapterServer: outputs", "the name of a variable"));
        return this;
    }

    /**
     * Chooses module paths where names of the graph and of adapters differ.
     *
     * @param paths as for {@link AdaptedSameDiff#of(SameDiff, Map)}; none by default
     * @return this
     */
    public GraphServerBuilder names(Map<String, String> paths) {
        names = Map.copyOf(Arguments.allRequired(paths, "AdapterServer: names", "a module path"));
        return this;
    }

    /**
     * Shares the rows of each batch among threads. Native libraries have one thread in each of them, see {@link
     * org.lora4j.internal.parts.ParallelExecutor}.
     *
     * @param count 1 or more; 1 by default
     * @return this
     */
    public GraphServerBuilder threads(int count) {
        threads = count;
        return this;
    }

    @Override
    void check(Problems problems) {
        problems.atLeast("threads", threads, 1);
        problems.check(!outputs.isEmpty(), "no outputs; name the variables to compute with outputs(...)");
        for (String output : outputs) {
            problems.check(
                    base.hasVariable(output),
                    "output \"" + output + "\" is no variable of the graph"
                            + ClosestNames.hint(output, base.getVariables().keySet()) + ", its outputs are "
                            + Problems.quoted(GraphOrder.outputs(base)));
        }
        base.getVariables().keySet().stream()
                .filter(name -> name.startsWith(MixedGraph.PREFIX))
                .forEach(name -> problems.add("variable \"" + name + "\" has a name that the server needs"));
    }

    @Override
    ServedBase base() {
        return new GraphBase(base, names, outputs, example(), threads);
    }
}
