/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterConversionTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    @TempDir
    Path dir;

    /** Every adapter of PEFT's that is there, with its base. */
    static List<String> adapters() throws IOException {
        try (Stream<Path> cases = Files.list(PEFT)) {
            return cases.filter(path -> Files.exists(path.resolve("adapter_model.safetensors")))
                    .map(path -> path.getFileName().toString())
                    .filter(name ->
                            !name.matches("(bad|combine|config|ia3|kasa|ln-tuning|road|trainable-tokens|train)-.*"))
                    // Refused by name, as the tests below and those of loading show.
                    .filter(name -> !name.matches(".*(grouped|niter|target-parameters|fourierft|no-projection).*"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void on_atAllItsEnergy_mergesAsTheAdapterAndComesBackFromItsFile(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        Adapter adapter = Adapter.load(directory);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            ConvertedAdapter converted = AdapterConversion.of(adapter).energy(1).on(base);

            Map<String, INDArray> expected = WeightMerge.merged(base, List.of(adapter));
            Map<String, INDArray> found = WeightMerge.merged(base, List.of(converted.adapter()));
            assertThat(found.keySet()).isEqualTo(expected.keySet());
            expected.forEach((weight, array) -> assertThat(
                            array.sub(found.get(weight)).norm2Number().doubleValue())
                    .as(weight)
                    .isLessThan(1e-6 * (1 + array.norm2Number().doubleValue())));
            assertThat(converted.largestError()).isLessThan(1e-6);
            assertThat(converted.adapter().loraConfig().dora()).isFalse();
        }
        Adapter lora = AdapterConversion.of(adapter)
                .energy(1)
                .on(ModelWeights.open(directory.resolve("base.safetensors")))
                .adapter();
        lora.save(dir);
        assertThat(Adapter.load(dir)).isEqualTo(lora);
    }

    @Test
    void on_withABiasOnB_keepsItTimesTheScaling() throws IOException {
        Path directory = PEFT.resolve("lora-mlp-lora-bias");
        Adapter adapter = Adapter.load(directory);

        Adapter lora = AdapterConversion.of(adapter)
                .rank(2)
                .on(ModelWeights.open(directory.resolve("base.safetensors")))
                .adapter();

        assertThat(lora.loraConfig().loraBias()).isTrue();
        adapter.modules()
                .forEach((path, tensors) -> assertThat(lora.modules().get(path).get("lora_B.bias"))
                        .isEqualTo(
                                tensors.get("lora_B.bias").mul(adapter.config().scalingOf(path))));
    }

    /** A diagonal of 3, 2, 1 and 0 in a table of its singular values: squares 9, 4 and 1 of 14. */
    @ParameterizedTest
    @CsvSource({"0.6, 1", "0.64, 1", "0.65, 2", "0.92, 2", "0.93, 3", "1, 3"})
    void energy_givesTheSmallestRankThatKeepsIt(double share, int rank) throws IOException {
        Adapter lora = adapter(LoraConfig.builder().rank(4).alpha(4).targetModules("fc"), diagonal(1, 1, 1, 1));

        ConvertedAdapter converted = AdapterConversion.of(lora).energy(share).on(base(4, 4));

        double[] lost = {14, 5, 1, 0};
        assertThat(converted.ranks()).containsExactly(Map.entry("fc", rank));
        assertThat(converted.relativeErrors().get("fc")).isCloseTo(Math.sqrt(lost[rank] / 14), within(1e-7));
        LoraConfig config = converted.adapter().loraConfig();
        assertThat(config.rankOf("fc")).isEqualTo(rank);
        assertThat(config.scalingOf("fc")).isEqualTo(1);
        assertThat(config.rankPattern()).isEqualTo(Map.of("fc", rank));
        assertThat(config.alphaPattern()).isEqualTo(Map.of("fc", (double) rank));
    }

    @Test
    void on_withAnUpdateOfZero_givesTheRankOneWithoutAnError() throws IOException {
        Adapter lora = adapter(LoraConfig.builder().rank(4).alpha(4).targetModules("fc"), diagonal(0, 0, 0, 0));

        ConvertedAdapter converted = AdapterConversion.of(lora).energy(0.5).on(base(4, 4));

        assertThat(converted.largestError()).isZero();
        assertThat(converted.ranks()).containsExactly(Map.entry("fc", 1));
    }

    @Test
    void on_withASquareWeightTheOtherWayRound_keepsTheFlagThatSaysSo() throws IOException {
        INDArray up = RandomStreams.normal(new SplittableRandom(1), 1, DataType.FLOAT, 4, 4);
        Adapter lora = adapter(
                LoraConfig.builder().rank(4).alpha(4).targetModules("fc").fanInFanOut(true), up);
        ModelWeights base = base(4, 4);

        Adapter converted = AdapterConversion.of(lora).rank(4).on(base).adapter();

        assertThat(converted.config().fanInFanOut()).isTrue();
        assertThat(WeightMerge.merged(base, List.of(converted)).get("fc.weight"))
                .satisfies(weight -> assertThat(weight.equalsWithEps(
                                WeightMerge.merged(base, List.of(lora)).get("fc.weight"), 1e-5))
                        .isTrue());
    }

    /** Names of which one ends another, and names that as an expression mean each other. */
    @Test
    void on_withPathsThatCatchEachOther_givesEachItsRank() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(4)
                .targetModules("b", "a.b", "a_b", "aXb")
                .build();
        Map<String, INDArray> ups = Map.of(
                "b", diagonal(1, 0, 0, 0),
                "a.b", diagonal(1, 1, 0, 0),
                "aXb", diagonal(1, 1, 1, 0),
                "a_b", diagonal(1, 1, 1, 1));
        Map<String, Map<String, INDArray>> modules = new java.util.TreeMap<>();
        Map<String, INDArray> weights = new java.util.TreeMap<>();
        ups.forEach((path, up) -> {
            modules.put(path, Map.of("lora_A.weight", Nd4j.eye(4).castTo(DataType.FLOAT), "lora_B.weight", up));
            weights.put(path + ".weight", Nd4j.zeros(DataType.FLOAT, 4, 4));
        });

        ConvertedAdapter converted = AdapterConversion.of(Adapter.of(config, modules, Map.of()))
                .energy(1)
                .on(ModelWeights.of(weights));

        assertThat(converted.ranks()).isEqualTo(Map.of("b", 1, "a.b", 2, "aXb", 3, "a_b", 3));
        converted
                .ranks()
                .forEach((path, rank) -> assertThat(
                                converted.adapter().loraConfig().rankOf(path))
                        .as(path)
                        .isEqualTo(rank));
    }

    @Test
    void on_ofALargeWeight_isExactWhereTheUpdateHasTheRank() throws IOException {
        LohaConfig config =
                LohaConfig.builder().rank(3).alpha(3).targetModules("fc").build();
        SplittableRandom random = new SplittableRandom(5);
        Map<String, INDArray> tensors = Map.of(
                "hada_w1_a", RandomStreams.normal(random, 1, DataType.FLOAT, 300, 3),
                "hada_w1_b", RandomStreams.normal(random, 1, DataType.FLOAT, 3, 200),
                "hada_w2_a", RandomStreams.normal(random, 1, DataType.FLOAT, 300, 3),
                "hada_w2_b", RandomStreams.normal(random, 1, DataType.FLOAT, 3, 200));
        Adapter loha = Adapter.of(config, Map.of("fc", tensors), Map.of());

        ConvertedAdapter all = AdapterConversion.of(loha).energy(1).on(base(300, 200));
        ConvertedAdapter some = AdapterConversion.of(loha).rank(4).on(base(300, 200));

        assertThat(all.ranks()).containsExactly(Map.entry("fc", 9));
        assertThat(all.largestError()).isLessThan(1e-12);
        assertThat(some.largestError()).isBetween(0.3, 0.8);
    }

    @Test
    void on_withoutAnythingThatLoraCanExpress_refusesByName() throws IOException {
        Path ia3 = PEFT.resolve("ia3-mlp");
        assertThatThrownBy(() -> AdapterConversion.of(Adapter.load(ia3))
                        .rank(2)
                        .on(ModelWeights.open(ia3.resolve("base.safetensors"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("IA3")
                .hasMessageContaining("biases included");
        Path grouped = PEFT.resolve("lora-conv2d-grouped");
        assertThatThrownBy(() -> AdapterConversion.of(Adapter.load(grouped))
                        .energy(0.9)
                        .on(ModelWeights.open(grouped.resolve("base.safetensors"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("groups");
        Path experts = PEFT.resolve("lora-target-parameters-3d");
        assertThatThrownBy(() -> AdapterConversion.of(Adapter.load(experts))
                        .energy(0.9)
                        .on(ModelWeights.open(experts.resolve("base.safetensors"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("targetParameters");
    }

    @Test
    void on_withWhatIsOutOfRange_saysAllOfIt() {
        Adapter lora = adapter(LoraConfig.builder().rank(4).alpha(4).targetModules("fc"), diagonal(1, 1, 1, 1));
        Set<String> problems = new TreeSet<>();
        for (AdapterConversion asked : List.of(
                AdapterConversion.of(lora),
                AdapterConversion.of(lora).rank(2).energy(0.5),
                AdapterConversion.of(lora).rank(0),
                AdapterConversion.of(lora).rank(5),
                AdapterConversion.of(lora).energy(0),
                AdapterConversion.of(lora).energy(1.5),
                AdapterConversion.of(lora).energy(Double.NaN))) {
            assertThatThrownBy(() -> asked.on(base(4, 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .satisfies(e -> problems.add(e.getMessage()));
        }
        assertThat(problems)
                .hasSize(7)
                .allSatisfy(message -> assertThat(message).contains("expected"));
        assertThatThrownBy(() -> AdapterConversion.of(lora).rank(2).on(base(3, 4)))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("fc");
    }

    /** A and B whose product has the singular values 3, 2, 1, each times a number. */
    private static INDArray diagonal(double... times) {
        INDArray up = Nd4j.zeros(DataType.FLOAT, 4, 4);
        for (int i = 0; i < 4; i++) {
            up.putScalar(i, i, (3 - i) * times[i]);
        }
        return up;
    }

    private static Adapter adapter(LoraConfig.Builder config, INDArray up) {
        Map<String, INDArray> tensors =
                Map.of("lora_A.weight", Nd4j.eye(4).castTo(DataType.FLOAT), "lora_B.weight", up);
        return Adapter.of(config.build(), Map.of("fc", tensors), Map.of());
    }

    private static ModelWeights base(int outputs, int inputs) {
        return ModelWeights.of(Map.of("fc.weight", Nd4j.ones(DataType.FLOAT, outputs, inputs)));
    }
}
