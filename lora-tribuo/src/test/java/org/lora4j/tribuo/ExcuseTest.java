/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.input.ImageInputConverter;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.input.TokenInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.output.RegressorConverter;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Excuse;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;

/** What a prediction rests on, for each kind of base and input. */
class ExcuseTest {

    private static final double COMPLETE = 1e-3;

    private static final InputConverter DENSE = new DenseInputConverter(Bases.FEATURES);

    private static LoraModel<Label> trained(BaseNetwork base, InputConverter inputs, Dataset<Label> data) {
        return LoraTrainer.builder(base, new LabelConverter())
                .inputs(inputs)
                .spec(new LoraSpec(2, 4))
                .learningRate(0.02)
                .epochs(5)
                .build()
                .train(data);
    }

    private static double sum(Excuse<?> excuse, String output) {
        return excuse.getScores().get(output).stream().mapToDouble(Pair::getB).sum();
    }

    @Test
    void tabularFeatures_addUpToEachScore_forAllKindsOfBases() {
        Dataset<Label> data = Data.corners(10, 1, "a", "b", "c");
        Example<Label> example = Data.example("a", 1.5, -0.5, 1, 0.25);
        // All features there and zero is what an example without features is for the network.
        Example<Label> without = Data.example("a", 0, 0, 0, 0);
        List<BaseNetwork> bases = List.of(
                BaseNetwork.of(Bases.mlp(4, 3, 1)),
                BaseNetwork.of(Bases.graph(4, 3, 1)),
                BaseNetwork.of(Bases.sameDiff(4, 1), "features"));
        for (BaseNetwork base : bases) {
            LoraModel<Label> model = trained(base, DENSE, data);
            Map<String, Label> before = model.predict(without).getOutputScores();

            Excuse<Label> excuse = model.getExcuse(example).orElseThrow();

            excuse.getPrediction().getOutputScores().forEach((name, label) -> {
                double change = label.getScore() - before.get(name).getScore();
                assertThat(sum(excuse, name)).isCloseTo(change, within(COMPLETE));
                assertThat(excuse.getScores().get(name))
                        .extracting(Pair::getA)
                        .containsExactlyInAnyOrder("A", "B", "C", "D");
                assertThat(excuse.getScores().get(name))
                        .extracting(Pair::getB)
                        .isSortedAccordingTo((a, b) -> Double.compare(b, a));
            });
            assertThat(excuse.getPrediction().getOutput())
                    .isEqualTo(model.predict(example).getOutput());
        }
    }

    @Test
    void pixels_addUp() {
        BaseNetwork base = BaseNetwork.of(Bases.convolution(2, 1));
        MutableDataset<Label> data = Data.of();
        for (int i = 0; i < 12; i++) {
            data.add(image(i % 2 == 0 ? "a" : "b", i));
        }
        LoraModel<Label> model = trained(base, new ImageInputConverter(4, 4, 1, ImageInputConverter.Layout.NCHW), data);
        Example<Label> black = new ArrayExample<>(new Label("a"), new String[] {"0"}, new double[] {0});

        Excuse<Label> excuse = model.getExcuse(image("a", 3)).orElseThrow();

        double change = excuse.getPrediction().getOutputScores().get("a").getScore()
                - model.predict(black).getOutputScores().get("a").getScore();
        assertThat(sum(excuse, "a")).isCloseTo(change, within(COMPLETE));
        assertThat(excuse.getScores().get("a")).hasSize(16);
    }

    private static Example<Label> image(String label, int seed) {
        String[] names = new String[16];
        double[] values = new double[16];
        for (int i = 0; i < 16; i++) {
            names[i] = String.valueOf(i);
            values[i] = Math.abs(Math.sin(seed + 1.7 * i)) + (label.equals("a") && i < 8 ? 1 : 0.1);
        }
        return new ArrayExample<>(new Label(label), names, values);
    }

    private static Example<Label> tokens(String label, int... ids) {
        String[] names = new String[ids.length];
        double[] values = new double[ids.length];
        for (int i = 0; i < ids.length; i++) {
            names[i] = TokenInputConverter.featureName(TokenInputConverter.DEFAULT_PREFIX, i);
            values[i] = ids[i] + 1;
        }
        return new ArrayExample<>(new Label(label), names, values);
    }

