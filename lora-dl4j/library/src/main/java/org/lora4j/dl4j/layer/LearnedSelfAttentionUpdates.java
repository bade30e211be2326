/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link LoraLearnedSelfAttentionLayer}: every example asks the same queries. */
final class LearnedSelfAttentionUpdates extends AttentionUpdates<MultiHeadAttention.Pass> {

    private static final long serialVersionUID = 1;

    private static final String QUERIES = "Q";

    private final transient LoraLearnedSelfAttentionLayer layer;
    private final transient MultiHeadAttention attention;

    LearnedSelfAttentionUpdates(NeuralNetConfiguration conf, DataType type, LoraLearnedSelfAttentionLayer layer) {
        super(conf, type, layer.lora());
        this.layer = layer;
        this.attention = new MultiHeadAttention(layer.getNHeads(), this::getParam, layer.lora(), weights());
    }

    @Override
    long size() {
        return layer.getNIn();
    }

    /** Q [1, size, queries] as rows for each example. */
    private INDArray queries(long batch, Space space) {
        INDArray q = getParam(QUERIES).permute(0, 2, 1);
        INDArray all = space.array(q.dataType(), batch, q.size(1), q.size(2));
        for (long example = 0; example < batch; example++) {
            all.slice(example).assign(q.slice(0));
        }
        return all.reshape('c', true, batch * q.size(1), q.size(2));
    }

    @Override
    MultiHeadAttention.Pass forward(INDArray series, boolean training, Space space) {
        long batch = series.size(0);
        INDArray rows = Series.rows(series, space);
        return attention.forward(
                new MultiHeadAttention.Rows(queries(batch, space), rows, rows),
                batch,
                maskArray,
                step(training),
                space);
    }

    @Override
    INDArray backward(MultiHeadAttention.Pass pass, INDArray epsilon, Gradient gradient, LayerWorkspaceMgr mgr) {
        Space space = Space.backward(mgr);
        long batch = epsilon.size(0);
        boolean learns = settings().learns(QUERIES);
        MultiHeadAttention.Wanted wanted = new MultiHeadAttention.Wanted(
                views(), gradient, learns || !settings().lowest());
        MultiHeadAttention.Rows rows =
                attention.backward(pass, Series.rows(epsilon, space), batch, step(true), wanted, space);
        if (learns) {
            INDArray view = views().get(QUERIES);
            view.assign(Series.of(rows.queries(), batch, space).sum(true, 0));
            gradient.gradientForVariable().put(QUERIES, view);
        }
        if (settings().lowest()) {
            return null;
        }
        INDArray sum = rows.keys().add(rows.values());
        return Series.of(sum, batch, new Space(mgr, ArrayType.ACTIVATION_GRAD));
    }
}
