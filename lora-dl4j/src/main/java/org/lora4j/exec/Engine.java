/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Collection;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.lora4j.autodiff.rules.GradientRule;
import org.lora4j.autodiff.rules.GradientRules;
import org.lora4j.autodiff.rules.Shapes;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernels;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.plan.Arena;
import org.lora4j.exec.plan.Plans;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;

/** The ways to run a graph op by op: what is done to it beforehand, how its ops are differentiated, and who runs it. */
final class Engine {

    /** Native ops only. */
    static final Engine PLAIN = new Engine(
            (graph, trainable) -> graph,
            GradientRules::of,
            (graph, shapes, outputs) -> graph,
            UnaryOperator.identity(),
            (graph, arena) -> new Session(() -> new InferenceSession(graph), null));

    private final BiFunction<SameDiff, Collection<String>, SameDiff> prepare;
    private final Function<DifferentialFunction, GradientRule> rule;
    private final Finish finish;
    private final UnaryOperator<SameDiff> forOutputs;
    private final BiFunction<SameDiff, Arena, Session> session;

    /** What is done to a gradient graph that is complete. */
    @FunctionalInterface
    private interface Finish {
        SameDiff apply(SameDiff graph, Shapes shapes, Collection<String> outputs);
    }

    private Engine(
            BiFunction<SameDiff, Collection<String>, SameDiff> prepare,
            Function<DifferentialFunction, GradientRule> rule,
            Finish finish,
            UnaryOperator<SameDiff> forOutputs,
            BiFunction<SameDiff, Arena, Session> session) {
        this.prepare = prepare;
        this.rule = rule;
        this.finish = finish;
        this.forOutputs = forOutputs;
        this.session = session;
    }

    /** Native ops, Java kernels for some, and what multiplies matrices. */
    static Engine kernels(Multiplier multiplier) {
        return new Engine(
                Kernels::fuse,
                Kernels::rule,
                Kernels::fuseProducts,
                Kernels::fuseStoredWeights,
                (graph, arena) -> planned(graph, Kernels.of(graph, multiplier), arena));
    }

    private static Session planned(SameDiff graph, Map<String, Kernel> kernels, Arena arena) {
        return new Session(() -> Kernels.session(graph, kernels), new Plans(graph, kernels, arena));
    }

    SameDiff prepare(SameDiff graph, Collection<String> trainable) {
        return prepare.apply(graph, trainable);
    }

    GradientRule rule(DifferentialFunction op) {
        return rule.apply(op);
    }

    SameDiff finish(SameDiff graph, Shapes shapes, Collection<String> outputs) {
        return finish.apply(graph, shapes, outputs);
    }

    /** A prepared graph as it runs for outputs, no longer to be copied or differentiated. */
    SameDiff forOutputs(SameDiff graph) {
        return forOutputs.apply(graph);
    }

    Session session(SameDiff graph, Arena arena) {
        return session.apply(graph, arena);
    }
}
