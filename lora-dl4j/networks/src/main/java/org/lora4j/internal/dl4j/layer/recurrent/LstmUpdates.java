/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraGravesLSTM;
import org.lora4j.dl4j.layer.LoraLSTM;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.dl4j.layer.Running;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.recurrent.RecurrentWeights.Use;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraLSTM} or {@link LoraGravesLSTM}; the latter has a recurrent weight with three more columns.
 *
 * @apiNote Status: internal
 */
public final class LstmUpdates extends RecurrentUpdates<AbstractLSTM, LstmPass> {

    private static final long serialVersionUID = 1;

    public LstmUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
    }

    private LstmCell cell() {
        return new LstmCell(layerConf(), getParam("RW"), getParam("b"));
    }

    @SuppressWarnings("try") // The scope of a step is entered and left, not used.
    @Override
    LstmPass forward(
            INDArray series, StepProducts products, Map<String, INDArray> from, Use use, LayerWorkspaceMgr mgr) {
        LstmCell cell = cell();
        LstmPass pass = LstmPass.start(cell, series, products, from, maskArray != null, use, mgr);
        for (int t = 0; t < series.size(2); t++) {
            try (MemoryWorkspace loop = mgr.notifyScopeEntered(ArrayType.RNN_FF_LOOP_WORKING_MEM)) {
                cell.forward(pass, series, t, mask(t), use.training());
            }
        }
        return pass;
    }

    @SuppressWarnings("try") // The scope of a step is entered and left, not used.
    @Override
    Deltas backward(LstmPass pass, INDArray epsilon, int first, Gradient gradient, LayerWorkspaceMgr mgr) {
        LstmCell cell = cell();
        LstmBackward walk = new LstmBackward(cell, pass, gradientOfPeepholes(cell), mgr);
        for (int t = pass.time() - 1; t >= first; t--) {
            try (MemoryWorkspace loop = mgr.notifyScopeEntered(ArrayType.RNN_BP_LOOP_WORKING_MEM)) {
                walk.step(epsilon, t, mask(t));
            }
        }
        INDArray delta =
                TimeSeries.rows(TimeSeries.ofBlocks(walk.deltas(), 4 * cell.size()), mgr, ArrayType.BP_WORKING_MEM);
        Running.biasGradient(settings, delta, gradientViews, gradient);
        return new Deltas(delta, delta);
    }

    private INDArray gradientOfPeepholes(LstmCell cell) {
        if (!cell.hasPeepholes() || !settings.learns("RW")) {
            return null;
        }
        INDArray view = gradientViews.get("RW");
        return TimeSeries.columns(view, 4 * cell.size(), view.size(1)).assign(0);
    }

    @Override
    public Type type() {
        return Type.RECURRENT;
    }

    // Masks are applied in the backward pass only, and layers above are masked through the output layer.
    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int batch) {
        return new Pair<>(mask, MaskState.Passthrough);
    }
}
