/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tribuo.Example;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.MutableDataset;
import org.tribuo.MutableOutputInfo;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.MultiLabelFactory;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.test.Helpers;

class OutputConvertersTest {

    private static <T extends Output<T>> ImmutableOutputInfo<T> domain(OutputFactory<T> factory, List<T> outputs) {
        MutableOutputInfo<T> info = factory.generateInfo();
        outputs.forEach(info::observe);
        return info.generateImmutableOutputInfo();
    }

    private static <T extends Output<T>> Example<T> example(T output) {
        return new ArrayExample<>(output, new String[] {"A"}, new double[] {1});
    }

    private static final ImmutableOutputInfo<Label> LABELS =
            domain(new LabelFactory(), List.of(new Label("x"), new Label("y"), new Label("z")));

    @Test
    void label_targetIsOneInTheRowOfItsName() {
        OutputBinding<Label> binding = new LabelConverter().bind(LABELS, List.of("z", "x", "y"), Map.of());

        assertThat(binding.target(new Label("x"))).containsExactly(0, 1, 0);
    }

    @Test
    void label_predictionIsTheNameOfTheLargestRow() {
        OutputBinding<Label> binding = new LabelConverter().bind(LABELS, List.of("z", "x", "y"), Map.of());

        Prediction<Label> prediction = binding.predict(new double[] {0.2, 0.3, 0.5}, 1, example(new Label("x")));

        assertThat(prediction.getOutput().getLabel()).isEqualTo("y");
        assertThat(prediction.getOutputScores().get("z").getScore()).isEqualTo(0.2);
        assertThat(prediction.hasProbabilities()).isTrue();
    }

    @Test
    void label_rowsThatAreNotTheDomain_areShownBoth() {
        assertThatThrownBy(() -> new LabelConverter().bind(LABELS, List.of("x", "y", "w"), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the head has rows for \"x\", \"y\", \"w\"")
                .hasMessageContaining("Without a row: \"z\"")
                .hasMessageContaining("without a place in the domain: \"w\"");
    }

    @Test
    void label_ofAnotherDomain_isRefused() {
        OutputBinding<Label> binding = new LabelConverter().bind(LABELS, List.of("x", "y", "z"), Map.of());

        assertThatThrownBy(() -> binding.target(new Label("q")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("output \"q\" is not one of \"x\", \"y\", \"z\"");
    }

    private static final ImmutableOutputInfo<MultiLabel> MULTI =
            domain(new MultiLabelFactory(), List.of(new MultiLabel("x"), new MultiLabel("y")));

    @Test
    void multiLabel_targetIsOneInEachOfItsRows() {
        OutputBinding<MultiLabel> binding = new MultiLabelConverter().bind(MULTI, List.of("y", "x"), Map.of());

        assertThat(binding.target(new MultiLabel("x"))).containsExactly(0, 1);
        assertThat(binding.target(new MultiLabelFactory().generateOutput("x,y")))
                .containsExactly(1, 1);
    }

    @Test
    void multiLabel_predictsWhatIsAboveTheThreshold() {
        OutputBinding<MultiLabel> binding = new MultiLabelConverter(0.7).bind(MULTI, List.of("y", "x"), Map.of());

        Prediction<MultiLabel> prediction = binding.predict(new double[] {0.6, 0.8}, 1, example(new MultiLabel("x")));

        assertThat(prediction.getOutput().getNameSet()).containsExactly("x");
        assertThat(prediction.getOutputScores()).containsOnlyKeys("x", "y");
    }

    @Test
    void multiLabel_thresholdOutsideOfItsRange_isRefused() {
        assertThatThrownBy(() -> new MultiLabelConverter(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("MultiLabelConverter: threshold = 1.0; expected from 0 to below 1.");
    }

    private static MutableDataset<Regressor> regressors() {
        RegressionFactory factory = new RegressionFactory();
        MutableDataset<Regressor> data = new MutableDataset<>(new SimpleDataSourceProvenance("test", factory), factory);
        double[][] values = {{1, 100}, {3, 100}, {5, 100}, {7, 100}};
        for (double[] value : values) {
            data.add(example(new Regressor(new String[] {"b", "a"}, value)));
        }
        return data;
    }

    /** 1, 3, 5, 7: the mean is 4, the variance of the population (9 + 1 + 1 + 9) / 4 = 5. */
    @Test
    void regressor_isStandardizedByName() {
        MutableDataset<Regressor> data = regressors();
        RegressorConverter converter = new RegressorConverter();
        Map<String, OutputScale> scales = converter.scales(data.getOutputIDInfo(), data);

        assertThat(scales.get("b").mean()).isEqualTo(4);
        assertThat(scales.get("b").deviation()).isEqualTo(Math.sqrt(5), within(1e-15));
        assertThat(scales.get("a")).isEqualTo(new OutputScale(100, 1));
        OutputBinding<Regressor> binding = converter.bind(data.getOutputIDInfo(), List.of("b", "a"), scales);
        assertThat(binding.target(new Regressor(new String[] {"a", "b"}, new double[] {101, 4 + Math.sqrt(5)})))
                .containsExactly(new double[] {1, 1}, within(1e-12));
        Regressor predicted =
                binding.predict(new double[] {-2, 0.5}, 1, data.getExample(0)).getOutput();
        assertThat(predicted.getDimension("b").orElseThrow().getValue()).isEqualTo(4 - 2 * Math.sqrt(5), within(1e-12));
        assertThat(predicted.getDimension("a").orElseThrow().getValue()).isEqualTo(100.5);
    }

    @Test
    void regressor_withoutStandardization_keepsItsUnit() {
        MutableDataset<Regressor> data = regressors();
        RegressorConverter converter = new RegressorConverter(false);
        Map<String, OutputScale> scales = converter.scales(data.getOutputIDInfo(), data);

        assertThat(converter
                        .bind(data.getOutputIDInfo(), List.of("a", "b"), scales)
                        .target(data.getExample(0).getOutput()))
                .containsExactly(100, 1);
    }

    @Test
    void regressor_thatIsNotFinite_isNamed() {
        MutableDataset<Regressor> data = regressors();
        data.add(example(new Regressor(new String[] {"a", "b"}, new double[] {1, Double.NaN})));

        assertThatThrownBy(() -> new RegressorConverter().scales(data.getOutputIDInfo(), data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the output dimension \"b\" is NaN; expected a finite number");
    }

    @Test
    void loss_isThatOfTheDefinition() {
        double[] outputs = {0.5, 0.25};
        double[] targets = {1, 0};

        assertThat(Loss.SOFTMAX_CROSS_ENTROPY.of(outputs, targets)).isEqualTo(Math.log(2), within(1e-15));
        assertThat(Loss.SIGMOID_CROSS_ENTROPY.of(outputs, targets))
                .isEqualTo(Math.log(2) - Math.log(0.75), within(1e-15));
        assertThat(Loss.SQUARED_ERROR.of(outputs, targets)).isEqualTo((0.25 + 0.0625) / 2, within(1e-15));
    }

    @Test
    void protos_bringConvertersBack() {
        Helpers.testProtoSerialization(new LabelConverter());
        Helpers.testProtoSerialization(new MultiLabelConverter(0.25));
        Helpers.testProtoSerialization(new RegressorConverter(false));
    }

    @Test
    void proto_ofANewerRelease_isRefused() {
        assertThatThrownBy(() -> LabelConverter.deserializeFromProto(1, "", null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("proto of version 1; expected 0 to 0");
    }

    @Test
    void outputScale_withoutADeviation_isRefused() {
        assertThatThrownBy(() -> new OutputScale(1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("deviation = 0.0");
    }
}
