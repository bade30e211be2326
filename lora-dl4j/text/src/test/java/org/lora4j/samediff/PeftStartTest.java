/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Starts that move the base: the graph takes off what the factors start with, and the base stays as it is. */
class PeftStartTest {

    private static final List<String> MODULES = List.of("fc1", "fc2");

    private static INDArray product(Map<String, INDArray> factors) {
        return factors.get("lora_B.weight").mmul(factors.get("lora_A.weight"));
    }

    private static Map<String, INDArray> golden(PeftCase golden, String prefix, String module) {
        String key = prefix + ".base_model.model." + module + ".lora_";
        return Map.of(
                "lora_A.weight", golden.io.get(key + "A.weight"),
                "lora_B.weight", golden.io.get(key + "B.weight"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"init-pissa", "init-olora"})
    void fresh_startsAsPeftDoes_andChangesNothing(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);
        LoraConfig config = Adapter.load(golden.directory).loraConfig();

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(golden.graph), config, 1);

        Map<String, INDArray> inputs = golden.inputs();
        Graphs.assertSameValues(
                model.output(inputs, "y").get("y"),
                AdaptedSameDiff.of(golden.graph).output(inputs, "y").get("y"));
        golden.assertClose(model.output(inputs, "y").get("y"), golden.io.get("y_init"));
        Map<String, Map<String, INDArray>> factors = model.adapter("default").modules();
        for (String module : MODULES) {
            golden.assertClose(product(factors.get(module)), product(golden(golden, "init", module)));
            INDArray left = golden.base
                    .get(module + ".weight")
                    .sub(product(factors.get(module)).mul(config.scalingOf(module)));
            golden.assertClose(left, golden.io.get("resid." + module + ".weight"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"init-pissa", "init-olora"})
    void fresh_mergedAtOnce_isTheBaseInEveryValue(String name) throws IOException {
        PeftCase golden = PeftCase.open(name);
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(golden.graph), Adapter.load(golden.directory).config(), 1);

        model.merge();

        Map<String, INDArray> inputs = golden.inputs();
        Graphs.assertSameValues(
                model.output(inputs, "y").get("y"),
                AdaptedSameDiff.of(golden.graph).output(inputs, "y").get("y"));
    }

    @Test
    void plainAdapter_isPeftsConversion() throws IOException {
        PeftCase golden = PeftCase.open("convert-pissa-to-lora");
        Adapter converted = Adapter.load(golden.directory);
        LoraConfig pissa = converted.loraConfig().toBuilder()
                .rank(4)
                .alpha(8)
                .initialization(Initialization.PISSA)
                .build();
        Map<String, Map<String, INDArray>> trained = new TreeMap<>();
        MODULES.forEach(module -> trained.put(module, golden(golden, "trained", module)));
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        model.addAdapter("pissa", Adapter.of(pissa, trained, Map.of()));
        model.activate("pissa");

        Adapter plain = model.plainAdapter("pissa");

        assertThat(plain.config()).isEqualTo(converted.config());
        golden.assertClose(model.output(golden.inputs(), "y").get("y"), golden.io.get("y_adapter"));
        for (String module : MODULES) {
            Map<String, INDArray> found = plain.modules().get(module);
            Map<String, INDArray> expected = converted.modules().get(module);
            // The signs of singular vectors are free, so the halves that hold them compare as products.
            golden.assertClose(product(found), product(expected));
            golden.assertClose(rows(found, 0), rows(expected, 0));
            assertThat(found.get("lora_A.weight").shape())
                    .isEqualTo(expected.get("lora_A.weight").shape());
        }
        AdaptedSameDiff again = AdaptedSameDiff.of(golden.graph);
        again.addAdapter("plain", plain);
        again.activate("plain");
        golden.assertClose(again.output(golden.inputs(), "y").get("y"), golden.io.get("y_adapter"));
    }

