/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.array.Nd4jJars;
import org.lora4j.internal.array.OpenMpWaiting;
import org.lora4j.internal.engine.kernel.Kernels;
import org.lora4j.internal.engine.plan.Arena;
import org.lora4j.internal.engine.plan.InputKey;
import org.lora4j.internal.engine.plan.KnownShapes;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.parts.OwnArrays;
import org.lora4j.internal.parts.SumsOfRows;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a graph through SameDiff's own session, and differentiates it with {@link org.lora4j.internal.engine.autodiff.ReversePass}.
 *
 * <p>Gradient graphs are built at the first step and again only when an input of other shapes changes what is broadcast;
 * they are copies, so the graphs given are never changed.
 *
 * <p><b>Threads.</b> Calls wait for each other: two at a time would write to the same memory, and one would free it while the other
 * writes. What a call works with, arrays and multiplier, is kept until it returns.
 *
 * @apiNote Status: internal
 */
public final class SameDiffExecutor implements GraphExecutor, SumsOfRows {

    private static final String NO_LOSS = "no loss variable; name it with SameDiff.setLossVariables(name)";

    private final SameDiff inference;
    private final SameDiff training;
    private final SameDiff base;
    private final List<String> trainable;
    private final List<DropoutMask> masks;
    private final Engine engine;
    private final Arena arena = new Arena();
    private final Map<List<String>, OutputRunner> runners = new HashMap<>();
    private final Inputs inferenceInputs;
    private final Inputs trainingInputs;
    private final LossLabels labels;
    private final List<GradientGraph> gradientGraphs = new ArrayList<>();
    private final Map<String, Traced> traced = new HashMap<>();
    private final Map<String, Boolean> sums = new HashMap<>();
    // Until it is known whether shapes depend on values of inputs, they are taken to do.
    private boolean keyOfValues = true;

    /** What is known of inputs of certain shapes: the graph to use, and the shapes of the dropout masks. */
    private record Traced(GradientGraph gradients, Map<String, long[]> maskShapes) {}

    private SameDiffExecutor(
            SameDiff inference,
            SameDiff training,
            SameDiff base,
            List<String> trainable,
            List<DropoutMask> masks,
            Engine engine) {
        Nd4jJars.require();
        OpenMpWaiting.makePassive();
        this.inference = engine.prepare(inference, trainable);
        this.training = training == inference ? this.inference : engine.prepare(training, trainable);
        this.base = base;
        this.trainable = trainable;
        // A module that the loss does not depend on runs neither now nor later.
        Set<String> reached = GraphOrder.ancestors(this.training, lossVariables(this.training));
        this.masks = masks.stream()
                .filter(mask -> reached.contains(mask.placeholder()))
                .toList();
        this.engine = engine;
        this.inferenceInputs = new Inputs(this.inference, List.of());
        this.labels = new LossLabels(this.inference, lossVariables(this.inference));
        this.trainingInputs = new Inputs(
                this.training, this.masks.stream().map(DropoutMask::placeholder).toList());
    }

    /**
     * An executor that computes outputs only.
     *
     * @return the executor; its {@link #gradients} refuses
     */
    public static SameDiffExecutor forInference(SameDiff graph) {
        return new SameDiffExecutor(graph, graph, null, List.of(), List.of(), Engine.PLAIN);
    }

    /**
     * An executor that computes outputs of a graph with adapters.
     *
     * @param base the same without adapters, which decides among how many threads a batch is shared: both round alike then
     * @return the executor; its {@link #gradients} refuses
     */
    public static SameDiffExecutor forInference(SameDiff graph, SameDiff base) {
        return new SameDiffExecutor(graph, graph, base, List.of(), List.of(), Engine.PLAIN);
    }

