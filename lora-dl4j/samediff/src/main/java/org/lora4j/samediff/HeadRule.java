/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpTraits;
import org.lora4j.internal.graph.OpTraits.Trait;
import org.lora4j.internal.samediff.form.GraphReader;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells which linear modules are output heads: those whose result goes to the end of the graph (a loss or an output)
 * without meeting another weight, a normalization, or the result of another module.
 *
 * <p>So the classifier of a network is a head, and so is each head of a network with several; the last dense layer of an
 * encoder without a classifier is none, because its residual addition or its normalization follows. Behind a reduction or
 * a loss the results of other modules do not count any more: the losses of several heads may be added up. A pooler is a part of its
 * encoder, as in PEFT, and no head.
 */
final class HeadRule {

    private final SameDiff graph;
    private final GraphReader reader;
    private final Set<String> weightOps = new HashSet<>();
    private final Set<String> fromModules;

    private record Step(String variable, boolean reduced) {}

    HeadRule(GraphReader reader, Collection<GraphModule> modules, Collection<String> otherOpsWithWeights) {
        this.graph = reader.graph();
        this.reader = reader;
        modules.forEach(module -> weightOps.addAll(module.uses()));
        weightOps.addAll(otherOpsWithWeights);
        List<String> results = new ArrayList<>();
        weightOps.forEach(op -> results.addAll(graph.getOps().get(op).getOutputsOfOp()));
        fromModules = GraphOrder.descendants(graph, results);
    }

    Set<String> heads(Collection<GraphModule> modules) {
        Set<String> heads = new TreeSet<>();
        for (GraphModule module : modules) {
            boolean linear = module.shape().kind() == ModuleShape.Kind.LINEAR && !module.fedByWeight();
            if (linear
                    && !SpareModules.isPooler(module.path())
                    && module.sites().stream().allMatch(this::reachesTheEnd)) {
                heads.add(module.path());
            }
        }
        return heads;
    }

    private boolean reachesTheEnd(Site site) {
        List<String> results = graph.getOps().get(site.op()).getOutputsOfOp();
        Set<String> own = GraphOrder.descendants(graph, results);
        Deque<Step> open = new ArrayDeque<>();
        results.forEach(result -> open.add(new Step(result, false)));
        Set<Step> seen = new HashSet<>(open);
        while (!open.isEmpty()) {
            Step at = open.pop();
            for (String name : GraphOrder.consumers(graph, at.variable())) {
                SameDiffOp op = graph.getOps().get(name);
                if (stops(op, at, own)) {
                    return false;
                }
                for (String output : op.getOutputsOfOp()) {
                    Step next = new Step(output, at.reduced() || reduces(op));
                    if (seen.add(next)) {
                        open.push(next);
                    }
                }
            }
        }
        return true;
    }

    private boolean stops(SameDiffOp op, Step at, Set<String> own) {
        String kind = op.getOp().opName();
        if (weightOps.contains(op.getName()) || OpTraits.has(kind, Trait.NORMALIZES)) {
            return true;
        }
        for (String other : GraphOrder.inputs(op)) {
            boolean gain = (kind.equals("multiply") || kind.equals("mul")) && isVector(other);
            boolean foreign = !at.reduced() && fromModules.contains(other) && !own.contains(other);
            if (gain || foreign) {
                return true;
            }
        }
        return false;
    }

    private static boolean reduces(SameDiffOp op) {
        String kind = op.getOp().opName();
        return kind.startsWith("reduce_") || kind.contains("loss") || kind.contains("cross_entropy");
    }

    private boolean isVector(String variable) {
        if (!reader.isLeaf(variable)) {
            return false;
        }
        INDArray array = graph.getVariable(variable).getArr();
        return array != null && array.length() > 1;
    }
}
