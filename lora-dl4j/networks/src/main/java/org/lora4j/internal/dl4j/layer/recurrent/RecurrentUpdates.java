/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.BaseRecurrentLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.KeptPass;
import org.lora4j.internal.dl4j.layer.Running;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.recurrent.RecurrentWeights.Use;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running recurrent layer with updates of its two weights. Subclasses walk through time; what can be done for all steps at
 * once is done here: the gradients of both weights and of the input.
 *
 * <p>The forward pass of a training step is kept for the backward pass, which stock layers compute again.
 *
 * @param <C> the configuration
 * @param <P> what a forward pass leaves
 */
abstract class RecurrentUpdates<
                C extends org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer, P extends RecurrentUpdates.Pass>
        extends BaseRecurrentLayer<C> {

    private static final long serialVersionUID = 1;

    /** The settings of the configuration. */
    protected final transient LoraSettings settings;

    private final transient RecurrentWeights weights;
    private final transient StepCache<P> cache = new StepCache<>();
    private transient Map<String, INDArray> start = Map.of();

    RecurrentUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type);
        this.settings = layer.lora();
        this.weights = new RecurrentWeights(this, settings);
    }

    /** What a forward pass leaves. */
    interface Pass extends KeptPass {

        /** The products of its steps. */
        StepProducts products();

        /** States by step from the one before the first, {@code [batch, nOut * (time + 1)]}. */
        INDArray states();

        @Override
        default List<INDArray> arrays() {
            return Stream.concat(Stream.of(states()), products().downs().values().stream())
                    .toList();
        }

        /** What the next part of a series starts from, by the stock layer's names; copies outside of workspaces. */
        Map<String, INDArray> end();
    }

    /**
     * Gradients of the two sums of each step, as rows.
     *
     * @param input of the sum over the input
     * @param state of the sum over the state before
     */
    record Deltas(INDArray input, INDArray state) {}

    /** Walks forward through {@code [batch, nIn, time]}. */
    abstract P forward(
            INDArray series, StepProducts products, Map<String, INDArray> from, Use use, LayerWorkspaceMgr mgr);

    /**
     * Walks backward through {@code [batch, nOut, time]}, down to the step {@code first}, and writes the gradients of
     * parameters that are neither of the two weights.
     */
    abstract Deltas backward(P pass, INDArray epsilon, int first, Gradient gradient, LayerWorkspaceMgr mgr);

    private P forward(Map<String, INDArray> from, boolean training, LayerWorkspaceMgr mgr) {
        requireSeries();
        applyDropOutIfNecessary(training, mgr);
        INDArray series = permuteIfNWC(input.castTo(dataType));
        requireSize(series, from);
        boolean keeps = StepCache.canKeep(training, mgr);
        Use use = new Use(training, keeps ? ArrayType.INPUT : ArrayType.FF_WORKING_MEM);
        StepProducts products = new StepProducts(weights, series, use, mgr);
        P pass = forward(series, products, from, use, mgr);
        start = from;
        if (keeps) {
            cache.keep(pass, getIterationCount());
        }
        return pass;
    }

    private void requireSeries() {
        assertInputSet(false);
        if (input.rank() != 3) {
            throw new DL4JInvalidInputException("input of " + layerId() + ": shape " + Arrays.toString(input.shape())
                    + "; expected [batch, size, time]. Check the data, and the input type or preprocessor.");
        }
    }

    private void requireSize(INDArray series, Map<String, INDArray> from) {
        long size = layerConf().getNIn();
        if (series.size(1) != size) {
            throw new DL4JInvalidInputException("input of " + layerId() + ": shape " + Arrays.toString(input.shape())
                    + " in format " + getDataFormat() + "; expected " + size
                    + " values for each time step. Check the data, and the data format of the layer.");
        }
        for (INDArray state : from.values()) {
            if (state.size(0) != series.size(0)) {
                throw new IllegalStateException("stored state of " + layerId() + ": a batch of " + state.size(0)
                        + "; expected " + series.size(0)
                        + ", as in the input. Call rnnClearPreviousState() before a batch of another size.");
            }
        }
    }

    private INDArray output(P pass, LayerWorkspaceMgr mgr) {
        long size = layerConf().getNOut();
        INDArray steps = TimeSeries.columns(pass.states(), size, pass.states().size(1));
        return permuteIfNWC(mgr.dup(ArrayType.ACTIVATIONS, TimeSeries.ofBlocks(steps, size), 'f'));
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        return output(forward(Map.of(), training, mgr), mgr);
    }

    @Override
    public INDArray rnnTimeStep(INDArray newInput, LayerWorkspaceMgr mgr) {
        setInput(newInput, mgr);
        P pass = forward(Map.copyOf(stateMap), false, mgr);
        store(pass, stateMap);
        return output(pass, mgr);
    }

    @Override
    public INDArray rnnActivateUsingStoredState(
            INDArray newInput, boolean training, boolean storeLastForTBPTT, LayerWorkspaceMgr mgr) {
        setInput(newInput, mgr);
        P pass = forward(Map.copyOf(tBpttStateMap), training, mgr);
        if (storeLastForTBPTT) {
            store(pass, tBpttStateMap);
        }
        return output(pass, mgr);
    }

    private static void store(Pass pass, Map<String, INDArray> states) {
        states.putAll(pass.end());
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        return backward(epsilon, 0, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> tbpttBackpropGradient(INDArray epsilon, int length, LayerWorkspaceMgr mgr) {
        requireSeries();
        int time = (int) permuteIfNWC(input).size(2);
        P pass = pass(mgr);
        // As in the stock layer: a network stores the state here, not in the forward pass.
        store(pass, tBpttStateMap);
        return backward(epsilon, length > 0 ? Math.max(0, time - length) : 0, mgr);
    }

    private P pass(LayerWorkspaceMgr mgr) {
        return cache.get(getIterationCount()).orElseGet(() -> forward(start, true, mgr));
    }

    private Pair<Gradient, INDArray> backward(INDArray epsilon, int first, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        P pass = pass(mgr);
        cache.clear();
        Gradient gradient = new DefaultGradient();
        Deltas deltas = backward(pass, permuteIfNWC(epsilon.castTo(dataType)), first, gradient, mgr);
        INDArray before = TimeSeries.columns(
                pass.states(), 0, pass.states().size(1) - layerConf().getNOut());
        INDArray series = permuteIfNWC(input.castTo(dataType));
        INDArray rows = TimeSeries.rows(series, mgr, ArrayType.BP_WORKING_MEM);
        Map<LoraSlot, INDArray> downs = pass.products().downs();
        INDArray next = weights.backwardInput(rows, deltas.input(), downs, gradientViews, gradient, mgr);
        INDArray stateRows =
                TimeSeries.rows(TimeSeries.ofBlocks(before, layerConf().getNOut()), mgr, ArrayType.BP_WORKING_MEM);
        weights.backwardState(stateRows, deltas.state(), gradientViews, gradient, mgr);
        if (next == null) {
            return new Pair<>(gradient, null);
        }
        INDArray ofInput = permuteIfNWC(TimeSeries.ofRows(next, series.size(0)));
        return new Pair<>(gradient, backpropDropOutIfPresent(ofInput));
    }

    /** The mask of a step as a column, or null. */
    protected INDArray mask(int step) {
        return maskArray == null ? null : maskArray.getColumn(step, true).castTo(dataType);
    }

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr mgr) {
        cache.clear();
        super.setInput(newInput, mgr);
    }

    @Override
    public void setMaskArray(INDArray mask) {
        cache.clear();
        super.setMaskArray(mask);
    }

    @Override
    public void clear() {
        super.clear();
        cache.clear();
        start = Map.of();
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return getParam(name);
    }

    // Bidirectional asks with its prefix.
    @Override
    public boolean updaterDivideByMinibatch(String name) {
        boolean prefixed = name.startsWith("f") || name.startsWith("b");
        return settings.learns(name) || (prefixed && settings.learns(name.substring(1)));
    }

    @Override
    public void setParams(INDArray params) {
        Running.assign(paramsFlattened, params);
    }
}
