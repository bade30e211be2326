/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Finds x/2 (1 + erf(x / sqrt 2)) in a FLOAT graph, however its factors are grouped: ND4J has no op for it, so every
 * graph spells it out, in five passes over memory.
 */
final class GeluPattern {

    private static final double TOLERANCE = 1e-6;
    private static final int DEPTH = 4;

    private final SameDiff graph;

    /** factor * x^powX * (1 + erf)^powS. */
    private record Term(double factor, int powX, int powS) {
        Term times(Term other) {
            return new Term(factor * other.factor, powX + other.powX, powS + other.powS);
        }

        boolean isGelu() {
            return powX == 1 && powS == 1 && Math.abs(factor - 0.5) < TOLERANCE;
        }
    }

    private GeluPattern(SameDiff graph) {
        this.graph = graph;
    }

    /** The name of x by the name of the op that computes its gelu. */
    static Map<String, String> find(SameDiff graph) {
        GeluPattern pattern = new GeluPattern(graph);
        Map<String, String> found = new HashMap<>();
        for (SameDiffOp op : graph.getOps().values()) {
            if (op.getOp().opName().equals("erf")) {
                pattern.match(op, found);
            }
        }
        return found;
    }

    private void match(SameDiffOp erf, Map<String, String> found) {
        String u = GraphOrder.inputs(erf).get(0);
        SameDiffOp scaling = producer(u);
        boolean scaled = scaling != null
                && graph.getVariable(u).dataType() == DataType.FLOAT
                && Math.abs(Ops.factor(scaling) - Math.sqrt(0.5)) < TOLERANCE;
        if (!scaled) {
            return;
        }
        String x = GraphOrder.inputs(scaling).get(0);
        for (String consumer : GraphOrder.consumers(graph, erf.getOutputsOfOp().get(0))) {
            SameDiffOp shift = graph.getOps().get(consumer);
            if (Ops.isScalar(shift, "add_scalar") && Ops.scalar(shift) == 1) {
                search(x, shift.getOutputsOfOp().get(0), found);
            }
        }
    }

    private void search(String x, String s, Map<String, String> found) {
        Deque<String> open = new ArrayDeque<>(List.of(s));
        Set<String> seen = new HashSet<>();
        for (int visited = 0; !open.isEmpty() && visited < 16; visited++) {
            for (String consumer : GraphOrder.consumers(graph, open.pop())) {
                SameDiffOp op = graph.getOps().get(consumer);
                String y = op.getOutputsOfOp().get(0);
                Term term = seen.add(y) ? term(y, x, s, DEPTH) : null;
                if (term != null && term.isGelu()) {
                    found.put(op.getName(), x);
                } else if (term != null) {
                    open.add(y);
                }
            }
        }
    }

    private Term term(String v, String x, String s, int depth) {
        if (v.equals(x)) {
            return new Term(1, 1, 0);
        }
        if (v.equals(s)) {
            return new Term(1, 0, 1);
        }
        SameDiffOp op = producer(v);
        if (op == null || depth == 0) {
            return null;
        }
        List<String> in = GraphOrder.inputs(op);
        if (op.getOp().opName().equals("multiply")) {
            Term a = term(in.get(0), x, s, depth - 1);
            Term b = term(in.get(1), x, s, depth - 1);
            return a == null || b == null ? null : a.times(b);
        }
        double factor = Ops.factor(op);
        Term inner = Double.isNaN(factor) ? null : term(in.get(0), x, s, depth - 1);
        return inner == null ? null : inner.times(new Term(factor, 0, 0));
    }

    private SameDiffOp producer(String variable) {
        String op = GraphOrder.producer(graph, variable);
        return op == null ? null : graph.getOps().get(op);
    }
}