    private static MutableDataset<Label> sentences() {
        MutableDataset<Label> data = Data.of();
        for (int i = 0; i < 12; i++) {
            data.add(tokens(i % 2 == 0 ? "a" : "b", 1, i % 2 == 0 ? 5 : 6, 7 + i % 3, 2));
        }
        return data;
    }

    @Test
    void tokens_addUp_againstTheIdZeroAtEachPosition() {
        BaseNetwork base = BaseNetwork.of(
                EncoderWeights.random(EncoderConfig.bert(2, 8, 2, 16, 29, 8, 2), 3, DataType.FLOAT), Pooling.MEAN);
        LoraModel<Label> model = trained(base, new TokenInputConverter(8), sentences());
        double without = model.predict(tokens("a", 0, 0, 0, 0))
                .getOutputScores()
                .get("a")
                .getScore();

        Excuse<Label> excuse = model.getExcuse(tokens("a", 1, 5, 8, 2)).orElseThrow();

        double change = excuse.getPrediction().getOutputScores().get("a").getScore() - without;
        assertThat(sum(excuse, "a")).isCloseTo(change, within(COMPLETE));
        assertThat(excuse.getScores().get("a")).hasSize(4);
    }

    @Test
    void numbers_addUpInTheirOwnUnit() {
        RegressionFactory factory = new RegressionFactory();
        MutableDataset<Regressor> data = new MutableDataset<>(new SimpleDataSourceProvenance("test", factory), factory);
        for (int i = 0; i < 20; i++) {
            double x = Math.sin(3 * i);
            data.add(numbers(1000 + 200 * x, x, 1 - x, x * x, 0.5));
        }
        LoraModel<Regressor> model = LoraTrainer.builder(BaseNetwork.of(Bases.mlp(4, 3, 1)), new RegressorConverter())
                .inputs(DENSE)
                .spec(new LoraSpec(2, 4))
                .learningRate(0.02)
                .epochs(5)
                .build()
                .train(data);
        Example<Regressor> example = numbers(0, 0.5, -0.5, 1, 0.25);

        Excuse<Regressor> excuse = model.getExcuse(example).orElseThrow();

        double change = value(model, example) - value(model, numbers(0, 0, 0, 0, 0));
        double unit = model.parts().scales().get("y").deviation();
        assertThat(unit).isGreaterThan(50);
        assertThat(sum(excuse, "y")).isCloseTo(change, within(COMPLETE * unit));
    }

    private static double value(LoraModel<Regressor> model, Example<Regressor> example) {
        return model.predict(example).getOutput().getValues()[0];
    }

    private static Example<Regressor> numbers(double y, double... values) {
        return new ArrayExample<>(new Regressor("y", y), Bases.FEATURES.toArray(new String[0]), values);
    }

    @Test
    void layersThatBeginWithALookup_haveNone() {
        BaseNetwork base = BaseNetwork.of(Bases.bagOfTokens(12, 2, 1));
        LoraModel<Label> model = trained(base, new TokenInputConverter(6), sentences());

        assertThat(model.getExcuse(tokens("a", 1, 5, 8, 2))).isEmpty();
        Optional<List<Excuse<Label>>> all = model.getExcuses(sentences());
        assertThat(all.map(List::size).orElse(0)).isZero();
    }

    @Test
    void severalAtOnce_areAsOneByOne_andTheModelStays() {
        Dataset<Label> data = Data.corners(6, 1, "a", "b");
        LoraModel<Label> model = trained(BaseNetwork.of(Bases.mlp(4, 2, 1)), DENSE, data);
        List<Double> before = scores(model, data);

        List<Excuse<Label>> all = model.getExcuses(data).orElseThrow();

        assertThat(all).hasSize(data.size());
        assertThat(all.get(3).getScores().get("a"))
                .isEqualTo(model.getExcuse(data.getExample(3))
                        .orElseThrow()
                        .getScores()
                        .get("a"));
        assertThat(scores(model, data)).isEqualTo(before);
    }

    private static List<Double> scores(LoraModel<Label> model, Dataset<Label> data) {
        List<Double> scores = new ArrayList<>();
        model.predict(data)
                .forEach(prediction -> scores.add(prediction.getOutput().getScore()));
        return scores;
    }
}
