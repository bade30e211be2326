/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.MatrixProducts;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.dense.LinearPath;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The input weight {@code W} and the recurrent weight {@code RW} of a running layer, with their updates. */
final class RecurrentWeights {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank ofInput;
    private final LowRank ofState;
    private final LinearPath inputPath;

    RecurrentWeights(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.ofInput = new LowRank(layer, settings, "W");
        this.ofState = new LowRank(layer, settings, "RW");
        this.inputPath = new LinearPath(layer, settings, "W");
    }

    /**
     * What a pass is for.
     *
     * @param training whether values are dropped
     * @param place where lives what a later backward pass needs
     */
    record Use(boolean training, ArrayType place) {}

    LowRank ofInput() {
        return ofInput;
    }

    LowRank ofState() {
        return ofState;
    }

    INDArray input() {
        return layer.getParam("W");
    }

    /** The recurrent weight without peepholes. */
    INDArray state() {
        INDArray w = layer.getParam("RW");
        return TimeSeries.columns(w, 0, layer.getParam("W").size(1));
    }

    boolean dropsInput(boolean training) {
        return ofInput.slots().stream().anyMatch(slot -> slot.drops(training));
    }

    Map<LoraSlot, INDArray> downs(INDArray rows, Use use, LayerWorkspaceMgr mgr) {
        return inputPath.downs(rows, use.training(), mgr, use.place());
    }

    INDArray formedInput(LayerWorkspaceMgr mgr) {
        if (ofInput.slots().isEmpty()) {
            return input();
        }
        INDArray sum = mgr.dup(ArrayType.FF_WORKING_MEM, input(), 'f');
        for (LoraSlot slot : ofInput.slots()) {
            MatrixProducts.add(slot.scaling(), ofInput.a(slot), true, ofInput.b(slot), true, sum);
        }
        return sum;
    }

    INDArray formedState(Use use, LayerWorkspaceMgr mgr) {
        if (ofState.slots().isEmpty()) {
            return state();
        }
        INDArray sum = mgr.dup(use.place(), state(), 'f');
        for (LoraSlot slot : ofState.slots()) {
            INDArray a = ofState.a(slot);
            INDArray own = slot.drops(use.training()) ? Broadcasts.mulRow(a.dup(), mask(slot)) : a;
            MatrixProducts.add(slot.scaling(), own, true, ofState.b(slot), true, sum);
        }
        return sum;
    }

    // One value for each hidden unit.
    private INDArray mask(LoraSlot slot) {
        INDArray a = ofState.a(slot);
        return PathDropout.mask(slot, layer.getIterationCount(), a.dataType(), 1, a.size(1));
    }

    /** The sum of the biases of all B; null if there is none. */
    INDArray bias() {
        INDArray sum = null;
        for (LoraSlot slot : settings.slots()) {
            if (slot.bias()) {
                INDArray own = layer.getParam(slot.c()).mul(slot.scaling());
                sum = sum == null ? own : sum.addi(own);
            }
        }
        return sum;
    }

    /**
     * Writes the gradients of the input weight and its updates, all steps at once.
     *
     * @return the gradient of the rows; null if nothing below needs it
     */
    INDArray backwardInput(
            INDArray rows,
            INDArray delta,
            Map<LoraSlot, INDArray> known,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        Map<LoraSlot, INDArray> downs =
                known.isEmpty() ? inputPath.downs(rows, true, mgr, ArrayType.BP_WORKING_MEM) : known;
        return inputPath.backward(rows, delta, downs, views, gradient, mgr);
    }

    /** Writes the gradients of the recurrent weight and its updates from the states before each step, as rows. */
    void backwardState(
            INDArray before, INDArray delta, Map<String, INDArray> views, Gradient gradient, LayerWorkspaceMgr mgr) {
        if (settings.learns("RW")) {
            INDArray view = views.get("RW");
            MatrixProducts.set(1, before, true, delta, false, TimeSeries.columns(view, 0, delta.size(1)));
            gradient.gradientForVariable().put("RW", view);
        }
        for (LoraSlot slot : ofState.slots()) {
            if (slot.learns()) {
                INDArray rows = slot.drops(true) ? Broadcasts.mulRow(before.dup(), mask(slot)) : before;
                INDArray down = ofState.down(slot, rows, mgr, ArrayType.BP_WORKING_MEM);
                ofState.upGradients(slot, down, delta, views, gradient);
                ofState.downGradient(slot, rows, ofState.back(slot, delta, mgr), views, gradient);
            }
        }
    }
}
