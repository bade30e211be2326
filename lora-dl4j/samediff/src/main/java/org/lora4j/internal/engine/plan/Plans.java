/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.internal.engine.plan.Planner.NoPlanException;
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
    private final Optional<Kernel> rounding;
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

    /** Results whose shapes depend on values of inputs. */
    private final Set<List<String>> ofValues = new HashSet<>();

    private record Key(String inputs, List<String> results) {}

    /** Something that a planner is asked for. */
    @FunctionalInterface
    private interface Question<T> {
        T ask(Planner planner) throws NoPlanException;
    }

    /**
     * Plans for a graph.
     *
     * @param graph a graph that changes in the values of its leaves only
     * @param kernels what computes ops in place of ND4J, by the name of the op
     * @param rounding what rounds activations in front of products in BF16, if these are there
     * @param losses variables that end the forward pass of a graph whose backward pass is to compute activations again; empty
     *     if they are to be kept, or there is no backward pass
     */
    public Plans(
            SameDiff graph,
            Map<String, Kernel> kernels,
            Optional<Kernel> rounding,
            Arena arena,
            Collection<String> losses) {
        this.graph = graph;
        this.kernels = kernels;
        this.rounding = rounding;
        this.arena = arena;
        this.losses = List.copyOf(losses);
    }

    /**
     * The plan for some inputs.
     *
     * @param results the variables wanted
     * @return the plan; empty if there can be none, as {@link #reasonsAgainst()} says
     * @throws IllegalArgumentException if there can be none and activations are to be computed again
     */
    public Optional<Plan> find(Map<String, INDArray> placeholders, Collection<String> results) {
        List<String> wanted = List.copyOf(results);
        Plan plan = plans.get(key(placeholders, wanted));
        if (plan != null && plan.isCurrent()) {
            return Optional.of(plan);
        }
        if (reasonsAgainst.containsKey(wanted)) {
            return Optional.empty();
        }
        Optional<Plan> made = ask(placeholders, wanted, planner -> planner.plan(rounding, losses, arena));
        made.ifPresent(found -> plans.put(key(placeholders, wanted), found));
        if (made.isEmpty() && !losses.isEmpty()) {
            throw new IllegalArgumentException("recomputation: " + reasonsAgainst.get(wanted)
                    + ", so activations cannot be computed again; expected ops that compute their outputs from"
                    + " their inputs. Train without it.");
        }
        return made;
    }

    private Key key(Map<String, INDArray> placeholders, List<String> results) {
        return new Key(InputKey.of(placeholders, ofValues.contains(results)), results);
    }

    // Values of inputs are taken for known only where there is no other way, as other values then need another plan.
    private <T> Optional<T> ask(Map<String, INDArray> placeholders, List<String> results, Question<T> question) {
        try {
            if (!ofValues.contains(results)) {
                try {
                    return Optional.of(question.ask(new Planner(graph, kernels, placeholders, results, false)));
                } catch (NoPlanException e) {
                    ofValues.add(results);
                }
            }
            return Optional.of(question.ask(new Planner(graph, kernels, placeholders, results, true)));
        } catch (NoPlanException e) {
            reasonsAgainst.put(results, e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * The shapes of all variables that some depend on.
     *
     * @return the shapes; empty if they are not known without a run
     */
    public Optional<KnownShapes> shapes(Map<String, INDArray> placeholders, Collection<String> results) {
        List<String> wanted = List.copyOf(results);
        return ask(placeholders, wanted, Planner::shapes)
                .map(shapes -> new KnownShapes(shapes, ofValues.contains(wanted)));
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
