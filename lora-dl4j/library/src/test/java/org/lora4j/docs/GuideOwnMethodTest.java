/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType;
import org.lora4j.config.FieldType.Field;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.Factors;
import org.lora4j.method.MethodEntry;
import org.lora4j.method.MethodTraits;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.ReplacingMethod;
import org.lora4j.method.WeightAlgebra;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The example of docs/methods.md, "A method of your own". */
class GuideOwnMethodTest {

    @TempDir
    Path dir;

    @BeforeAll
    static void register() {
        AdapterMethods.register(MethodEntry.builder(GainConfig.class, GainConfig::builder)
                .method((config, path) -> new GainMethod())
                .saved(GainMethod.TRAITS, options -> new GainMethod())
                .build());
    }

    @Test
    void method_ofTheGuide_learnsIsSavedAndMerged() throws IOException {
        SameDiff graph = UserGraph.create();
        DataSet examples = UserGraph.examples(1);
        Map<String, INDArray> input = Map.of("input", examples.getFeatures());
        INDArray base = graph.output(input, "scores").get("scores").dup();
        long seed = 42;
        Path directory = dir.resolve("gain");

        GainConfig config =
                GainConfig.builder().strength(0.5).targetModules("dense1").build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.output(input, "scores").get("scores")).isEqualTo(base);
        Trainer.builder(model)
                .plan(TrainingPlan.builder().epochs(2).optimizer(AdamW.of(0.1)).build())
                .build()
                .train(Batches.of(UserGraph.iterator(), DataSetPlaceholders.of("input", "labels")));
        INDArray learned = model.output(input, "scores").get("scores").dup();
        assertThat(learned).isNotEqualTo(base);

        model.adapter("default").save(directory);
        AdaptedSameDiff loaded = Lora.load(graph, directory);

        assertThat(loaded.output(input, "scores").get("scores")).isEqualTo(learned);
        assertThat(loaded.adapter("default").config()).isEqualTo(config);
        INDArray merged = loaded.mergeAndUnload().output(input, "scores").get("scores");
        assertThat(merged.sub(learned).amaxNumber().doubleValue()).isLessThan(1e-6);
    }

    @Test
    void register_ofANameThatIsTaken_isRefused() {
        assertThatThrownBy(GuideOwnMethodTest::register)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("AdapterMethods.register, method GAIN")
                .hasMessageContaining("peftType = GAIN is taken");
    }
}

final class GainConfig extends AdapterConfig {

    private static final Field<Double> STRENGTH = new Field<>("strength", "gain_strength", FieldType.NUMBER, 1.0);
    private static final List<Field<?>> FIELDS = Field.table(MODULES_AND_LAYERS, STRENGTH);

    private GainConfig(Builder builder) {
        super(builder);
    }

    static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    @Override
    public double scalingOf(String modulePath) {
        return get(STRENGTH);
    }

    static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("GAIN", FIELDS);
        }

        Builder strength(double factor) {
            return set(STRENGTH, factor);
        }

        @Override
        public GainConfig build() {
            return new GainConfig(this);
        }
    }
}

final class GainMethod implements ReplacingMethod {

    static final String GAIN = "gain_outputs";
    static final MethodTraits TRAITS = MethodTraits.builder("Gain", "GAIN")
            .multiplies(true)
            .factor(GAIN, "G", FactorTrait.BIAS_OR_GAIN)
            .build();

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        return Map.of(GAIN, new long[] {shape.outputs()});
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        return Map.of(GAIN, Nd4j.zeros(start.dataType(), start.shape().outputs()));
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T gain = module.plus(module.scale(factors.get(GAIN), factors.scaling()), 1);
        return module.multiply(w, module.alongWeight(gain));
    }
}