    private static INDArray rows(Map<String, INDArray> factors, int from) {
        return factors.get("lora_A.weight")
                .get(NDArrayIndex.interval(from, from + 4), NDArrayIndex.all())
                .dup('c');
    }

    @ParameterizedTest
    @CsvSource({"STANDARD, 2", "RANK_STABILIZED, 1.4142135623730951"})
    void plainAdapter_keepsTheScaling_withPatternsToo(Scaling rule, double growth) {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.DOUBLE);
        LoraConfig config = LoraConfig.builder()
                .rank(3)
                .alpha(5)
                .targetModules("m")
                .initialization(Initialization.PISSA)
                .scalingRule(rule)
                .rankPattern(Map.of("m", 2))
                .alphaPattern(Map.of("m", 7.0))
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1);
        model.trainableParameters().forEach(p -> p.value().muli(1.5));
        INDArray attached = model.output(m.inputs, "y").get("y");

        Adapter plain = model.plainAdapter("default");

        assertThat(plain.loraConfig().alphaOf("m")).isCloseTo(7 * growth, within(1e-12));
        assertThat(plain.config().rankOf("m")).isEqualTo(4);
        assertThat(plain.loraConfig().rank()).isEqualTo(6);
        AdaptedSameDiff again = AdaptedSameDiff.of(m.sd);
        again.addAdapter("plain", plain);
        again.activate("plain");
        assertThat(again.output(m.inputs, "y")
                        .get("y")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
        assertThat(model.output(m.inputs, "y")
                        .get("y")
                        .sub(m.output())
                        .amaxNumber()
                        .doubleValue())
                .isGreaterThan(0.1);
    }

    @Test
    void plainAdapter_ofAnOrdinaryStart_isTheAdapter() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.FLOAT);
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(m.sd),
                LoraConfig.builder().rank(2).targetModules("m").build(),
                1);

        assertThat(model.plainAdapter("default")).isEqualTo(model.adapter("default"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PISSA", "OLORA"})
    void trained_savedAndLoaded_computesTheSame_andMergesToIt(Initialization start, @TempDir Path folder)
            throws IOException {
        FormCase.Maker m = FormCase.all().get(1).make(DataType.DOUBLE);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("m")
                .initialization(start)
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1);
        model.trainableParameters().forEach(p -> p.value().muli(1.25));
        INDArray trained = model.output(m.inputs, "y").get("y");

        model.adapter("default").save(folder.resolve("a"));
        AdaptedSameDiff again = DefaultAdapter.saved(AdaptedSameDiff.of(m.sd), folder.resolve("a"));
        INDArray loaded = again.output(m.inputs, "y").get("y");
        again.merge();

        assertThat(again.adapter("default").config().initialization()).isEqualTo(start);
        Graphs.assertSameValues(loaded, trained);
        assertThat(again.output(m.inputs, "y")
                        .get("y")
                        .sub(trained)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
    }

    @Test
    void gradient_equalsTheNumericOne_andTheStartDoesNotLearn() {
        FormCase.Maker m = FormCase.all().get(0).make(DataType.DOUBLE);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("m")
                .initialization(Initialization.PISSA)
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1);
        List<String> names = model.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();

        double error = GradientCheck.check(model.graph(), m.inputs, names);

        assertThat(error).isLessThan(GradientCheck.TOLERANCE);
        assertThat(names).containsExactly("m.lora_A.default", "m.lora_B.default");
        assertThat(model.graph().variables().stream()
                        .filter(v -> v.name().contains(".start") && v.getVariableType() == VariableType.CONSTANT))
                .hasSize(2);
    }

    @Test
    void attentionProjections_startFromTheirWeightsToo() {
        FormCase.Maker m = FormCase.all().stream()
                .filter(form -> form.name.equals("attention"))
                .findFirst()
                .orElseThrow()
                .make(DataType.FLOAT);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("q", "o")
                .initialization(Initialization.PISSA)
                .build();

        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(m.sd), config, 1);

        Graphs.assertSameValues(model.output(m.inputs, "y").get("y"), m.output());
    }
}