    /**
     * An executor that computes outputs and gradients of one graph.
     *
     * @param graph a graph with loss variables
     * @param trainable names of leaves to differentiate with respect to, whatever their variable type
     * @throws IllegalArgumentException if the graph has no loss variable or a name is no leaf of it
     */
    public static SameDiffExecutor forTraining(SameDiff graph, Collection<String> trainable) {
        return forTraining(graph, graph, trainable, List.of());
    }

    /**
     * An executor whose training graph differs from the one for outputs by dropout.
     *
     * @param inference the graph for {@link #output}
     * @param training the graph for {@link #gradients}: the same with masks multiplied in
     * @param trainable names of leaves of the training graph
     * @param masks the placeholders of the training graph that the executor fills
     * @throws IllegalArgumentException if the graph has no loss variable or a name is no leaf of it
     */
    public static SameDiffExecutor forTraining(
            SameDiff inference, SameDiff training, Collection<String> trainable, List<DropoutMask> masks) {
        Problems problems = new Problems();
        if (training.getLossVariables() == null || training.getLossVariables().isEmpty()) {
            problems.add(NO_LOSS);
        }
        for (String name : trainable) {
            if (!training.hasVariable(name) || training.getVariable(name).getArr() == null) {
                problems.add("\"" + name + "\" is not a variable with an array");
            }
        }
        problems.throwIfAny("training graph");
        return new SameDiffExecutor(
                inference, training, null, List.copyOf(trainable), List.copyOf(masks), Engine.PLAIN);
    }

    /**
     * An executor that differentiates with respect to placeholders: gradients have the shape of the arrays that are given for
     * them. Batches stay whole, as gradients of inputs are not those of parameters, which parts would add up.
     *
     * @param graph a graph with loss variables
     * @param inputs names of floating-point placeholders
     * @return the executor, with kernels and the fastest products where those can run
     * @throws IllegalArgumentException if the graph has no loss variable or a name is no such placeholder
     */
    public static SameDiffExecutor ofInputs(SameDiff graph, Collection<String> inputs) {
        Problems problems = new Problems();
        if (lossVariables(graph).isEmpty()) {
            problems.add(NO_LOSS);
        }
        for (String name : inputs) {
            SDVariable input = graph.getVariable(name);
            problems.check(
                    input != null && input.isPlaceHolder() && input.dataType().isFPType(),
                    MessageText.name(name) + " is not a placeholder of floating-point numbers");
        }
        problems.throwIfAny("graph to differentiate by its inputs");
        SameDiffExecutor plain = new SameDiffExecutor(graph, graph, null, List.copyOf(inputs), List.of(), Engine.PLAIN);
        return Kernels.available() ? plain.with(plain.engine.with(OneDnn.orNd4j())) : plain;
    }

    /**
     * The way in which graphs run unless something else is asked for, the fastest that is sound: element-wise work in kernels,
     * products by oneDNN where it is there, and batches shared among the processors where rows are independent.
     *
     * @return a new executor; on a backend that is not a CPU, this one
     */
    public GraphExecutor fastest() {
        return Kernels.available() ? with(engine.with(OneDnn.orNd4j())).inParts(NativeThreads.most()) : this;
    }

