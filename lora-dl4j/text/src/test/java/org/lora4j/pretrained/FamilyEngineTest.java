/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.quant.Quantization;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the engine does with graphs of BERT, it does with those of other families: recompute, and hold weights in fewer bits. */
class FamilyEngineTest {

    private static final Path MODELS = Path.of("src/test/resources/encoders/models");

    private static EncoderClassifier classifier(String model) throws IOException {
        EncoderWeights weights = PretrainedEncoder.load(MODELS.resolve(model)).weights();
        return EncoderClassifier.create(weights, Pooling.MEAN, 2, 3);
    }

    private static Map<String, INDArray> batch() {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{5, 17, 80, 33, 9, 2}, {5, 40, 41, 3, 1, 1}
        }));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(new float[][] {
            {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 0, 0}
        }));
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}}));
        return batch;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "albert-seqcls",
                "bert-relative-key-query",
                "deberta-v3-multilabel-bias",
                "modernbert-seqcls-mean",
                "t5-encoder-gated"
            })
    void recomputedActivations_giveTheSameGradients(String model) throws IOException {
        AdaptedSameDiff adapted = DefaultAdapter.fresh(
                AdaptedSameDiff.of(classifier(model).graph()),
                LoraConfig.builder()
                        .rank(2)
                        .targetModules(ModuleSelector.allLinear())
                        .build(),
                5);
        adapted.setTrainable("default", true);

        LossAndGradients kept = adapted.executor().gradients(batch(), 1);
        LossAndGradients recomputed = adapted.executor().recomputing().gradients(batch(), 1);

        assertThat(recomputed.loss()).isCloseTo(kept.loss(), within(1e-6));
        kept.gradients()
                .forEach((name, gradient) -> assertThat(
                                recomputed.gradients().get(name).ravel().toFloatVector())
                        .as(name)
                        .containsExactly(gradient.ravel().toFloatVector(), within(1e-5f)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "albert-seqcls",
                "deberta-v1-seqcls",
                "deberta-v3-multilabel-bias",
                "modernbert-seqcls-mean",
                "mpnet-embed"
            })
    void weightsInFewerBits_giveNearlyTheSame(String model) throws IOException {
        SameDiff graph = classifier(model).graph();
        Map<String, INDArray> inputs = batch();
        inputs.remove(EncoderClassifier.LABELS);
        SameDiff small = Quantization.bf16()
                .apply(
                        graph,
                        name -> TrainableGraph.weights(graph).contains(name)
                                && !name.startsWith(EncoderClassifier.HEAD)
                                && graph.getVariable(name).getArr().rank() == 2
                                && !name.contains("embeddings"))
                .graph();

        double[] exact = logits(graph, inputs);

        assertThat(logits(small, inputs)).containsExactly(exact, within(0.05));
    }

    private static double[] logits(SameDiff graph, Map<String, INDArray> inputs) {
        return SameDiffExecutor.forInference(graph)
                .fastest()
                .output(inputs, List.of(EncoderClassifier.LOGITS))
                .get(EncoderClassifier.LOGITS)
                .castTo(DataType.DOUBLE)
                .ravel()
                .toDoubleVector();
    }
}
