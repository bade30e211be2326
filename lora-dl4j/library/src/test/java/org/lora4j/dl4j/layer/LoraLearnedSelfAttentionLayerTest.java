/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class LoraLearnedSelfAttentionLayerTest extends LayerAdapterContract {

    @Override
    protected Layer stock() {
        return new LearnedSelfAttentionLayer.Builder()
                .nIn(4)
                .nOut(5)
                .nHeads(2)
                .headSize(3)
                .nQueries(2)
                .projectInput(true)
                .build();
    }

    @Override
    protected double rounding() {
        return 1e-12;
    }

    /**
     * The stock layer of M2.1 cannot run: it calls the native {@code scatter_update} without its arguments. This is the same
     * graph with another way to repeat the queries.
     */
    public static final class Repaired extends LearnedSelfAttentionLayer {

        private static final long serialVersionUID = 1;

        /** For DL4J's JSON. */
        public Repaired() {
            super(new Builder().nHeads(1));
        }

        @Override
        public SDVariable defineLayer(
                SameDiff graph, SDVariable input, Map<String, SDVariable> params, SDVariable mask) {
            SDVariable queries = graph.tile(params.get("Q"), 3, 1, 1);
            return graph.nn.multiHeadDotProductAttention(
                    getLayerName(),
                    queries,
                    input,
                    input,
                    params.get("Wq"),
                    params.get("Wk"),
                    params.get("Wv"),
                    params.get("Wo"),
                    mask,
                    true);
        }
    }

    @Override
    protected INDArray stockOutput(MultiLayerNetwork stock) {
        MultiLayerConfiguration conf = MultiLayerConfiguration.fromJson(stock.getLayerWiseConfigurations()
                .toJson()
                .replace(LearnedSelfAttentionLayer.class.getName(), Repaired.class.getName()));
        MultiLayerNetwork repaired = new MultiLayerNetwork(conf);
        repaired.init(stock.params().dup(), false);
        return output(repaired);
    }

    @Override
    protected void setNOut(Layer layer, long size) {
        ((LearnedSelfAttentionLayer) layer).setNOut(size);
    }

    @Override
    protected List<Layer> below() {
        return List.of(new SimpleRnn.Builder().nOut(4).build());
    }

    @Override
    protected List<Layer> above() {
        return List.of(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .nOut(3)
                .build());
    }

    @Override
    protected InputType inputType() {
        return InputType.recurrent(3, 4);
    }

    @Override
    protected INDArray features() {
        return normal("features", 3, 3, 4);
    }

    @Override
    protected INDArray labels() {
        return classes(6, 3).reshape(3, 2, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    protected INDArray featuresMask() {
        return Masks.lengths(4, 4, 3, 1);
    }
}
