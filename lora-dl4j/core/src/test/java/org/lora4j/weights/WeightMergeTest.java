/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.C3aConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.IncompatibleBaseException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class WeightMergeTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    private static final String MERGED = "merged.";

    /** Every case of PEFT that tells the merged weights, of the methods that are ours. */
    static List<String> mergedCases() throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> cases = Files.list(PEFT)) {
            for (Path path : (Iterable<Path>) cases.sorted()::iterator) {
                String name = path.getFileName().toString();
                boolean ours = name.matches("(lora|dora|multi|init|convert|config)-.*") && !name.contains("niter");
                if (ours
                        && Files.exists(path.resolve("io.safetensors"))
                        && !merged(path).isEmpty()) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    @ParameterizedTest
    @MethodSource("mergedCases")
    void merged_ofPeftsAdapter_isPeftsWeights(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        JsonNode about =
                new ObjectMapper().readTree(directory.resolve("case.json").toFile());
        double absolute = about.at("/tolerance/atol").asDouble();
        double relative = about.at("/tolerance/rtol").asDouble();
        Map<String, INDArray> expected = merged(directory);

        Map<String, INDArray> changed;
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            changed = WeightMerge.merged(base, adapters(directory, about));
        }

        // A full copy may happen to equal the base, which PEFT's list of changes then leaves out.
        assertThat(changed.keySet()).containsAll(expected.keySet());
        // PEFT's merge of b alone left the head of a, which was active; y_merged of that case is not y_adapter either.
        expected.keySet().removeIf(weight -> name.equals("multi-modules-to-save") && weight.startsWith("fc3."));
        expected.forEach((weight, values) -> assertClose(weight, changed.get(weight), values, absolute, relative));
    }

    private static void assertClose(String name, INDArray found, INDArray expected, double absolute, double relative) {
        assertThat(found.shape()).as(name).isEqualTo(expected.shape());
        for (long i = 0; i < expected.length(); i++) {
            double e = expected.data().getDouble(i);
            assertThat(Math.abs(found.data().getDouble(i) - e))
                    .as(name + ", element " + i)
                    .isLessThanOrEqualTo(absolute + relative * Math.abs(e));
        }
    }

    private static List<Adapter> adapters(Path directory, JsonNode about) throws IOException {
        List<Adapter> adapters = new ArrayList<>();
        JsonNode names = about.has("merged_adapters") ? about.get("merged_adapters") : about.get("adapters");
        if (names == null) {
            return List.of(Adapter.load(directory));
        }
        for (JsonNode name : names) {
            Path below = directory.resolve(name.asText());
            adapters.add(Adapter.load(Files.isDirectory(below) ? below : directory));
        }
        return adapters;
    }

    private static Map<String, INDArray> merged(Path directory) throws IOException {
        Map<String, INDArray> merged = new TreeMap<>();
        try (ModelWeights io = ModelWeights.open(directory.resolve("io.safetensors"))) {
            for (String name : io.names()) {
                if (name.startsWith(MERGED)) {
                    merged.put(name.substring(MERGED.length()), io.get(name));
                }
            }
        }
        return merged;
    }

    @Test
    void mergedCases_areMany() throws IOException {
        assertThat(mergedCases()).hasSizeGreaterThan(50);
    }

    private static INDArray filled(double value, long... shape) {
        return Nd4j.valueArrayOf(shape, value, DataType.FLOAT);
    }

    private static Adapter adapter(LoraConfig config, String path, INDArray a, INDArray b) {
        return Adapter.of(config, Map.of(path, Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());
    }

    @Test
    void merged_withABaseThatDoesNotFit_namesBothSidesAtOnce() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("query", "value")
                .modulesToSave("head")
                .build();
        Adapter adapter = Adapter.of(
                config,
                Map.of(
                        "layer.qurey.query",
                        Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(1, 4, 2)),
                        "layer.value",
                        Map.of("lora_A.weight", filled(1, 2, 5), "lora_B.weight", filled(1, 4, 2))),
                Map.of("head.weight", filled(1, 2, 4)));
        Map<String, INDArray> weights = new LinkedHashMap<>();
        weights.put("layer.query.weight", filled(1, 4, 3));
        weights.put("layer.value.weight", filled(1, 4, 3));
        weights.put("head.weight", filled(1, 3, 4));
        weights.put("head.bias", filled(1, 3));

        assertThatThrownBy(() -> WeightMerge.merged(ModelWeights.of(weights), List.of(adapter)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("module \"layer.qurey.query\" of the adapter has no weight"
                        + " \"layer.qurey.query.weight\" in the base; closest: \"layer.query.weight\"")
                .hasMessageContaining("module \"layer.value\" has lora_A.weight [2, 5], lora_B.weight [4, 2], but"
                        + " \"layer.value.weight\" of the base has shape [4, 3]")
                .hasMessageContaining("\"layer.query.weight\" is adapted by the config, but the adapter has no tensors")
                .hasMessageContaining("parameter \"head.weight\" has shape [2, 4], expected [3, 4] as in the base")
                .hasMessageContaining(
                        "parameter \"head.bias\" is trained in full by the config, but the adapter has no");
    }

    /** In-projection of [3 * 2, 2], out-projection of [2, 2]; delta = B A with ones is the rank everywhere. */
    @Test
    void merged_ofMultiheadAttention_changesBothProjectionsOnce() throws IOException {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("mha").build();
        Map<String, Map<String, INDArray>> modules = Map.of(
                "mha", Map.of("lora_A.weight", filled(1, 2, 2), "lora_B.weight", filled(1, 6, 2)),
                "mha.base_layer.out_proj", Map.of("lora_A.weight", filled(1, 2, 2), "lora_B.weight", filled(2, 2, 2)));
        Map<String, INDArray> weights = Map.of(
                "mha.in_proj_weight", filled(1, 6, 2),
                "mha.in_proj_bias", filled(1, 6),
                "mha.out_proj.weight", filled(1, 2, 2),
                "mha.out_proj.bias", filled(1, 2));

        Map<String, INDArray> changed =
                WeightMerge.merged(ModelWeights.of(weights), List.of(Adapter.of(config, modules, Map.of())));

        assertThat(changed).containsOnlyKeys("mha.in_proj_weight", "mha.out_proj.weight");
        assertThat(changed.get("mha.in_proj_weight")).isEqualTo(filled(3, 6, 2));
        assertThat(changed.get("mha.out_proj.weight")).isEqualTo(filled(5, 2, 2));
    }

    /** gate_up is registered first, so it is wrapped first; equal sizes would leave only the order to tell. */
    @Test
    void merged_ofTwoParametersOfAModule_takesTheNestedUpdateForTheFirst() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetParameters("experts.gate_up", "experts.down")
                .build();
        Map<String, Map<String, INDArray>> modules = Map.of(
                "x.experts", Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(1, 3, 2)),
                "x.experts.base_layer", Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(2, 3, 2)));
        Map<String, INDArray> weights = new LinkedHashMap<>();
        weights.put("x.experts.gate_up", filled(0, 2, 3, 3));
        weights.put("x.experts.down", filled(0, 2, 3, 3));

        Map<String, INDArray> changed =
                WeightMerge.merged(ModelWeights.of(weights), List.of(Adapter.of(config, modules, Map.of())));

        assertThat(changed.get("x.experts.gate_up")).isEqualTo(filled(2, 2, 3, 3));
        assertThat(changed.get("x.experts.down")).isEqualTo(filled(1, 2, 3, 3));
    }

    /** Files sort their tensors, so down comes first; its stack fits the update of gate_up if it is turned. */
    @Test
    void merged_ofTwoParametersThatMirrorOneAnother_takesThemAsTheyStand() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetParameters("experts.gate_up", "experts.down")
                .build();
        Map<String, Map<String, INDArray>> modules = Map.of(
                "x.experts", Map.of("lora_A.weight", filled(1, 2, 4), "lora_B.weight", filled(1, 3, 2)),
                "x.experts.base_layer", Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(2, 4, 2)));
        Map<String, INDArray> weights = new LinkedHashMap<>();
        weights.put("x.experts.down", filled(0, 2, 3, 4));
        weights.put("x.experts.gate_up", filled(0, 2, 4, 3));

        Map<String, INDArray> changed =
                WeightMerge.merged(ModelWeights.of(weights), List.of(Adapter.of(config, modules, Map.of())));

        assertThat(changed.get("x.experts.gate_up")).isEqualTo(filled(2, 2, 4, 3));
        assertThat(changed.get("x.experts.down")).isEqualTo(filled(1, 2, 3, 4));
    }

    /** Only the config tells: the update of gate_up is the inner one, because it is named first. */
    @Test
    void merged_ofTwoParametersOfOneShape_takesThemInTheOrderOfTheConfig() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetParameters("experts.gate_up", "experts.down")
                .build();
        Map<String, Map<String, INDArray>> modules = Map.of(
                "x.experts", Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(1, 3, 2)),
                "x.experts.base_layer", Map.of("lora_A.weight", filled(1, 2, 3), "lora_B.weight", filled(2, 3, 2)));
        Map<String, INDArray> weights = new LinkedHashMap<>();
        weights.put("x.experts.down", filled(0, 2, 3, 3));
        weights.put("x.experts.gate_up", filled(0, 2, 3, 3));

        Map<String, INDArray> changed =
                WeightMerge.merged(ModelWeights.of(weights), List.of(Adapter.of(config, modules, Map.of())));

        assertThat(changed.get("x.experts.gate_up")).isEqualTo(filled(2, 2, 3, 3));
        assertThat(changed.get("x.experts.down")).isEqualTo(filled(1, 2, 3, 3));
    }

    @Test
    void merged_withTwoAdaptersOfTheSameHead_isRefused() {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules("fc")
                .modulesToSave("head")
                .build();
        Adapter adapter = Adapter.of(
                config,
                Map.of("fc", Map.of("lora_A.weight", filled(1, 1, 2), "lora_B.weight", filled(1, 2, 1))),
                Map.of("head.weight", filled(1, 2, 2)));
        Map<String, INDArray> weights = Map.of("fc.weight", filled(1, 2, 2), "head.weight", filled(1, 2, 2));

        assertThatThrownBy(() -> WeightMerge.merged(ModelWeights.of(weights), List.of(adapter, adapter)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("two adapters hold the parameter \"head.weight\" in full");
    }

    @Test
    void merged_ofTokenRows_changesATiedTableToo() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .trainableTokens(TrainableTokens.ofInputEmbedding(1))
                .build();
        Adapter adapter = Adapter.of(
                config,
                Map.of("embed_tokens", Map.of("token_adapter.trainable_tokens_delta", filled(7, 1, 2))),
                Map.of());
        Map<String, INDArray> weights = Map.of(
                "embed_tokens.weight", filled(1, 3, 2),
                "lm_head.weight", filled(1, 3, 2),
                "other.weight", filled(2, 3, 2));

        Map<String, INDArray> changed = WeightMerge.merged(ModelWeights.of(weights), List.of(adapter));

        assertThat(changed).containsOnlyKeys("embed_tokens.weight", "lm_head.weight");
        assertThat(changed.get("lm_head.weight").getRow(1)).isEqualTo(filled(7, 2));
        assertThat(changed.get("lm_head.weight").getRow(2)).isEqualTo(filled(1, 2));
    }

    @Test
    void merged_ofRowsOfATiedHeadThatTheBaseLeavesOut_changesTheTable_andOnlyWhereTheRowsAreItsOwn()
            throws IOException {
        LoraConfig config = LoraConfig.builder()
                .trainableTokens(TrainableTokens.ofInputEmbedding(1))
                .build();
        String rows = "token_adapter.trainable_tokens_delta";
        ModelWeights base = ModelWeights.of(Map.of("embed_tokens.weight", filled(1, 3, 2)));
        Adapter tied = Adapter.of(
                config,
                Map.of("embed_tokens", Map.of(rows, filled(7, 1, 2)), "lm_head", Map.of(rows, filled(7, 1, 2))),
                Map.of());
        Adapter other = Adapter.of(
                config,
                Map.of("embed_tokens", Map.of(rows, filled(7, 1, 2)), "lm_head", Map.of(rows, filled(8, 1, 2))),
                Map.of());

        Map<String, INDArray> changed = WeightMerge.merged(base, List.of(tied));

        assertThat(changed).containsOnlyKeys("embed_tokens.weight");
        assertThat(changed.get("embed_tokens.weight").getRow(1)).isEqualTo(filled(7, 2));
        assertThatThrownBy(() -> WeightMerge.merged(base, List.of(other)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("module \"lm_head\" of the adapter has no weight \"lm_head.weight\" in the base");
    }

    /** PEFT saves the weight of an adapted head as its start left it. */
    @Test
    void merged_ofAStartThatMovedASavedWeight_addsTheUpdateToWhatWasSaved() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetModules("lm_head")
                .initialization(Initialization.PISSA)
                .build();
        Map<String, Map<String, INDArray>> factors =
                Map.of("lm_head", Map.of("lora_A.weight", filled(1, 1, 2), "lora_B.weight", filled(1, 2, 1)));
        Adapter adapter = Adapter.of(config, factors, Map.of("lm_head.weight", filled(2, 2, 2)));

        Map<String, INDArray> changed =
                WeightMerge.merged(ModelWeights.of(Map.of("lm_head.weight", filled(9, 2, 2))), List.of(adapter));

        assertThat(changed.get("lm_head.weight")).isEqualTo(filled(3, 2, 2));
    }

    @Test
    void merged_ofAStartThatTheWeightCannotHaveHad_isRefusedAndNamesTheModule() {
        LoraConfig config = LoraConfig.builder()
                .rank(3)
                .targetModules("fc")
                .initialization(Initialization.PISSA)
                .build();

        assertThatThrownBy(() -> WeightMerge.merged(
                        ModelWeights.of(Map.of("fc.weight", filled(1, 2, 2))),
                        List.of(adapter(config, "fc", filled(1, 3, 2), filled(1, 2, 3)))))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageStartingWith("WeightMerge: module \"fc\" cannot have started as its config says: PISSA");
    }

    @Test
    void merged_leavesTheBaseAlone() throws IOException {
        INDArray weight = filled(1, 2, 2);
        LoraConfig config = LoraConfig.builder().rank(1).targetModules("fc").build();

        WeightMerge.merged(
                ModelWeights.of(Map.of("fc.weight", weight)),
                List.of(adapter(config, "fc", filled(1, 1, 2), filled(1, 2, 1))));

        assertThat(weight).isEqualTo(filled(1, 2, 2));
    }

    @Test
    void merged_ofAConvolutionInGroups_saysWhyNot() throws IOException {
        Path directory = PEFT.resolve("lora-conv2d-grouped");
        Adapter adapter = Adapter.load(directory);

        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            assertThatThrownBy(() -> WeightMerge.merged(base, List.of(adapter)))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("\"conv1\" is a convolution in groups");
        }
    }

    @Test
    void write_givesTheWholeCheckpointInItsElementTypes(@TempDir Path dir) throws IOException {
        Path directory = PEFT.resolve("lora-mlp-basic");
        Path file = dir.resolve("merged/model.safetensors");

        Set<String> changed;
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            changed = WeightMerge.write(base, List.of(Adapter.load(directory)), file);
        }

        assertThat(changed).containsExactlyInAnyOrder("fc1.weight", "fc2.weight", "fc3.weight");
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"));
                ModelWeights io = ModelWeights.open(directory.resolve("io.safetensors"));
                ModelWeights written = ModelWeights.open(file.getParent())) {
            assertThat(written.names()).containsExactlyInAnyOrderElementsOf(base.names());
            assertThat(written.get("fc3.bias")).isEqualTo(base.get("fc3.bias"));
            assertClose("fc1.weight", written.get("fc1.weight"), io.get("merged.fc1.weight"), 1e-5, 1e-4);
        }
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void write_withWeightsInMemory_asksForFiles(@TempDir Path dir) {
        assertThatThrownBy(() -> WeightMerge.write(ModelWeights.of(Map.of()), List.of(), dir.resolve("m.safetensors")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the base is in memory");
    }

    /** C3A with blocks of one value and 3 inputs adds a third of its kernel. PEFT's config of C3A has no flag for inputs first. */
    @Test
    void merged_whereABiasTellsThatInputsComeFirst_turnsTheUpdate() throws IOException {
        Adapter adapter = Adapter.of(
                C3aConfig.builder().blockSize(1).targetModules("m").build(),
                Map.of("m", Map.of("c3a_kernel", Nd4j.createFromArray(new float[][][] {
                    {{3}, {6}, {9}}, {{12}, {15}, {18}}
                }))),
                Map.of());
        INDArray weight = Nd4j.zeros(DataType.FLOAT, 3, 2);
        ModelWeights told = ModelWeights.of(Map.of("m.weight", weight, "m.bias", Nd4j.zeros(DataType.FLOAT, 2)));
        ModelWeights untold = ModelWeights.of(Map.of("m.weight", weight));

        assertThat(WeightMerge.merged(told, List.of(adapter)).get("m.weight"))
                .isEqualTo(Nd4j.createFromArray(new float[][] {{1, 4}, {2, 5}, {3, 6}}));
        assertThatThrownBy(() -> WeightMerge.merged(untold, List.of(adapter)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("module \"m\" has c3a_kernel [2, 3, 1]")
                .hasMessageContaining("\"m.weight\" of the base has shape [3, 2]; expected factors of that weight");
    }
}
