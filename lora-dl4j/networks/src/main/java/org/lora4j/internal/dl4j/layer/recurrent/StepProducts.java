/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Map;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.recurrent.RecurrentWeights.Use;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The two weights of a recurrent layer as the time steps of one pass multiply with them.
 *
 * <p>Where a batch has many steps the updates are added to a copy of the weight once, and a step costs what it costs in the
 * stock layer. Otherwise (single steps of generated text), and where values of the input are dropped, {@code x A} is computed
 * for all steps at once and a step adds {@code s (x A) B}.
 *
 * <p>The frozen product itself stays one for each step, although all steps could be multiplied at once: BLAS promises the
 * same rounding only for the same sizes, and with B at zero the layer must give the values of the stock layer.
 */
final class StepProducts {

    private final INDArray input;
    private final LowRank ofInput;
    private final Map<LoraSlot, INDArray> downs;
    private final INDArray state;
    private final LowRank ofState;
    private final boolean stateIsFormed;
    private final INDArray bias;

    StepProducts(RecurrentWeights weights, INDArray series, Use use, LayerWorkspaceMgr mgr) {
        long rows = series.size(0) * series.size(2);
        this.ofInput = weights.ofInput();
        this.ofState = weights.ofState();
        INDArray w = weights.input();
        INDArray rw = weights.state();
        boolean inputIsFormed = !weights.dropsInput(use.training()) && rows >= w.size(0);
        this.stateIsFormed = use.training() || rows >= rw.size(0);
        this.input = inputIsFormed ? weights.formedInput(mgr) : w;
        this.downs = inputIsFormed || ofInput.slots().isEmpty()
                ? Map.of()
                : weights.downs(TimeSeries.rows(series, mgr, ArrayType.FF_WORKING_MEM), use, mgr);
        this.state = stateIsFormed ? weights.formedState(use, mgr) : rw;
        this.bias = weights.bias();
    }

    /** What the input of a step is multiplied with; {@link #addInput} adds the rest. */
    INDArray input() {
        return input;
    }

    /** What the state before a step is multiplied with; {@link #addState} adds the rest. */
    INDArray state() {
        return state;
    }

    /** {@code x A} of all steps by slot, as rows; empty if the updates are in {@link #input()}. */
    Map<LoraSlot, INDArray> downs() {
        return downs;
    }

    /** Adds the updates of a step that {@link #input()} does not hold. */
    void addInput(int step, INDArray z) {
        downs.forEach((slot, down) -> {
            INDArray rows = TimeSeries.rowsOf(down, z.size(0), step);
            Nd4j.gemm(rows.dup('f'), ofInput.b(slot), z, false, true, slot.scaling(), 1);
        });
    }

    /** {@code z += h RW + updates}. */
    void addState(INDArray before, INDArray z) {
        Nd4j.gemm(before, state, z, false, false, 1, 1);
        if (!stateIsFormed) {
            for (LoraSlot slot : ofState.slots()) {
                INDArray down = before.mmul(ofState.a(slot).transpose());
                Nd4j.gemm(down, ofState.b(slot), z, false, true, slot.scaling(), 1);
            }
        }
    }

    /** Adds the biases of all B, which act at each step. */
    void addBias(INDArray z) {
        if (bias != null) {
            Broadcasts.addRow(z, bias);
        }
    }
}
