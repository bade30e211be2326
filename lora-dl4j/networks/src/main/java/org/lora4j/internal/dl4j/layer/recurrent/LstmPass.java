/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.recurrent;

import java.util.Map;
import org.deeplearning4j.nn.layers.recurrent.LSTM;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.internal.dl4j.layer.TimeSeries;
import org.lora4j.internal.dl4j.layer.recurrent.RecurrentWeights.Use;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a forward pass of an LSTM leaves: blocks of columns by step. A pass that no backward pass follows has two blocks of
 * cells in turn.
 *
 * @param keeps whether everything is kept for a backward pass
 * @param started whether the first step has a state before it
 * @param gates activations in the stock order: input, forget, output, input modulation; null unless kept
 * @param before pre-activations, of the input only where all other gates are sigmoids; null unless kept
 * @param cells cells after masks from the one before the first step
 * @param raw cells before masks; null if there is no mask or they are not kept
 * @param squashed activations of cells; null unless kept
 * @param states outputs after masks from the one before the first step
 */
record LstmPass(
        StepProducts products,
        boolean keeps,
        boolean started,
        INDArray gates,
        INDArray before,
        INDArray cells,
        INDArray raw,
        INDArray squashed,
        INDArray states)
        implements RecurrentUpdates.Pass {

    /** Room for a pass, with the state before its first step. */
    static LstmPass start(
            LstmCell cell,
            INDArray series,
            StepProducts products,
            Map<String, INDArray> from,
            boolean masked,
            Use use,
            LayerWorkspaceMgr mgr) {
        long time = series.size(2);
        long n = cell.size();
        boolean keeps = use.training();
        Blocks blocks = new Blocks(series, use.place(), mgr);
        LstmPass pass = new LstmPass(
                products,
                keeps,
                !from.isEmpty(),
                keeps ? blocks.of(4 * n * time) : null,
                keeps ? blocks.of((cell.hasSigmoidGates() ? n : 4 * n) * time) : null,
                blocks.of(n * (keeps ? time + 1 : 2)),
                keeps && masked ? blocks.of(n * time) : null,
                keeps ? blocks.of(n * time) : null,
                blocks.of(n * (time + 1)));
        assign(pass.state(0), from.get(LSTM.STATE_KEY_PREV_ACTIVATION));
        assign(pass.cell(0), from.get(LSTM.STATE_KEY_PREV_MEMCELL));
        return pass;
    }

    private record Blocks(INDArray series, ArrayType place, LayerWorkspaceMgr mgr) {

        INDArray of(long columns) {
            return mgr.createUninitialized(place, series.dataType(), new long[] {series.size(0), columns}, 'f');
        }
    }

    private static void assign(INDArray block, INDArray value) {
        if (value == null) {
            block.assign(0);
        } else {
            block.assign(value);
        }
    }

    int time() {
        return (int) (states.size(1) / size()) - 1;
    }

    private long size() {
        return keeps ? states.size(1) - squashed.size(1) : cells.size(1) / 2;
    }

    /** The state before a step. */
    INDArray state(int step) {
        return TimeSeries.block(states, size(), step);
    }

    /** The cell before a step. */
    INDArray cell(int step) {
        return TimeSeries.block(cells, size(), keeps ? step : step % 2);
    }

    INDArray gates(int step) {
        return TimeSeries.block(gates, 4 * size(), step);
    }

    /** The cell of a step before its mask. */
    INDArray raw(int step) {
        return raw == null ? cell(step + 1) : TimeSeries.block(raw, size(), step);
    }

    INDArray squashed(int step) {
        return TimeSeries.block(squashed, size(), step);
    }

    /** The pre-activation of a gate, which is kept. */
    INDArray before(int gate, int step) {
        boolean all = before.size(1) > squashed.size(1);
        return TimeSeries.block(before, size(), all ? 4 * step + gate : step);
    }

    @Override
    public Map<String, INDArray> end() {
        return Map.of(
                LSTM.STATE_KEY_PREV_ACTIVATION,
                TimeSeries.detached(state(time()), 'f'),
                LSTM.STATE_KEY_PREV_MEMCELL,
                TimeSeries.detached(cell(time()), 'f'));
    }
}
