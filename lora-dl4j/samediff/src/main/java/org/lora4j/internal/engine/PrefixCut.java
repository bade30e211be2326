/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.error.Problems;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * Finds what to keep of a graph's frozen part.
 *
 * <p>Candidates are the computed variables that depend on the values of a placeholder and on nothing that trains, and feed
 * something that does. Of these, four kinds are computed again rather than kept: what comes from placeholders by a few
 * element-wise ops, such as masks; views, of which the array is kept, and lookups in rows that only sizes decide; what is inside
 * an attention, of which the operands are kept; and what is one matrix product away from a variable that is kept anyway, such as
 * the base's product beside an adapter. The last saves memory, and leaves that product in one sum with the adapter's. Ops that
 * are fused without a cut are so all on one side of it, and round as they do there.
 */
final class PrefixCut {

    private static final String PRODUCT = "matmul";
    private static final String LOOKUP = "gather";
    private static final Pattern HEAVY =
            Pattern.compile("(matmul|tensordot|batched_gemm|xw_plus_b|relu_layer|.*conv\\d?d?.*"
                    + "|lstm.*|gru.*|sru.*|.*attention.*)");
    private final SameDiff graph;
    private final List<String> losses;
    private final Set<String> live;
    private final Set<String> changing;
    /** What the values of placeholders decide, not their sizes alone. */
    private final Set<String> fed;

    private final List<SameDiffOp> ops = new ArrayList<>();

    private PrefixCut(SameDiff graph, Collection<String> trainable, Collection<String> masks) {
        this.graph = graph;
        this.losses = graph.getLossVariables();
        this.live = GraphOrder.ancestors(graph, losses);
        Set<String> sources = new LinkedHashSet<>(trainable);
        sources.addAll(masks);
        this.changing = GraphOrder.descendants(graph, sources);
        this.fed = live.stream()
                .filter(v -> graph.getVariable(v).getVariableType() == VariableType.PLACEHOLDER)
                .collect(Collectors.toCollection(HashSet::new));
        for (SameDiffOp op : GraphOrder.topological(graph)) {
            if (op.getOutputsOfOp().stream().anyMatch(live::contains)) {
                ops.add(op);
                if (!isOfSizes(op) && GraphOrder.inputs(op).stream().anyMatch(fed::contains)) {
                    fed.addAll(op.getOutputsOfOp());
                }
            }
        }
    }

    // The size of an activation would bring all that is below back into the step.
    private boolean isOfSizes(SameDiffOp op) {
        return OpTraits.has(op, Trait.OF_SHAPES)
                && GraphOrder.inputs(op).stream().allMatch(this::isAtHand);
    }

    /**
     * Cuts a graph.
     *
     * @throws IllegalArgumentException if there is nothing to keep, or what is kept would not stay right
     */
    static FrozenPrefix of(SameDiff graph, Collection<String> trainable, Collection<String> masks) {
        return new PrefixCut(graph, trainable, masks).find();
    }

    private FrozenPrefix find() {
        requireRepeatable();
        Set<String> kept = candidates();
        keepOperandsOfAttention(kept);
        keepArraysOfViews(kept);
        leaveOutWhatIsOneProductAway(kept);
        Set<String> below = GraphOrder.ancestors(graph, kept);
        Set<String> above = GraphOrder.ancestors(graph, losses, kept);
        List<SameDiffOp> spared = ops.stream()
                .filter(op -> op.getOutputsOfOp().stream().anyMatch(below::contains))
                .filter(op -> op.getOutputsOfOp().stream().noneMatch(v -> above.contains(v) && !kept.contains(v)))
                .toList();
        int heavy = (int) spared.stream()
                .filter(op -> HEAVY.matcher(op.getOp().opName()).matches())
                .count();
        if (kept.isEmpty()) {
            throw new IllegalArgumentException(
                    "frozen prefix: nothing frozen lies below what trains, so nothing would be"
                            + " computed twice; expected adapters or trained modules in the upper layers alone. Leave the cache"
                            + " off.");
        }
        return new FrozenPrefix(List.copyOf(kept), spared.size(), heavy, ops.size() - spared.size());
    }