    /**
     * The same executor with element-wise work in Java kernels, where there are any for FLOAT. Several times faster than
     * the native ops of the plain ND4J builds on them; results agree with the plain executor within 1e-5, relative.
     *
     * @return a new executor; on a backend that is not a CPU, an equal one without kernels
     */
    public SameDiffExecutor withKernels() {
        return Kernels.available() ? with(engine.with(Multiplier.nd4j())) : with(engine);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException on a backend that is not a CPU
     */
    @Override
    public SameDiffExecutor withProducts(Multiplier multiplier) {
        requireKernels("products by " + multiplier.description());
        return with(engine.with(multiplier));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException on a backend that is not a CPU
     */
    @Override
    public SameDiffExecutor recomputing() {
        requireKernels("recomputation of activations");
        return with(engine.recomputing());
    }

    private static void requireKernels(String what) {
        if (!Kernels.available()) {
            throw new IllegalStateException(
                    "executor: " + what + " on a backend that is not a CPU; expected nd4j-native. Leave it out.");
        }
    }

    private SameDiffExecutor with(Engine other) {
        return new SameDiffExecutor(inference, training, base, trainable, masks, other);
    }

    /**
     * {@inheritDoc} Batches that are not cut run as this executor runs them.
     */
    @Override
    public GraphExecutor inParts(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("executor: at most " + most + " parts; expected 1 or more.");
        }
        return new AutomaticParts(this, most);
    }

    PartRule.Decision partingOfOutputs(Map<String, INDArray> placeholders, Collection<String> outputs, int most) {
        inferenceInputs.check(placeholders, outputs);
        return new PartRule(inference, base, engine, most, PartRule.LEAST_WORK)
                .decide(inferenceInputs.typed(placeholders), outputs, false);
    }

    PartRule.Decision partingOfLosses(Map<String, INDArray> placeholders, int most) {
        checkTraining(placeholders);
        checkLabels(placeholders);
        PartRule.Decision decision = ofLosses(placeholders, most, PartRule.LEAST_WORK);
        if (masks.stream().anyMatch(DropoutMask::isShared)) {
            return decision.whole("parts of updates are left out, for all rows at once");
        }
        if (decision.parting().count() > 1) {
            sums.put(InputKey.of(placeholders, false), decision.sums());
        }
        return decision;
    }

    @Override
    public boolean isSumOfParts(Map<String, INDArray> placeholders) {
        return sums.computeIfAbsent(
                InputKey.of(placeholders, false),
                key -> ofLosses(placeholders, Integer.MAX_VALUE, Double.MIN_NORMAL)
                        .sums());
    }

    // Dropout masks have their rows where the inputs that they meet have theirs, so the graph without them tells.
    private PartRule.Decision ofLosses(Map<String, INDArray> placeholders, int most, double leastWork) {
        return new PartRule(inference, engine, most, leastWork)
                .decide(trainingInputs.typed(placeholders), training.getLossVariables(), true);
    }

    @Override
    public Multiplier multiplier() {
        return engine.multiplier();
    }

    @Override
    public OptionalDouble productSeconds() {
        return engine.productSeconds();
    }

    @Override
    public SameDiffExecutor fork() {
        // Ops hold state while they run, so each thread needs its own.
        SameDiff outputs = GraphCopy.of(inference).build();
        SameDiff gradients =
                training == inference ? outputs : GraphCopy.of(training).build();
        return new SameDiffExecutor(outputs, gradients, base, trainable, masks, engine);
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
        SameDiffExecutor ofSuffix = new SameDiffExecutor(outputs, suffix, null, trainable, masks, engine);
        return new SameDiffSplit(cut, training, trainingInputs, prefix, suffix, engine, ofSuffix);
    }

    @Override
    public synchronized Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        inferenceInputs.check(placeholders, outputs);
        return runners.computeIfAbsent(List.copyOf(outputs), names -> OutputRunner.of(inference, names, engine, arena))
                .run(inferenceInputs.typed(placeholders));
    }

    /**
     * What is wrong with inputs, found without a run: names, shapes, and indices beyond their tables.
     *
     * <p><b>Threads.</b> May be called at any time by any number of threads.
     *
     * @param placeholders as for {@link #output}
     * @param outputs as for {@link #output}
     * @return what {@link #output} would refuse them for before it computes anything; empty if nothing
     */
    public List<String> problems(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return inferenceInputs.problems(placeholders, outputs).list();
    }

    @Override
    public synchronized void takeBack(INDArray array) {
        arena.takeBack(array);
    }

    @Override
    public synchronized void release() {
        arena.close();
    }

