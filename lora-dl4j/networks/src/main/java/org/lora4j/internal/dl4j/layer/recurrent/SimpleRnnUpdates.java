/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSimpleRnn;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.Running;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.recurrent.RecurrentWeights.Use;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A running {@link LoraSimpleRnn}. A step does the stock layer's operations in their order, so that both give the same
 * values.
 *
 * @apiNote Status: internal
 */
public final class SimpleRnnUpdates extends RecurrentUpdates<SimpleRnn, SimpleRnnUpdates.Steps> {

    private static final long serialVersionUID = 1;
    private static final String STATE = org.deeplearning4j.nn.layers.recurrent.SimpleRnn.STATE_KEY_PREV_ACTIVATION;

    public SimpleRnnUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
    }

    /**
     * What a forward pass leaves: blocks of columns by step.
     *
     * @param size number of units
     * @param start the state before the first step, in the memory order in which it was stored; null if there is none
     * @param states outputs after masks from the one before the first step
     * @param sums pre-activations; null if no backward pass follows
     * @param ofInput sums over the input before normalization; null without it or if no backward pass follows
     * @param ofState sums over the state before normalization; null without it or if no backward pass follows
     */
    record Steps(
            StepProducts products,
            long size,
            INDArray start,
            INDArray states,
            INDArray sums,
            INDArray ofInput,
            INDArray ofState)
            implements Pass {

        int time() {
            return (int) (states.size(1) / size) - 1;
        }

        boolean hasBefore(int step) {
            return step > 0 || start != null;
        }

        /** What a step multiplies with the recurrent weight. BLAS rounds by memory order, and the stock layer stores rows. */
        INDArray before(int step) {
            return step == 0 ? start : state(step);
        }

        INDArray state(int step) {
            return TimeSeries.block(states, size, step);
        }

        @Override
        public Map<String, INDArray> end() {
            return Map.of(STATE, TimeSeries.detached(state(time()), 'c'));
        }
    }

    private INDArray gain(int part) {
        long n = layerConf().getNOut();
        INDArray gain = getParam("g");
        return gain.reshape(gain.length()).get(NDArrayIndex.interval(part * n, (part + 1) * n));
    }

    @SuppressWarnings("try") // The scope of a step is entered and left, not used.
    @Override
    Steps forward(INDArray series, StepProducts products, Map<String, INDArray> from, Use use, LayerWorkspaceMgr mgr) {
        long n = layerConf().getNOut();
        long batch = series.size(0);
        long time = series.size(2);
        boolean keeps = use.training();
        boolean keepsNorm = keeps && hasLayerNorm();
        INDArray states = mgr.createUninitialized(use.place(), dataType, new long[] {batch, n * (time + 1)}, 'f');
        long[] all = {batch, n * time};
        INDArray sums = keeps ? mgr.createUninitialized(use.place(), dataType, all, 'f') : null;
        // Zeros where there is no state before.
        INDArray ofInput = keepsNorm ? mgr.create(use.place(), dataType, all, 'f') : null;
        INDArray ofState = keepsNorm ? mgr.create(use.place(), dataType, all, 'f') : null;
        INDArray start = from.get(STATE);
        Steps pass = new Steps(products, n, start, states, sums, ofInput, ofState);
        if (start == null) {
            pass.state(0).assign(0);
        } else {
            pass.state(0).assign(start);
        }
        INDArray inputs = mgr.dup(ArrayType.FF_WORKING_MEM, series, 'f');
        for (int t = 0; t < time; t++) {
            try (MemoryWorkspace loop = mgr.notifyScopeEntered(ArrayType.RNN_FF_LOOP_WORKING_MEM)) {
                step(pass, inputs.tensorAlongDimension(t, 1, 0), t, use.training());
            }
        }
        return pass;
    }

    private void step(Steps pass, INDArray x, int step, boolean training) {
        INDArray state = pass.state(step + 1);
        if (hasLayerNorm()) {
            normalizedSum(pass, x, step, state);
        } else {
            Broadcasts.copyRow(state, getParam("b"));
            Nd4j.gemm(x, pass.products().input(), state, false, false, 1, 1);
            pass.products().addInput(step, state);
            if (pass.hasBefore(step)) {
                pass.products().addState(pass.before(step), state);
            }
            pass.products().addBias(state);
        }
        if (pass.sums() != null) {
            TimeSeries.block(pass.sums(), pass.size(), step).assign(state);
        }
        INDArray result = layerConf().getActivationFn().getActivation(state, training);
        if (result != state) {
            state.assign(result);
        }
        if (maskArray != null) {
            Broadcasts.mulColumn(state, mask(step));
        }
    }

    private void normalizedSum(Steps pass, INDArray x, int step, INDArray sum) {
        INDArray ofInput = pass.ofInput() == null ? sum.ulike() : TimeSeries.block(pass.ofInput(), pass.size(), step);
        Nd4j.gemm(x, pass.products().input(), ofInput, false, false, 1, 0);
        pass.products().addInput(step, ofInput);
        Nd4j.getExecutioner().exec(new LayerNorm(ofInput, gain(0), getParam("b"), sum, true, 1));
        if (pass.hasBefore(step)) {
            INDArray ofState =
                    pass.ofState() == null ? sum.ulike() : TimeSeries.block(pass.ofState(), pass.size(), step);
            ofState.assign(0);
            pass.products().addState(pass.before(step), ofState);
            INDArray normalized = sum.ulike();
            Nd4j.getExecutioner().exec(new LayerNorm(ofState, gain(1), normalized, true, 1));
            sum.addi(normalized);
        }
    }

    @SuppressWarnings("try") // The scope of a step is entered and left, not used.
    @Override
    Deltas backward(Steps pass, INDArray epsilon, int first, Gradient gradient, LayerWorkspaceMgr mgr) {
        long[] all = {pass.states().size(0), pass.size() * pass.time()};
        // Steps that are not reached keep zeros.
        INDArray ofSums = mgr.create(ArrayType.BP_WORKING_MEM, dataType, all, 'f');
        INDArray ofState = hasLayerNorm() ? mgr.create(ArrayType.BP_WORKING_MEM, dataType, all, 'f') : ofSums;
        INDArray ofGain = hasLayerNorm()
                ? mgr.create(ArrayType.BP_WORKING_MEM, dataType, new long[] {2 * pass.size()}, 'c')
                : null;
        for (int t = pass.time() - 1; t >= first; t--) {
            try (MemoryWorkspace loop = mgr.notifyScopeEntered(ArrayType.RNN_BP_LOOP_WORKING_MEM)) {
                stepBack(pass, epsilon, t, ofSums, ofState);
                if (hasLayerNorm() && pass.hasBefore(t)) {
                    stateNormBack(pass, t, ofSums, ofState, ofGain);
                }
            }
        }
        INDArray sumRows = rows(ofSums, pass, mgr);
        INDArray inputRows = hasLayerNorm() ? inputNormBack(pass, sumRows, ofGain, mgr) : sumRows;
        Running.biasGradient(settings, sumRows, gradientViews, gradient);
        if (settings.learns("g")) {
            INDArray g = gradientViews.get("g");
            g.assign(ofGain.reshape(g.shape()));
            gradient.gradientForVariable().put("g", g);
        }
        return new Deltas(inputRows, hasLayerNorm() ? rows(ofState, pass, mgr) : sumRows);
    }

    private static INDArray rows(INDArray blocks, Steps pass, LayerWorkspaceMgr mgr) {
        return TimeSeries.rows(TimeSeries.ofBlocks(blocks, pass.size()), mgr, ArrayType.BP_WORKING_MEM);
    }

    private void stepBack(Steps pass, INDArray epsilon, int step, INDArray ofSums, INDArray ofState) {
        INDArray delta = epsilon.tensorAlongDimension(step, 1, 0).dup('f');
        if (step < pass.time() - 1) {
            INDArray next = TimeSeries.block(ofState, pass.size(), step + 1);
            Nd4j.gemm(next, pass.products().state(), delta, false, true, 1, 1);
        }
        if (maskArray != null) {
            Broadcasts.mulColumn(delta, mask(step));
        }
        INDArray sum = TimeSeries.block(pass.sums(), pass.size(), step);
        IActivation activation = layerConf().getActivationFn();
        TimeSeries.block(ofSums, pass.size(), step)
                .assign(activation.backprop(sum.dup('f'), delta).getFirst());
    }

    private void stateNormBack(Steps pass, int step, INDArray ofSums, INDArray ofState, INDArray ofGain) {
        INDArray seen = TimeSeries.block(pass.ofState(), pass.size(), step);
        INDArray delta = TimeSeries.block(ofSums, pass.size(), step);
        INDArray result = TimeSeries.block(ofState, pass.size(), step);
        INDArray own = gain(1).ulike();
        Nd4j.getExecutioner().exec(new LayerNormBp(seen, gain(1), delta, result, own, true, 1));
        ofGain.get(NDArrayIndex.interval(pass.size(), 2 * pass.size())).addi(own);
    }

    private INDArray inputNormBack(Steps pass, INDArray delta, INDArray ofGain, LayerWorkspaceMgr mgr) {
        INDArray seen = rows(pass.ofInput(), pass, mgr);
        INDArray result = mgr.createUninitialized(ArrayType.BP_WORKING_MEM, dataType, delta.shape(), 'c');
        INDArray own = gain(0).ulike();
        INDArray ofBias = own.ulike();
        Nd4j.getExecutioner().exec(new LayerNormBp(seen, gain(0), getParam("b"), delta, result, own, ofBias, true, 1));
        ofGain.get(NDArrayIndex.interval(0, pass.size())).assign(own);
        return result;
    }

    @Override
    public boolean hasLayerNorm() {
        return layerConf().hasLayerNorm();
    }
}
