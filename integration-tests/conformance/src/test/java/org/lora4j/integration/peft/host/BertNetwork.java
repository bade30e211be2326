/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The library's own BERT encoder, the mean over time, and a linear classifier. */
final class BertNetwork implements Network {

    private static final String WORDS = "embeddings.word_embeddings.weight";

    @Override
    public List<Variant> variants(GoldenCase golden) {
        return Attention.headsOf(golden, golden.base().get(WORDS).size(1)).stream()
                .map(heads -> (Variant) () -> build(golden, heads))
                .toList();
    }

    private static Net build(GoldenCase golden, long heads) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        golden.base().forEach((name, array) -> {
            if (!name.startsWith("classifier.")) {
                weights.put(name, isLinear(name, array) ? transposed(array) : array);
            }
        });
        EncoderGraph encoder =
                EncoderGraph.create(EncoderWeights.of(config(golden.base(), heads), weights), Pooling.MEAN);
        Layers layers = new Layers(golden, encoder.graph());
        weights.keySet()
                .forEach(name -> layers.note(
                        name,
                        isLinear(name, golden.base().get(name)) ? BertNetwork::transposed : UnaryOperator.identity()));
        SDVariable y = layers.linear("classifier", layers.graph().getVariable(EncoderGraph.POOLED));
        return new Net(layers, y, inputs(golden));
    }

    private static boolean isLinear(String name, INDArray array) {
        return array.rank() == 2 && !name.startsWith("embeddings.");
    }

    private static INDArray transposed(INDArray array) {
        return array.permute(1, 0).dup('c');
    }

    private static EncoderConfig config(Map<String, INDArray> base, long heads) {
        int layers = (int) base.keySet().stream()
                .filter(name -> name.endsWith("attention.self.query.weight"))
                .count();
        return EncoderConfig.bert(
                layers,
                (int) base.get(WORDS).size(1),
                (int) heads,
                (int) base.get("encoder.layer.0.intermediate.dense.weight").size(0),
                (int) base.get(WORDS).size(0),
                (int) base.get("embeddings.position_embeddings.weight").size(0),
                (int) base.get("embeddings.token_type_embeddings.weight").size(0));
    }

    private static Map<String, INDArray> inputs(GoldenCase golden) {
        INDArray ids = golden.io().get("ids");
        INDArray mask = golden.io().getOrDefault("mask", Nd4j.ones(DataType.FLOAT, ids.shape()));
        return Map.of(
                EncoderGraph.INPUT_IDS, ids.castTo(DataType.INT32),
                EncoderGraph.ATTENTION_MASK, mask.castTo(DataType.FLOAT));
    }
}
