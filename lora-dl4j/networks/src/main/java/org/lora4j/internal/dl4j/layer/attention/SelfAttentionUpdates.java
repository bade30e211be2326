/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSelfAttentionLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraSelfAttentionLayer}.
 *
 * @apiNote Status: internal
 */
public final class SelfAttentionUpdates extends AttentionUpdates<MultiHeadAttention.Pass> {

    private static final long serialVersionUID = 1;

    private final transient LoraSelfAttentionLayer layer;
    private final transient MultiHeadAttention attention;

    public SelfAttentionUpdates(NeuralNetConfiguration conf, DataType type, LoraSelfAttentionLayer layer) {
        super(conf, type, layer);
        this.layer = layer;
        this.attention = new MultiHeadAttention(layer.getNHeads(), this::getParam, layer.lora(), weights());
    }

    @Override
    long size() {
        return layer.getNIn();
    }

    @Override
    MultiHeadAttention.Pass forward(INDArray series, boolean training, Space space) {
        INDArray rows = Series.rows(series, space);
        return attention.forward(
                new MultiHeadAttention.Rows(rows, rows, rows), series.size(0), maskArray, step(training), space);
    }

    @Override
    INDArray backward(MultiHeadAttention.Pass pass, INDArray epsilon, Gradient gradient, LayerWorkspaceMgr mgr) {
        Space space = Space.backward(mgr);
        long batch = epsilon.size(0);
        MultiHeadAttention.Wanted wanted = new MultiHeadAttention.Wanted(views(), gradient, !settings.lowest());
        MultiHeadAttention.Rows rows =
                attention.backward(pass, Series.rows(epsilon, space), batch, step(true), wanted, space);
        if (settings.lowest()) {
            return null;
        }
        INDArray sum = rows.queries().add(rows.keys()).addi(rows.values());
        return Series.of(sum, batch, new Space(mgr, ArrayType.ACTIVATION_GRAD));
    }
}
