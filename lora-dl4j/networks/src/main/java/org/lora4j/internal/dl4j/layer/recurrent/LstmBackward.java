/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The way back through the steps of an LSTM. Leaves the gradients of the pre-activations; the weights' come from these, for
 * all steps at once.
 */
final class LstmBackward {

    private final LstmCell cell;
    private final LstmPass pass;
    private final INDArray ofPeepholes;
    private final INDArray deltas;
    private final INDArray carried;

    /** @param ofPeepholes gradient of the peepholes, {@code [nOut, 3]}, added to; null if they do not learn */
    LstmBackward(LstmCell cell, LstmPass pass, INDArray ofPeepholes, LayerWorkspaceMgr mgr) {
        this.cell = cell;
        this.pass = pass;
        this.ofPeepholes = ofPeepholes;
        long batch = pass.states().size(0);
        // Steps that are not reached keep zeros.
        this.deltas = mgr.create(
                ArrayType.BP_WORKING_MEM,
                pass.gates().dataType(),
                new long[] {batch, 4 * cell.size() * pass.time()},
                'f');
        this.carried =
                mgr.create(ArrayType.BP_WORKING_MEM, pass.gates().dataType(), new long[] {batch, cell.size()}, 'f');
    }

    INDArray deltas() {
        return deltas;
    }

    private INDArray delta(int step) {
        return TimeSeries.block(deltas, 4 * cell.size(), step);
    }

    void step(INDArray epsilon, int step, INDArray mask) {
        INDArray ofState = epsilon.tensorAlongDimension(step, 1, 0).dup('f');
        if (step < pass.time() - 1) {
            Nd4j.gemm(delta(step + 1), pass.products().state(), ofState, false, true, 1, 1);
        }
        if (mask != null) {
            Broadcasts.mulColumn(ofState, mask);
            Broadcasts.mulColumn(carried, mask);
        }
        INDArray delta = delta(step);
        INDArray gates = pass.gates(step);
        INDArray before = pass.cell(step);
        INDArray raw = pass.raw(step);
        INDArray i = cell.gate(gates, LstmCell.INPUT);
        INDArray f = cell.gate(gates, LstmCell.FORGET);
        INDArray o = cell.gate(gates, LstmCell.OUTPUT);
        INDArray g = cell.gate(gates, LstmCell.MODULATION);

        INDArray ofO = product(ofState, pass.squashed(step), delta, LstmCell.OUTPUT);
        throughGate(ofO, o, LstmCell.OUTPUT, step);
        INDArray ofSquashed = ofState.muli(o);
        carried.addi(cell.activation().backprop(raw.dup('f'), ofSquashed).getFirst());
        if (cell.hasPeepholes()) {
            carried.addi(Broadcasts.mulRow(ofO.dup(), cell.peephole(LstmCell.OUTPUT)));
        }
        INDArray ofF = product(carried, before, delta, LstmCell.FORGET);
        throughGate(ofF, f, LstmCell.FORGET, step);
        INDArray ofG = product(carried, i, delta, LstmCell.MODULATION);
        throughGate(ofG, g, LstmCell.MODULATION, step);
        INDArray ofI = cell.activation()
                .backprop(pass.before(LstmCell.INPUT, step).dup('f'), carried.mul(g))
                .getFirst();
        cell.gate(delta, LstmCell.INPUT).assign(ofI);
        carried.muli(f);
        if (cell.hasPeepholes()) {
            carried.addi(Broadcasts.mulRow(ofF.dup(), cell.peephole(LstmCell.FORGET)));
            carried.addi(Broadcasts.mulRow(ofG.dup(), cell.peephole(LstmCell.MODULATION)));
            addPeephole(LstmCell.FORGET, ofF, before);
            addPeephole(LstmCell.OUTPUT, ofO, raw);
            addPeephole(LstmCell.MODULATION, ofG, before);
        }
    }

    private INDArray product(INDArray one, INDArray other, INDArray delta, int gate) {
        INDArray target = cell.gate(delta, gate);
        one.muli(other, target);
        return target;
    }

    private void throughGate(INDArray gradient, INDArray value, int gate, int step) {
        if (cell.hasSigmoidGates()) {
            gradient.muli(value).muli(value.rsub(1));
        } else {
            gradient.assign(cell.gateActivation()
                    .backprop(pass.before(gate, step).dup('f'), gradient.dup('f'))
                    .getFirst());
        }
    }

    private void addPeephole(int gate, INDArray delta, INDArray seen) {
        if (ofPeepholes != null) {
            INDArray column = TimeSeries.block(ofPeepholes, 1, gate - 1);
            column.addi(delta.mul(seen).sum(true, 0).reshape(cell.size(), 1));
        }
    }
}