    @Override
    public synchronized LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        if (trainable.isEmpty()) {
            throw new IllegalStateException("executor: nothing is trainable, so there are no gradients; expected an"
                    + " executor made by forTraining with at least one variable.");
        }
        checkTraining(placeholders);
        Map<String, INDArray> typed = trainingInputs.typed(placeholders);
        Traced known = traced.computeIfAbsent(InputKey.of(typed, keyOfValues), key -> trace(typed));
        Map<String, INDArray> all = new LinkedHashMap<>(typed);
        try (OwnArrays own = new OwnArrays()) {
            Masks.Drawn drawn = Masks.draw(
                    masks,
                    name -> training.getVariable(name).dataType(),
                    known.maskShapes(),
                    new SplittableRandom(seed));
            all.putAll(drawn.arrays());
            own.addNew(all.values(), placeholders.values());
            LossAndGradients pass = known.gradients().run(all);
            own.leave(pass.gradients().values());
            Set<String> leftOut = drawn.leftOut(masks, pass.gradients());
            leftOut.retainAll(trainable);
            return leftOut.isEmpty() ? pass : pass.without(leftOut);
        }
    }

    private void checkTraining(Map<String, INDArray> placeholders) {
        Problems problems = trainingInputs.problems(placeholders, training.getLossVariables());
        labels.explain(placeholders, problems);
        problems.throwIfAny("graph input");
    }

    /** Once for inputs of new shapes. */
    private void checkLabels(Map<String, INDArray> placeholders) {
        if (!labels.compared().isEmpty()) {
            Map<String, INDArray> typed = trainingInputs.typed(placeholders);
            labels.check(
                    ShapeTrace.of(engine, inference, typed, labels.compared()).shapes(), placeholders);
        }
    }

    private Traced trace(Map<String, INDArray> placeholders) {
        checkLabels(placeholders);
        Map<String, long[]> maskShapes = Map.of();
        boolean ofValues = false;
        Map<String, INDArray> all = new LinkedHashMap<>(placeholders);
        if (!masks.isEmpty()) {
            KnownShapes known = ShapeTrace.of(engine, inference, placeholders, inference.getLossVariables());
            ofValues = known.ofValues();
            Map<String, long[]> plain = known.shapes();
            maskShapes = new HashMap<>();
            for (DropoutMask mask : masks) {
                long[] shape = mask.isShared() ? new long[] {mask.outputs()} : plain.get(mask.shapeLike());
                maskShapes.put(mask.placeholder(), shape);
                all.put(
                        mask.placeholder(),
                        Nd4j.ones(training.getVariable(mask.placeholder()).dataType(), shape));
            }
        }
        KnownShapes known = ShapeTrace.of(engine, training, all, training.getLossVariables());
        keyOfValues = ofValues || known.ofValues();
        Map<String, long[]> shapes = known.shapes();
        checkLosses(shapes);
        for (GradientGraph graph : gradientGraphs) {
            if (graph.holdsFor(shapes)) {
                return new Traced(graph, maskShapes);
            }
        }
        GradientGraph graph = GradientGraph.build(training, trainable, shapes, engine, arena);
        gradientGraphs.add(graph);
        return new Traced(graph, maskShapes);
    }

    // SameDiff would train the sum of the elements, whose gradient grows with the batch: seldom meant, and never seen.
    private void checkLosses(Map<String, long[]> shapes) {
        Problems problems = new Problems();
        for (String loss : training.getLossVariables()) {
            long[] shape = shapes.get(loss);
            problems.check(
                    Arrays.stream(shape).allMatch(size -> size == 1),
                    MessageText.name(loss) + " has shape " + Arrays.toString(shape)
                            + "; expected one number. Reduce it with mean(), or with sum() if that is meant, and name the"
                            + " result with setLossVariables");
        }
        problems.throwIfAny("loss variables");
    }

    private static List<String> lossVariables(SameDiff graph) {
        return graph.getLossVariables() == null ? List.of() : graph.getLossVariables();
    }
}