    private void requireRepeatable() {
        Problems problems = new Problems();
        for (SameDiffOp op : ops) {
            if (OpTraits.has(op, Trait.CONTROL)) {
                problems.add("op \"" + op.getName() + "\" (" + op.getOp().opName() + ") is control flow, which no cut"
                        + " can cross");
            }
            boolean fixed = op.getOutputsOfOp().stream().noneMatch(changing::contains);
            if (fixed && isRandom(op)) {
                problems.add("op \"" + op.getName() + "\" (" + op.getOp().opName() + ") draws random numbers below what"
                        + " trains, so its results are new in every epoch");
            }
        }
        for (String loss : losses) {
            problems.check(
                    changing.contains(loss), "the loss \"" + loss + "\" does not depend on anything that trains");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("frozen prefix")
                    + "; expected a frozen part that gives equal results for equal inputs. Train without the cache, or"
                    + " take that out of the graph.");
        }
    }

    static boolean isRandom(SameDiffOp op) {
        String name = op.getOp().opName();
        boolean listed =
                op.getOp().getClass().getName().contains(".ops.random.") && !OpTraits.has(op, Trait.DRAWS_NOTHING);
        return listed || name.contains("dropout") || name.startsWith("random_");
    }

    private Set<String> candidates() {
        Set<String> found = new LinkedHashSet<>();
        for (SameDiffOp op : ops) {
            if (op.getOutputsOfOp().stream().anyMatch(changing::contains)) {
                GraphOrder.inputs(op).stream()
                        .filter(v -> !changing.contains(v) && !isAtHand(v))
                        .forEach(found::add);
            }
        }
        return found;
    }

    /** Whether a step has a value without any activation, or nearly so: leaves, constants, shapes, masks. */
    private boolean isAtHand(String variable) {
        SameDiffOp op = producer(variable);
        return op == null
                || !fed.contains(variable)
                || (isPlain(op) && GraphOrder.inputs(op).stream().allMatch(this::isAtHand));
    }

    private static boolean isPlain(SameDiffOp op) {
        String name = op.getOp().opName();
        return op.getOutputsOfOp().size() == 1
                && (OpTraits.rearranges(op) || OpTraits.has(op, Trait.LIGHT) || OpTraits.has(op, Trait.OF_SHAPES));
    }

    private SameDiffOp producer(String variable) {
        String name = GraphOrder.producer(graph, variable);
        return name == null ? null : graph.getOps().get(name);
    }

    private void keepOperandsOfAttention(Set<String> kept) {
        Set<String> inside = insideAttention();
        Deque<String> open = new ArrayDeque<>(kept);
        while (!open.isEmpty()) {
            String variable = open.pop();
            if (inside.contains(variable) && kept.remove(variable)) {
                GraphOrder.inputs(producer(variable)).stream()
                        .filter(v -> !isAtHand(v) && kept.add(v))
                        .forEach(open::push);
            }
        }
    }

    /** From operands that are split or scaled to the shares of a softmax that mix values. */
    private Set<String> insideAttention() {
        Set<String> inside = new HashSet<>();
        for (SameDiffOp op : ops) {
            String result = op.getOutputsOfOp().get(0);
            boolean mixes = op.getOp().opName().equals("softmax")
                    && GraphOrder.consumers(graph, result).stream()
                            .anyMatch(reader -> isProduct(graph.getOps().get(reader)));
            if (mixes && isOfScores(GraphOrder.inputs(op).get(0), inside)) {
                inside.add(result);
            }
        }
        return inside;
    }

    /** Whether it is a product, perhaps scaled and added to; if so, it is inside, with all that leads from the operands to it. */
    private boolean isOfScores(String variable, Set<String> inside) {
        SameDiffOp op = producer(variable);
        if (op == null) {
            return false;
        }
        String name = op.getOp().opName();
        boolean found = isProduct(op);
        if (found) {
            GraphOrder.inputs(op).forEach(operand -> addSplitting(operand, inside));
        } else if (name.equals("add") || OpTraits.has(op, Trait.SCALES_BY_NUMBER)) {
            for (String input : GraphOrder.inputs(op)) {
                found |= isOfScores(input, inside);
            }
        }
        if (found) {
            inside.add(variable);
        }
        return found;
    }

    private void addSplitting(String operand, Set<String> inside) {
        String variable = operand;
        SameDiffOp op = producer(variable);
        while (op != null && (OpTraits.rearranges(op) || isScalingOfAttention(op))) {
            inside.add(variable);
            variable = GraphOrder.inputs(op).get(0);
            op = producer(variable);
        }
    }

    // What turns heads, which ends with their halves side by side, is what scales them, too.
    private boolean isScalingOfAttention(SameDiffOp op) {
        if (!OpTraits.has(op, Trait.SCALES_BY_NUMBER)) {
            return false;
        }
        SameDiffOp before = producer(GraphOrder.inputs(op).get(0));
        return before == null || !before.getOp().opName().equals("concat");
    }

    private static boolean isProduct(SameDiffOp op) {
        return op.getOp().opName().equals(PRODUCT);
    }

    private void keepArraysOfViews(Set<String> kept) {
        for (String candidate : List.copyOf(kept)) {
            String array = candidate;
            Optional<String> next = viewed(array);
            while (next.isPresent()) {
                array = next.get();
                next = viewed(array);
            }
            if (!array.equals(candidate)) {
                kept.remove(candidate);
                kept.add(array);
            }
        }
    }

    /** The one variable, not at hand, that a variable is a view of. */
    private Optional<String> viewed(String variable) {
        SameDiffOp op = producer(variable);
        if (op == null || !(OpTraits.rearranges(op) || isLookupByDistance(op))) {
            return Optional.empty();
        }
        List<String> missing =
                GraphOrder.inputs(op).stream().filter(v -> !isAtHand(v)).toList();
        return missing.size() == 1 ? Optional.of(missing.get(0)) : Optional.empty();
    }

    /** In rows that are computed for the sizes of a batch; those of a table are the first activations of a model. */
    private boolean isLookupByDistance(SameDiffOp op) {
        if (!op.getOp().opName().equals(LOOKUP)) {
            return false;
        }
        String rows = GraphOrder.inputs(op).get(0);
        return isAtHand(rows) && producer(rows) != null;
    }

    private void leaveOutWhatIsOneProductAway(Set<String> kept) {
        Set<String> pinned = new HashSet<>();
        List<String> latestFirst = new ArrayList<>();
        for (SameDiffOp op : ops) {
            op.getOutputsOfOp().stream().filter(kept::contains).forEach(v -> latestFirst.add(0, v));
        }
        for (String variable : latestFirst) {
            if (pinned.contains(variable)) {
                continue;
            }
            Set<String> sources = new HashSet<>();
            kept.remove(variable);
            if (isReached(variable, kept, true, sources)) {
                pinned.addAll(sources);
            } else {
                kept.add(variable);
            }
        }
    }

    /** Whether plain ops, with at most one product on each way, lead from kept variables to this one. */
    private boolean isReached(String variable, Set<String> kept, boolean product, Set<String> sources) {
        if (kept.contains(variable)) {
            sources.add(variable);
            return true;
        }
        if (isAtHand(variable)) {
            return true;
        }
        SameDiffOp op = producer(variable);
        boolean multiplies = product && isProduct(op);
        return (multiplies || isPlain(op))
                && GraphOrder.inputs(op).stream().allMatch(v -> isReached(v, kept, product && !multiplies, sources));
    }
}
