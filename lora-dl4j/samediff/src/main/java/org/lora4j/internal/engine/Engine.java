/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.autodiff.rules.GradientRule;
import org.lora4j.internal.engine.autodiff.rules.GradientRules;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.engine.kernel.Kernels;
import org.lora4j.internal.engine.plan.Arena;
import org.lora4j.internal.engine.plan.Plans;
import org.lora4j.internal.graph.GraphCopy;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;

/** The ways to run a graph op by op: what is done to it beforehand, how its ops are differentiated, and who runs it. */
abstract class Engine {

    /** Native ops only. */
    static final Engine PLAIN = new Plain();

    /** Native ops, Java kernels for some, and what multiplies matrices. */
    static Engine kernels(Multiplier multiplier) {
        return new WithKernels(multiplier, false);
    }

    abstract SameDiff prepare(SameDiff graph, Collection<String> trainable);

    abstract GradientRule rule(DifferentialFunction op);

    /** A copy of a prepared graph for certain outputs, or losses to be differentiated. */
    abstract SameDiff fuse(SameDiff graph, Shapes shapes, Collection<String> outputs, boolean gradients);

    /** What is done to a gradient graph that is complete. */
    abstract SameDiff finish(SameDiff graph, Shapes shapes, Collection<String> outputs);

    /** A prepared graph as it runs for outputs, no longer to be copied or differentiated. */
    abstract SameDiff forOutputs(SameDiff graph);

    abstract Session session(SameDiff graph, Arena arena);

    /** A session of a gradient graph, whose forward pass ends with some losses. */
    abstract Session session(SameDiff graph, Arena arena, List<String> losses);

    /** The same, with products by something else. */
    abstract Engine with(Multiplier multiplier);

    /** What multiplies. */
    abstract Multiplier multiplier();

    /** How long all products took, of all sessions and threads together; empty where ND4J multiplies within its own ops. */
    abstract OptionalDouble productSeconds();

    /** The same, but computing activations again instead of keeping them. */
    abstract Engine recomputing();

    private static final class Plain extends Engine {

        @Override
        SameDiff prepare(SameDiff graph, Collection<String> trainable) {
            return graph;
        }

        @Override
        GradientRule rule(DifferentialFunction op) {
            return GradientRules.of(op);
        }

        @Override
        SameDiff fuse(SameDiff graph, Shapes shapes, Collection<String> outputs, boolean gradients) {
            return gradients ? GraphCopy.of(graph).build() : graph;
        }

        @Override
        SameDiff finish(SameDiff graph, Shapes shapes, Collection<String> outputs) {
            return graph;
        }

        @Override
        SameDiff forOutputs(SameDiff graph) {
            return graph;
        }

        @Override
        Session session(SameDiff graph, Arena arena) {
            return new Session(() -> Kernels.session(graph, Map.of()), null);
        }

        @Override
        Session session(SameDiff graph, Arena arena, List<String> losses) {
            return session(graph, arena);
        }

        @Override
        Engine with(Multiplier multiplier) {
            return kernels(multiplier);
        }

        @Override
        Multiplier multiplier() {
            return Multiplier.nd4j();
        }

        @Override
        OptionalDouble productSeconds() {
            return OptionalDouble.empty();
        }

        @Override
        Engine recomputing() {
            return new WithKernels(Multiplier.nd4j(), true);
        }
    }

    private static final class WithKernels extends Engine {

        private final Multiplier multiplier;
        private final MeasuredProducts measured;
        private final boolean recomputes;

        WithKernels(Multiplier multiplier, boolean recomputes) {
            this.multiplier = multiplier;
            this.measured = multiplier == Multiplier.nd4j() ? null : new MeasuredProducts(multiplier);
            this.recomputes = recomputes;
        }

        @Override
        SameDiff prepare(SameDiff graph, Collection<String> trainable) {
            return Kernels.fuse(graph, trainable);
        }

        @Override
        GradientRule rule(DifferentialFunction op) {
            return Kernels.rule(op);
        }

        @Override
        SameDiff fuse(SameDiff graph, Shapes shapes, Collection<String> outputs, boolean gradients) {
            return Kernels.fuseOps(graph, shapes, outputs, gradients, multiplier);
        }

        @Override
        SameDiff finish(SameDiff graph, Shapes shapes, Collection<String> outputs) {
            return Kernels.fuseProducts(graph, shapes, outputs);
        }

        @Override
        SameDiff forOutputs(SameDiff graph) {
            return Kernels.fuseStoredWeights(graph);
        }

        @Override
        Session session(SameDiff graph, Arena arena) {
            return session(graph, arena, List.of());
        }

        @Override
        Session session(SameDiff graph, Arena arena, List<String> losses) {
            Map<String, Kernel> kernels = Kernels.of(graph, measured == null ? multiplier : measured);
            Plans plans =
                    new Plans(graph, kernels, Kernels.rounding(multiplier), arena, recomputes ? losses : List.of());
            return new Session(() -> Kernels.session(graph, kernels), plans);
        }

        @Override
        Engine with(Multiplier other) {
            return new WithKernels(other, recomputes);
        }

        @Override
        Multiplier multiplier() {
            return multiplier;
        }

        @Override
        OptionalDouble productSeconds() {
            return measured == null ? OptionalDouble.empty() : OptionalDouble.of(measured.seconds());
        }

        @Override
        Engine recomputing() {
            return new WithKernels(multiplier, true);
        }
    }
}
