/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.NotAdaptable;
import org.lora4j.model.ParameterSummary;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModule;
import org.lora4j.samediff.GraphModules;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/guide-samediff.md on modules, targets, states and merging. */
class GuideAdaptingTest {

    private static final Logger log = LoggerFactory.getLogger(GuideAdaptingTest.class);

    private final SameDiff graph = UserGraph.create();
    private final Map<String, INDArray> inputs =
            Map.of("input", UserGraph.examples(3).getFeatures());

    private static LoraConfig config(String... targets) {
        return LoraConfig.builder().targetModules(targets).build();
    }

    /** An adapter that changes the output. */
    private static Adapter adapter(String module, int inputs, int outputs, double value) {
        INDArray a = Nd4j.valueArrayOf(new long[] {1, inputs}, value, DataType.FLOAT);
        INDArray b = Nd4j.valueArrayOf(new long[] {outputs, 1}, value, DataType.FLOAT);
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules(module).build();
        return Adapter.of(config, Map.of(module, Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());
    }

    private INDArray scores(AdaptedSameDiff model) {
        return model.output(inputs, "scores").get("scores");
    }

    @Test
    void modules_areListed() {
        GraphModules modules = Lora.modules(graph);
        log.info("{}", modules);
        List<String> paths = modules.paths();
        Set<String> heads = modules.heads();
        List<NotAdaptable> refused = modules.notAdaptable();

        assertThat(paths).containsExactly("dense1", "dense2", "head");
        assertThat(heads).containsExactly("head");
        assertThat(refused).isEmpty();
        assertThat(modules.toString().lines().toList())
                .containsExactly(Documents.root()
                        .textBlock("docs/guide-samediff.md", "dense1: ")
                        .split("\n"));
    }

    @Test
    void modules_canBeNamed() {
        SameDiff unnamed = SameDiff.create();
        SDVariable x = unnamed.placeHolder("x", DataType.FLOAT, -1, 2);
        x.mmul("scores", unnamed.var(Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}})))
                .sum("loss");
        LoraConfig config = config("block.query");

        Map<String, String> names = Map.of("scores", "block.query");
        AdaptedSameDiff model = Lora.inject(unnamed, config, 42, names);

        assertThat(model.modules()).extracting(GraphModule::path).containsExactly("block.query");
    }

    @Test
    void targets_areChosen() {
        ModuleSelector bySuffix = ModuleSelector.suffixes("query", "layer.0.output.dense");
        ModuleSelector byExpression = ModuleSelector.regex("encoder\\.layer\\.[0-3]\\..*(query|value)");
        ModuleSelector everyLinear = ModuleSelector.allLinear();

        String query = "encoder.layer.2.attention.self.query";
        assertThat(bySuffix.matches(query)).isTrue();
        assertThat(bySuffix.matches("encoder.layer.0.output.dense")).isTrue();
        assertThat(bySuffix.matches("encoder.layer.1.output.dense")).isFalse();
        assertThat(byExpression.matches(query)).isTrue();
        assertThat(byExpression.matches(query.replace("2", "4"))).isFalse();
        AdaptedSameDiff model = Lora.inject(
                graph, LoraConfig.builder().targetModules(everyLinear).build(), 1);
        assertThat(model.adapter("default").modules()).containsOnlyKeys("dense1", "dense2");
    }

    @Test
    void config_saysHow() {
        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .dropout(0.05)
                .targetModules(ModuleSelector.allLinear())
                .excludeModules("dense2")
                .rankPattern(Map.of("dense1", 4))
                .alphaPattern(Map.of("dense1", 8.0))
                .scalingRule(Scaling.RANK_STABILIZED)
                .bias(BiasTraining.ADAPTED_ONLY)
                .modulesToSave("head")
                .build();

        assertThat(config.scalingOf("dense1")).isEqualTo(4);
        Adapter adapter = Lora.inject(graph, config, 1).adapter("default");
        assertThat(adapter.modules()).containsOnlyKeys("dense1");
        assertThat(adapter.savedParameters()).containsOnlyKeys("dense1.bias", "head.weight", "head.bias");
    }

    @Test
    void injection_leavesOutputAndBaseAsTheyAre() {
        LoraConfig config = config("dense1", "dense2");

        AdaptedSameDiff model = Lora.inject(graph, config, 42);
        Map<String, INDArray> outputs = model.output(inputs, "scores", "head/output");
        ParameterSummary summary = model.parameterSummary();
        List<ModuleStatus> status = model.status();

        INDArray base = AdaptedSameDiff.of(graph).output(inputs, "scores").get("scores");
        assertThat(UserGraph.largestDifference(outputs.get("scores"), base)).isZero();
        // Sums of at most 16 products of floats below 10, in another order.
        INDArray stock = graph.output(inputs, "scores").get("scores");
        assertThat(UserGraph.largestDifference(outputs.get("scores"), stock)).isLessThan(1e-5);
        // Base: 8*16+16 + 16*16+16 + 16*3+3 = 467; factors: 8*(8+16) + 8*(16+16) = 448.
        assertThat(summary).hasToString("trainable parameters: 448 of 915 (48.9617 %)");
        assertThat(status).extracting(ModuleStatus::path).containsExactly("dense1", "dense2", "head");
        assertThat(model.base()).isSameAs(graph);
    }

    // The resource is there for its end alone.
    @SuppressWarnings("try")
    @Test
    void states_areSeparate() {
        Adapter sports = adapter("dense1", 8, 16, 0.3);
        LoraConfig newsConfig = config("dense2");

        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter("sports", sports);
        model.addAdapter("news", newsConfig, 42);

        model.activate("sports", "news");
        model.setTrainable("sports", true);
        model.setTrainable("news", false);
        INDArray baseScores;
        try (var off = model.disabled()) {
            baseScores = model.output(inputs, "scores").get("scores");
        }
        model.activate("news");
        model.removeAdapter("sports");

        assertThat(UserGraph.largestDifference(
                        baseScores,
                        AdaptedSameDiff.of(graph).output(inputs, "scores").get("scores")))
                .isZero();
        assertThat(model.adapterNames()).containsExactly("news");
    }

    @Test
    void merging_canBeUndone() {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter("default", adapter("dense1", 8, 16, 0.3));
        model.activate("default");
        INDArray before = scores(model);

        MergeReport report = model.merge();
        log.info("largest rounding of a weight: {} in {}", report.largestRounding(), report.module());
        model.unmerge();

        SameDiff merged = model.mergeAndUnload();
        SameDiff untouched = model.unload();

        assertThat(report.bytes()).isEqualTo(8 * 16 * 4);
        assertThat(UserGraph.largestDifference(scores(model), before)).isZero();
        // Sums of at most 16 products of floats below 10, in another order.
        assertThat(UserGraph.largestDifference(merged.output(inputs, "scores").get("scores"), before))
                .isLessThan(1e-5);
        assertThat(untouched).isSameAs(graph);
    }
}
