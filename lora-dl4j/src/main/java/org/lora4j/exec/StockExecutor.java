/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.lora4j.error.Problems;
import org.lora4j.exec.kernel.Kernels;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.plan.Arena;
import org.lora4j.exec.plan.InputKey;
import org.lora4j.exec.plan.KnownShapes;
import org.lora4j.graph.GraphCopy;
import org.lora4j.graph.GraphOrder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a graph through SameDiff's own session, and differentiates it with {@link org.lora4j.autodiff.ReversePass}.
 *
 * <p>Gradient graphs are built at the first step and again only when an input of other shapes changes what is broadcast;
 * they are copies, so the graphs given are never changed.
 *
 * @apiNote Status: experimental
 */
public final class StockExecutor implements GraphExecutor {

    private final SameDiff inference;
    private final SameDiff training;
    private final List<String> trainable;
    private final List<DropoutMask> masks;
    private final Engine engine;
    private final Arena arena = new Arena();
    private final Map<List<String>, OutputRunner> runners = new HashMap<>();
    private final Inputs inferenceInputs;
    private final Inputs trainingInputs;
    private final List<GradientGraph> gradientGraphs = new ArrayList<>();
    private final Map<String, Traced> traced = new HashMap<>();
    // Until it is known whether shapes depend on values of inputs, they are taken to do.
    private boolean keyOfValues = true;

    /** What is known of inputs of certain shapes: the graph to use, and the shapes of the dropout masks. */
    private record Traced(GradientGraph gradients, Map<String, long[]> maskShapes) {}

    private StockExecutor(
            SameDiff inference, SameDiff training, List<String> trainable, List<DropoutMask> masks, Engine engine) {
        this.inference = engine.prepare(inference, trainable);
        this.training = training == inference ? this.inference : engine.prepare(training, trainable);
        this.trainable = trainable;
        // A module that the loss does not depend on runs neither now nor later.
        Set<String> reached = GraphOrder.ancestors(this.training, lossVariables(this.training));
        this.masks = masks.stream()
                .filter(mask -> reached.contains(mask.placeholder()))
                .toList();
        this.engine = engine;
        this.inferenceInputs = new Inputs(this.inference, List.of());
        this.trainingInputs = new Inputs(
                this.training, this.masks.stream().map(DropoutMask::placeholder).toList());
    }

    /**
     * An executor that computes outputs only.
     *
     * @param graph the graph
     * @return the executor; its {@link #gradients} refuses
     */
    public static StockExecutor forInference(SameDiff graph) {
        return new StockExecutor(graph, graph, List.of(), List.of(), Engine.PLAIN);
    }

    /**
     * An executor that computes outputs and gradients of one graph.
     *
     * @param graph a graph with loss variables
     * @param trainable names of leaves to differentiate with respect to, whatever their variable type
     * @return the executor
     * @throws IllegalArgumentException if the graph has no loss variable or a name is no leaf of it
     */
    public static StockExecutor forTraining(SameDiff graph, Collection<String> trainable) {
        return forTraining(graph, graph, trainable, List.of());
    }

    /**
     * An executor whose training graph differs from the one for outputs by dropout.
     *
     * @param inference the graph for {@link #output}
     * @param training the graph for {@link #gradients}: the same with masks multiplied in
     * @param trainable names of leaves of the training graph
     * @param masks the placeholders of the training graph that the executor fills
     * @return the executor
     * @throws IllegalArgumentException if the graph has no loss variable or a name is no leaf of it
     */
    public static StockExecutor forTraining(
            SameDiff inference, SameDiff training, Collection<String> trainable, List<DropoutMask> masks) {
        Problems problems = new Problems();
        if (training.getLossVariables() == null || training.getLossVariables().isEmpty()) {
            problems.add("no loss variable; name it with SameDiff.setLossVariables(name)");
        }
        for (String name : trainable) {
            if (!training.hasVariable(name) || training.getVariable(name).getArr() == null) {
                problems.add("\"" + name + "\" is not a variable with an array");
            }
        }
        problems.throwIfAny("training graph");
        return new StockExecutor(inference, training, List.copyOf(trainable), List.copyOf(masks), Engine.PLAIN);
    }

