/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/**
 * A step of an LSTM, in the order of the stock layer's operations, so that both give the same values.
 *
 * <p><i>Source</i>: Graves, 2012, Supervised Sequence Labelling with Recurrent Neural Networks, section 4.6, with the stock
 * layer's order of gates.
 */
final class LstmCell {

    static final int INPUT = 0;
    static final int FORGET = 1;
    static final int OUTPUT = 2;
    static final int MODULATION = 3;

    private final IActivation activation;
    private final IActivation gateActivation;
    private final INDArray recurrent;
    private final INDArray bias;
    private final long size;

    LstmCell(AbstractLSTM layer, INDArray recurrent, INDArray bias) {
        this.activation = layer.getActivationFn();
        this.gateActivation = layer.getGateActivationFn();
        this.recurrent = recurrent;
        this.bias = bias;
        this.size = recurrent.size(0);
    }

    long size() {
        return size;
    }

    boolean hasPeepholes() {
        return recurrent.size(1) > 4 * size;
    }

    boolean hasSigmoidGates() {
        return gateActivation instanceof ActivationSigmoid;
    }

    IActivation activation() {
        return activation;
    }

    IActivation gateActivation() {
        return gateActivation;
    }

    /** The peepholes of the forget, output or modulation gate as a row. */
    INDArray peephole(int gate) {
        return TimeSeries.block(recurrent, 1, 4 * size + gate - 1).reshape(1, size);
    }

    INDArray gate(INDArray gates, int gate) {
        return TimeSeries.block(gates, size, gate);
    }

    void forward(LstmPass pass, INDArray series, int step, INDArray mask, boolean training) {
        INDArray before = pass.cell(step);
        INDArray cell = pass.cell(step + 1);
        INDArray state = pass.state(step + 1);
        INDArray z = preActivations(pass, series, step);

        INDArray i = gate(z, INPUT);
        if (pass.keeps()) {
            pass.before(INPUT, step).assign(i);
        }
        activate(activation, i, training);
        INDArray f = gated(pass, z, FORGET, before, step, training);
        INDArray g = gated(pass, z, MODULATION, before, step, training);
        before.muli(f, cell);
        cell.addi(g.mul(i));
        INDArray o = gated(pass, z, OUTPUT, cell, step, training);
        if (pass.raw() != null) {
            pass.raw(step).assign(cell);
        }
        INDArray squashed = pass.keeps() ? pass.squashed(step).assign(cell) : cell.dup('f');
        activate(activation, squashed, training);
        squashed.muli(o, state);
        if (mask != null) {
            Broadcasts.mulColumn(state, mask);
            Broadcasts.mulColumn(cell, mask);
        }
    }

    // The products in the memory order of the stock layer, as BLAS rounds by it; then gates in one piece each.
    private INDArray preActivations(LstmPass pass, INDArray series, int step) {
        StepProducts products = pass.products();
        INDArray x = Shape.toMmulCompatible(series.tensorAlongDimension(step, 1, 0));
        INDArray sum = x.mmul(products.input());
        products.addInput(step, sum);
        if (step > 0 || pass.started()) {
            products.addState(pass.state(step), sum);
        }
        INDArray z = pass.keeps() ? pass.gates(step).assign(sum) : sum;
        Broadcasts.addRow(z, bias);
        products.addBias(z);
        return z;
    }

    private INDArray gated(LstmPass pass, INDArray z, int gate, INDArray cell, int step, boolean training) {
        INDArray view = gate(z, gate);
        if (hasPeepholes()) {
            view.addi(Broadcasts.mulRow(cell.dup(), peephole(gate)));
        }
        if (pass.keeps() && !hasSigmoidGates()) {
            pass.before(gate, step).assign(view);
        }
        activate(gateActivation, view, training);
        return view;
    }

    // Most activations work in place, but do not promise it.
    private static void activate(IActivation function, INDArray view, boolean training) {
        INDArray result = function.getActivation(view, training);
        if (result != view) {
            view.assign(result);
        }
    }
}
