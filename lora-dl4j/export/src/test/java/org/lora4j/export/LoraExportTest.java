/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LoraExportTest {

    private static final Path PEFT = Path.of("../core/src/test/resources/peft");

    @TempDir
    private Path folder;

    private Path target() {
        return folder.resolve("plain");
    }

    private JsonNode json(String name) throws IOException {
        return new ObjectMapper().readTree(target().resolve(name).toFile());
    }

    private static Adapter classifier() {
        return Adapter.of(
                LoraConfig.builder()
                        .rank(1)
                        .alpha(1)
                        .targetModules("query")
                        .modulesToSave("classifier")
                        .build(),
                Map.of(
                        "encoder.layer.0.attention.self.query",
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 8),
                                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 8, 1))),
                Map.of(
                        "classifier.weight", Nd4j.ones(DataType.FLOAT, 3, 8),
                        "classifier.bias", Nd4j.ones(DataType.FLOAT, 3)));
    }

    private static INDArray matrix(float a, float b, float c, float d) {
        return Nd4j.createFromArray(new float[][] {{a, b}, {c, d}});
    }

    private static ModelWeights base(INDArray weight) {
        return ModelWeights.of(Map.of("fc.weight", weight));
    }

    /** alpha / rank * B A of the file, row by row. */
    private double[] update(int rank) throws IOException {
        assertThat(json("adapter_config.json").get("peft_type").asText()).isEqualTo("LORA");
        assertThat(json("adapter_config.json").get("use_dora").asBoolean()).isFalse();
        assertThat(json("adapter_config.json").get("r").asInt()).isEqualTo(rank);
        double scale = json("adapter_config.json").get("lora_alpha").asDouble() / rank;
        Path file = target().resolve("adapter_model.safetensors");
        float[] a = WrittenTensors.floats(file, "base_model.model.fc.lora_A.weight");
        float[] b = WrittenTensors.floats(file, "base_model.model.fc.lora_B.weight");
        double[] update = new double[4];
        for (int i = 0; i < 4; i++) {
            for (int k = 0; k < rank; k++) {
                update[i] += scale * b[i / 2 * rank + k] * a[k * 2 + i % 2];
            }
        }
        return update;
    }

    @Test
    void hasPairsAlone_andTheHeadBesideThem() throws IOException {
        ExportReport report = LoraExport.of(classifier()).write(target());

        assertThat(WrittenTensors.written(target().resolve("adapter_model.safetensors")))
                .isEqualTo("base_model.model.encoder.layer.0.attention.self.query.lora_A.weight [1, 8]\n"
                        + "base_model.model.encoder.layer.0.attention.self.query.lora_B.weight [8, 1]\n");
        assertThat(json("adapter_config.json").get("modules_to_save").isNull()).isTrue();
        assertThat(WrittenTensors.written(target().resolve("head.safetensors")))
                .isEqualTo("classifier.bias [3]\nclassifier.weight [3, 8]\n");
        assertThat(report.added()).containsExactly("classifier.bias", "classifier.weight");
        assertThat(Adapter.load(target()).modules()).isEqualTo(classifier().modules());
    }

    @Test
    void ofRankStabilizedFactors_hasTheSameScale() throws IOException {
        Adapter before = Adapter.of(
                LoraConfig.builder()
                        .rank(4)
                        .alpha(6)
                        .scalingRule(Scaling.RANK_STABILIZED)
                        .targetModules("fc")
                        .build(),
                Map.of(
                        "fc",
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 4, 8),
                                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 8, 4))),
                Map.of());

        LoraExport.of(before).write(target());

        // 6 / sqrt(4) = 3 = 12 / 4
        assertThat(json("adapter_config.json").get("lora_alpha").asDouble()).isEqualTo(12, within(1e-12));
        assertThat(json("adapter_config.json").get("use_rslora").asBoolean()).isFalse();
    }

    @Test
    void ofWhatItCannotExpress_isRefusedWhole() {
        Adapter dora = Adapter.of(
                LoraConfig.builder()
                        .rank(1)
                        .alpha(1)
                        .dora(true)
                        .targetModules("fc")
                        .build(),
                Map.of(
                        "fc",
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 8),
                                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 8, 1),
                                "lora_magnitude_vector", Nd4j.ones(DataType.FLOAT, 8))),
                Map.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoraExport.of(dora).write(target()))
                .withMessageContaining(
                        "method LORA with DoRA, expected plain LoRA, or rank(weights, rank) to convert it");
        assertThat(target()).doesNotExist();
    }

    /** (1, 2)^T (3, 4) times (2, 1)^T (1, 1), element by element: ((6, 8), (6, 8)), of rank 1; alpha / rank = 2. */
    @Test
    void loha_ofRankOne_isConvertedWithoutLoss() throws IOException {
        Adapter loha = Adapter.of(
                LohaConfig.builder().rank(1).alpha(2).targetModules("fc").build(),
                Map.of(
                        "fc",
                        Map.of(
                                "hada_w1_a", Nd4j.createFromArray(new float[][] {{1}, {2}}),
                                "hada_w1_b", Nd4j.createFromArray(new float[][] {{3, 4}}),
                                "hada_w2_a", Nd4j.createFromArray(new float[][] {{2}, {1}}),
                                "hada_w2_b", Nd4j.createFromArray(new float[][] {{1, 1}}))),
                Map.of());

        ExportReport report =
                LoraExport.of(loha).rank(base(matrix(1, 0, 0, 1)), 1).write(target());

        assertThat(update(1)).containsExactly(new double[] {12, 16, 12, 16}, within(1e-5));
        assertThat(report.largestError()).isLessThan(1e-6);
        assertThat(report.changed()).containsExactly("fc");
    }

    private static Adapter dora() {
        return Adapter.of(
                LoraConfig.builder()
                        .rank(1)
                        .alpha(1)
                        .dora(true)
                        .targetModules("fc")
                        .build(),
                Map.of(
                        "fc",
                        Map.of(
                                "lora_A.weight", Nd4j.createFromArray(new float[][] {{0, 4}}),
                                "lora_B.weight", Nd4j.createFromArray(new float[][] {{1}, {0}}),
                                "lora_magnitude_vector", Nd4j.createFromArray(10f, 2f))),
                Map.of());
    }

    /**
     * W = ((3, 0), (0, 1)), W + B A = ((3, 4), (0, 1)) with rows of the lengths 5 and 1; with magnitudes 10 and 2 it is
     * ((6, 8), (0, 2)), so the change is ((3, 8), (0, 1)), of rank 2.
     */
    @Test
    void dora_isConverted_andWhatARankLosesIsSaid() throws IOException {
        ModelWeights base = base(matrix(3, 0, 0, 1));

        ExportReport whole = LoraExport.of(dora()).rank(base, 2).write(target());

        assertThat(update(2)).containsExactly(new double[] {3, 8, 0, 1}, within(1e-5));
        assertThat(whole.largestError()).isLessThan(1e-6);

        ExportReport part = LoraExport.of(dora()).rank(base, 1).write(folder.resolve("rank one"));
        // The squares of the singular values have the sum 74 and the product 9: the smaller one is 37 - sqrt(1360).
        assertThat(part.largestError()).isCloseTo(Math.sqrt((37 - Math.sqrt(1360)) / 74), within(1e-6));
    }

    @Test
    void startThatMovedTheBase_isRefusedWithoutIt() {
        Adapter pissa = Adapter.of(
                classifier().loraConfig().toBuilder()
                        .initialization(Initialization.PISSA)
                        .build(),
                classifier().modules(),
                classifier().savedParameters());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoraExport.of(pissa).write(target()))
                .withMessageContaining("the method LORA, which moved the base at its start, expected plain LoRA");
        assertThat(target()).doesNotExist();
    }

    @Test
    void ia3_isRefusedByName_withoutAdviceThatDoesNotHelp() {
        Adapter ia3 = Adapter.of(
                Ia3Config.builder().targetModules("fc").build(),
                Map.of("fc", Map.of("ia3_l", Nd4j.createFromArray(new float[][] {{2}, {3}}))),
                Map.of());

        for (LoraExport export :
                new LoraExport[] {LoraExport.of(ia3), LoraExport.of(ia3).rank(base(matrix(1, 0, 0, 1)), 1)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> export.write(target()))
                    .withMessageContaining("the adapter is of the method IA3: it multiplies what goes into modules")
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("rank("));
        }
        assertThat(target()).doesNotExist();
    }

    /** Adapters that PEFT wrote, in another rank: what is lost of the change is what the report says, and no more. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "c3a-mlp-block-pattern",
                "delora-mlp-patterns",
                "dora-mlp",
                "gralora-mlp-hybrid",
                "init-pissa",
                "loha-mlp-patterns",
                "lokr-mlp-factor-patterns",
                "miss-mlp-uneven",
                "randlora-mlp-unequal",
                "shira-two-adapters",
                "vblora-mlp-topk"
            })
    void adaptersOfOtherMethods_areLora_withTheErrorSaid(String name) throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve(name));
        try (ModelWeights base = ModelWeights.open(PEFT.resolve(name).resolve("base.safetensors"))) {
            ExportReport report = LoraExport.of(adapter).rank(base, 2).write(target());

            Map<String, INDArray> right = WeightMerge.merged(base, List.of(adapter));
            Map<String, INDArray> found = WeightMerge.merged(base, List.of(Adapter.load(target())));
            double largest = 0;
            for (String module : adapter.modules().keySet()) {
                String weight = module + ".weight";
                double lost =
                        right.get(weight).sub(found.get(weight)).norm2Number().doubleValue();
                double whole =
                        right.get(weight).sub(base.get(weight)).norm2Number().doubleValue();
                largest = Math.max(largest, lost / whole);
            }
            assertThat(report.largestError()).isCloseTo(largest, within(1e-5));
        }
    }
}