    /**
     * The same executor with element-wise work in Java kernels, where there are any for FLOAT. Several times faster than
     * the native ops of the plain ND4J builds on them; results agree with the plain executor within 1e-5, relative.
     *
     * @return a new executor; on a backend that is not a CPU, an equal one without kernels
     */
    public StockExecutor withKernels() {
        return Kernels.available() ? with(engine.with(Multiplier.nd4j())) : with(engine);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException on a backend that is not a CPU
     */
    @Override
    public StockExecutor withProducts(Multiplier multiplier) {
        requireKernels("products by " + multiplier.description());
        return with(engine.with(multiplier));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException on a backend that is not a CPU
     */
    @Override
    public StockExecutor recomputing() {
        requireKernels("recomputation of activations");
        return with(engine.recomputing());
    }

    private static void requireKernels(String what) {
        if (!Kernels.available()) {
            throw new IllegalStateException(
                    "executor: " + what + " on a backend that is not a CPU; expected nd4j-native. Leave it out.");
        }
    }

    private StockExecutor with(Engine other) {
        return new StockExecutor(inference, training, trainable, masks, other);
    }

    @Override
    public StockExecutor fork() {
        // Ops hold state while they run, so each thread needs its own.
        SameDiff outputs = GraphCopy.of(inference).build();
        SameDiff gradients =
                training == inference ? outputs : GraphCopy.of(training).build();
        return new StockExecutor(outputs, gradients, trainable, masks, engine);
    }

    @Override
    public SplitExecutor split() {
        List<String> placeholders = masks.stream().map(DropoutMask::placeholder).toList();
        FrozenPrefix cut = PrefixCut.of(training, trainable, placeholders);
        Set<String> given = Set.copyOf(cut.activations());
        List<String> losses = training.getLossVariables();
        SameDiff prefix =
                GraphCopy.of(training).part(Set.of(), given, List.of()).build();
        SameDiff suffix = GraphCopy.of(training).part(given, losses, trainable).build();
        SameDiff outputs = training == inference
                ? suffix
                : GraphCopy.of(inference).part(given, losses, List.of()).build();
        StockExecutor ofSuffix = new StockExecutor(outputs, suffix, trainable, masks, engine);
        return new StockSplit(cut, training, trainingInputs, prefix, suffix, engine, ofSuffix);
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        inferenceInputs.check(placeholders, outputs);
        return runners.computeIfAbsent(List.copyOf(outputs), names -> OutputRunner.of(inference, names, engine, arena))
                .run(inferenceInputs.typed(placeholders));
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        if (trainable.isEmpty()) {
            throw new IllegalStateException("executor: nothing is trainable, so there are no gradients; expected an"
                    + " executor made by forTraining with at least one variable.");
        }
        trainingInputs.check(placeholders, training.getLossVariables());
        Map<String, INDArray> typed = trainingInputs.typed(placeholders);
        Traced known = traced.computeIfAbsent(InputKey.of(typed, keyOfValues), key -> trace(typed));
        Map<String, INDArray> all = new LinkedHashMap<>(typed);
        try (OwnArrays own = new OwnArrays()) {
            addMasks(all, known.maskShapes(), new SplittableRandom(seed));
            own.addNew(all.values(), placeholders.values());
            LossAndGradients pass = known.gradients().run(all);
            own.leave(pass.gradients().values());
            return pass;
        }
    }

    private Traced trace(Map<String, INDArray> placeholders) {
        Map<String, long[]> maskShapes = Map.of();
        boolean ofValues = false;
        Map<String, INDArray> all = new LinkedHashMap<>(placeholders);
        if (!masks.isEmpty()) {
            KnownShapes known = ShapeTrace.of(engine, inference, placeholders, inference.getLossVariables());
            ofValues = known.ofValues();
            Map<String, long[]> plain = known.shapes();
            maskShapes = new HashMap<>();
            for (DropoutMask mask : masks) {
                maskShapes.put(mask.placeholder(), plain.get(mask.shapeLike()));
                all.put(
                        mask.placeholder(),
                        Nd4j.ones(training.getVariable(mask.placeholder()).dataType(), plain.get(mask.shapeLike())));
            }
        }
        KnownShapes known = ShapeTrace.of(engine, training, all, training.getLossVariables());
        keyOfValues = ofValues || known.ofValues();
        Map<String, long[]> shapes = known.shapes();
        for (GradientGraph graph : gradientGraphs) {
            if (graph.holdsFor(shapes)) {
                return new Traced(graph, maskShapes);
            }
        }
        GradientGraph graph = GradientGraph.build(training, trainable, shapes, engine, arena);
        gradientGraphs.add(graph);
        return new Traced(graph, maskShapes);
    }

    private void addMasks(Map<String, INDArray> all, Map<String, long[]> shapes, SplittableRandom random) {
        for (DropoutMask mask : masks) {
            all.put(
                    mask.placeholder(),
                    Masks.draw(
                            mask.probability(),
                            training.getVariable(mask.placeholder()).dataType(),
                            shapes.get(mask.placeholder()),
                            random.split()));
        }
    }

    private static List<String> lossVariables(SameDiff graph) {
        return graph.getLossVariables() == null ? List.of() : graph.getLossVariables();
    }
}
