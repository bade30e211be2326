/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.plan;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.plan.Planner.NoPlanException;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The plans of a graph, made when inputs of new shapes come.
 *
 * <p><b>Threads.</b> One at a time.
 *
 * @apiNote Status: internal
 */
public final class Plans {

    /** More than a length-grouped epoch has shapes. */
    private static final int KEPT = 128;

    private final SameDiff graph;
    private final Map<String, Kernel> kernels;
    private final Arena arena;
    private final List<String> losses;
    private final Map<Key, Plan> plans = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Plan> eldest) {
            return size() > KEPT;
        }
    };
    private final Map<List<String>, String> reasonsAgainst = new HashMap<>();

    private record Key(String inputs, List<String> results) {}

    /**
     * Plans for a graph.
     *
     * @param graph a graph that changes in the values of its leaves only
     * @param kernels what computes ops in place of ND4J, by the name of the op
     * @param arena the memory
     * @param losses variables that end the forward pass of a graph whose backward pass is to compute activations again; empty
     *     if they are to be kept, or there is no backward pass
     */
    public Plans(SameDiff graph, Map<String, Kernel> kernels, Arena arena, Collection<String> losses) {
        this.graph = graph;
        this.kernels = kernels;
        this.arena = arena;
        this.losses = List.copyOf(losses);
    }

    /**
     * The plan for some inputs.
     *
     * @param key a text that is equal for inputs of equal shapes, and of equal values where a small integer may be a shape
     * @param placeholders the inputs
     * @param results the variables wanted
     * @return the plan; empty if there can be none, as {@link #reasonsAgainst()} says
     * @throws IllegalArgumentException if there can be none and activations are to be computed again
     */
    public Optional<Plan> find(String key, Map<String, INDArray> placeholders, Collection<String> results) {
        Key known = new Key(key, List.copyOf(results));
        if (reasonsAgainst.containsKey(known.results())) {
            return Optional.empty();
        }
        Plan plan = plans.get(known);
        if (plan == null || !plan.isCurrent()) {
            try {
                plan = Planner.plan(graph, kernels, placeholders, results, losses, arena);
            } catch (NoPlanException e) {
                if (!losses.isEmpty()) {
                    throw new IllegalArgumentException("recomputation: " + e.getMessage()
                            + ", so activations cannot be computed again; expected ops that compute their outputs from"
                            + " their inputs. Train without it.");
                }
                reasonsAgainst.put(known.results(), e.getMessage());
                return Optional.empty();
            }
            plans.put(known, plan);
        }
        return Optional.of(plan);
    }

    /**
     * The shapes of all variables that some depend on.
     *
     * @param placeholders the inputs
     * @param results those variables
     * @return the shapes by name; empty if they are not known without a run
     */
    public Optional<Map<String, long[]>> shapes(Map<String, INDArray> placeholders, Collection<String> results) {
        try {
            return Optional.of(Planner.shapes(graph, kernels, placeholders, results));
        } catch (NoPlanException e) {
            return Optional.empty();
        }
    }

    /**
     * Why there are no plans.
     *
     * @return a reason for each list of results that was asked for and has none
     */
    public Map<List<String>, String> reasonsAgainst() {
        return Map.copyOf(reasonsAgainst);
    }
}
