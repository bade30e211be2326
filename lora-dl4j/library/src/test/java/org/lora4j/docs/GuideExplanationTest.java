/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.DataInf;
import org.lora4j.interpret.FeatureAttribution;
import org.lora4j.interpret.Influence;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.interpret.TextExplainer;
import org.lora4j.interpret.TokenBaseline;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/interpretation.md on tokens and examples. */
class GuideExplanationTest {

    private static final Logger log = LoggerFactory.getLogger(GuideExplanationTest.class);

    private static TextEncoder encoder;
    private static TextClassifier classifier;
    private static List<LabeledText> train;
    private static List<LabeledText> validation;

    @BeforeAll
    static void learn() {
        encoder = TinyEncoder.create();
        train = TinyEncoder.reviews(30, 1);
        validation = TinyEncoder.reviews(12, 2);
        classifier = TextClassifier.builder(encoder).epochs(3).build().fit(train, validation);
    }

    @AfterAll
    static void close() {
        classifier.close();
        encoder.close();
    }

    @Test
    void tokens() {
        Attribution why = IntegratedGradients.of(classifier).explain("where is my card?");
        for (Attribution.Span word : why.words()) {
            log.info("{} ({} to {}): {}", word.text(), word.from(), word.to(), word.value());
        }

        assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(1e-3));
        assertThat(why.words()).hasSize(5);
    }

    @Test
    void anotherLabel() {
        TextExplainer explainer = IntegratedGradients.of(classifier).baseline(TokenBaseline.MASK);
        Attribution why = explainer.explain("a bad film", "positive");
        String json = why.json();

        assertThat(json).contains("[MASK]");
    }

    private static AdaptedNetwork<MultiLayerNetwork> network() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder().name("dense").nIn(8).nOut(6).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("out")
                        .nIn(6)
                        .nOut(2)
                        .build())
                .build());
        base.init();
        return Lora.inject(
                base, LoraConfig.builder().rank(2).targetModules("dense").build(), 1);
    }

    @Test
    void features() {
        AdaptedNetwork<MultiLayerNetwork> network = network();
        AdaptedSameDiff model = Lora.inject(
                UserGraph.create(),
                LoraConfig.builder().rank(2).targetModules("dense1").build(),
                1);
        INDArray row = Nd4j.ones(DataType.FLOAT, 1, 8);

        FeatureAttribution largest = IntegratedGradients.of(network).explain(row);
        FeatureAttribution second =
                IntegratedGradients.of(model, "input", "scores").explain(row, 1);
        List<FeatureAttribution.Feature> most = second.top(3);

        assertThat(most).hasSize(3);
        assertThat(largest.sum()).isCloseTo(largest.value() - largest.baselineValue(), within(1e-3));
    }

    @Test
    void examples() {
        Influence<LabeledText> influence = DataInf.of(classifier, train).on(validation);
        for (Influence.Ranked<LabeledText> suspect : influence.mostHarmful(10)) {
            log.info("{}: {} {}", suspect.index(), suspect.example(), suspect.influence());
        }

        assertThat(influence.values()).hasSize(30);
    }

    @Test
    void onePrediction() {
        DataInf<LabeledText> dataInf = DataInf.of(classifier, train);
        String text = "where is my card?";
        LabeledText said = new LabeledText(text, classifier.predict(text).label());
        List<Influence.Ranked<LabeledText>> because = dataInf.on(List.of(said)).mostHelpful(3);
        List<Influence.Ranked<LabeledText>> despite = dataInf.on(List.of(said)).mostHarmful(3);

        assertThat(because.size() + despite.size()).isPositive();
    }

    @Test
    void batches() {
        AdaptedSameDiff model = Lora.inject(
                UserGraph.create(),
                LoraConfig.builder().rank(2).targetModules("dense1").build(),
                1);
        AdaptedNetwork<MultiLayerNetwork> network = network();
        List<Batch> batches = List.of(batch(1), batch(2));
        List<Batch> held = List.of(batch(3));
        DataSet data = new DataSet(Nd4j.rand(DataType.FLOAT, 6, 8), Nd4j.rand(DataType.FLOAT, 6, 2));
        DataSet test = new DataSet(Nd4j.rand(DataType.FLOAT, 2, 8), Nd4j.rand(DataType.FLOAT, 2, 2));

        Influence<Batch> ofRows = DataInf.of(model, batches).on(held);
        Influence<DataSet> ofNetwork = DataInf.of(network, data).on(test.asList());
        Influence<DataSet> alone = DataInf.of(network, data).memory(512L << 20).onItself();

        assertThat(ofRows.values()).hasSize(6);
        assertThat(ofNetwork.values()).hasSize(6);
        assertThat(alone.values()).hasSize(6);
    }

    private static Batch batch(int seed) {
        INDArray input = Nd4j.linspace(DataType.FLOAT, -seed, 0.3, 24).reshape(3, 8);
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
        return Batch.of(Map.of("input", input, "labels", labels), 3);
    }
}
