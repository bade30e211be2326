/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.random.RandomStreams;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class UpdateReportTest {

    private static final Path PEFT = Path.of("../core/src/test/resources/peft");

    /** Rounding of a few operations on numbers of order 1. */
    private static final Offset<Double> EXACT = within(1e-12);

    /** Adapters of PEFT's that change weights, of every method, with their bases. */
    static List<String> adapters() throws IOException {
        try (Stream<Path> cases = Files.list(PEFT)) {
            return cases.filter(path -> Files.exists(path.resolve("adapter_model.safetensors")))
                    .map(path -> path.getFileName().toString())
                    .filter(name -> !name.matches("(bad|combine|config|ln-tuning|trainable-tokens|train)-.*"))
                    .filter(name ->
                            !name.matches(".*(grouped|niter|target-parameters|fourierft|no-projection|zero-init).*"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void of_anAdapterOfAnyMethod_measuresWhatMergingAdds(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        Adapter adapter = Adapter.load(directory);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            Map<String, INDArray> merged = WeightMerge.merged(base, List.of(adapter));

            UpdateReport report = UpdateReport.of(adapter, base);

            assertThat(report.modules()).isNotEmpty();
            for (ModuleUpdate module : report.modules()) {
                String weight = module.path() + ".weight";
                if (adapter.savedParameters().containsKey(weight) || !merged.containsKey(weight)) {
                    continue;
                }
                double added = merged.get(weight)
                        .castTo(DataType.DOUBLE)
                        .sub(base.get(weight).castTo(DataType.DOUBLE))
                        .norm2Number()
                        .doubleValue();
                assertThat(module.norm()).as(module.path()).isCloseTo(added, within(1e-5 * (1 + added)));
            }
            assertThat(JsonObjects.read("report", report.json())).containsOnlyKeys("modules", "leftOut");
        }
    }

    /** The change diag(4, 3) of the weight diag(8, 6): energies 16 and 9 of 25. */
    @Test
    void of_aDiagonal_isWhatTheHandCalculates() throws IOException {
        ModuleUpdate update = report(eye(2), diagonal(4, 3), diagonal(8, 6));

        assertThat(update.norm()).isCloseTo(5, EXACT);
        assertThat(update.spectralNorm()).isCloseTo(4, EXACT);
        assertThat(update.weightNorm()).isCloseTo(10, EXACT);
        assertThat(update.weightSpectralNorm()).isCloseTo(8, within(1e-6));
        assertThat(update.relativeNorm()).isCloseTo(0.5, EXACT);
        assertThat(update.relativeSpectralNorm()).isCloseTo(0.5, within(1e-6));
        assertThat(update.energyByRank())
                .hasSize(2)
                .first()
                .satisfies(share -> assertThat(share).isCloseTo(0.64, EXACT));
        assertThat(update.energyByRank().get(1)).isEqualTo(1);
        assertThat(update.rankFor(0.64)).isEqualTo(1);
        assertThat(update.rankFor(0.65)).isEqualTo(2);
        assertThat(update.effectiveRank()).isCloseTo(Math.exp(-0.64 * Math.log(0.64) - 0.36 * Math.log(0.36)), EXACT);
        assertThat(update.effectiveRankOfValues())
                .isCloseTo(Math.exp(-4 / 7.0 * Math.log(4 / 7.0) - 3 / 7.0 * Math.log(3 / 7.0)), EXACT);
        assertThat(update.stableRank()).isCloseTo(25 / 16.0, EXACT);
        // The change acts in all directions, so the weight there is the whole weight.
        assertThat(update.amplification()).isCloseTo(0.5, EXACT);
    }

    /** 4 e1 e2^T, where the weight diag(8, 6) is 0; its effective rank is 1 whatever its size. */
    @Test
    void amplification_whereTheWeightIsZero_isInfiniteAndNullInJson() throws IOException {
        INDArray b = Nd4j.create(new float[][] {{4}, {0}});
        INDArray a = Nd4j.create(new float[][] {{0, 1}});
        UpdateReport report = UpdateReport.of(adapter(1, b, a), base(diagonal(8, 6)));

        ModuleUpdate update = report.modules().get(0);
        assertThat(update.amplification()).isInfinite();
        assertThat(update.effectiveRank()).isCloseTo(1, EXACT);
        assertThat(update.singularValues()).hasSize(1);
        assertThat(report.json()).contains("\"amplification\" : null");
        assertThat(report.toString()).contains("Infinity", "fc");
    }

    @Test
    void of_oneModuleThatDidNotLearn_givesZerosForIt() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules("fc", "other")
                .build();
        Map<String, Map<String, INDArray>> modules = Map.of(
                "fc", factors(eye(2), diagonal(4, 3)),
                "other", factors(Nd4j.zeros(DataType.FLOAT, 2, 2), diagonal(4, 3)));
        ModelWeights base = ModelWeights.of(Map.of("fc.weight", diagonal(8, 6), "other.weight", diagonal(8, 6)));

        UpdateReport report = UpdateReport.of(Adapter.of(config, modules, Map.of()), base);

        ModuleUpdate zero = report.modules().get(1);
        assertThat(List.of(
                        zero.norm(),
                        zero.relativeNorm(),
                        zero.relativeSpectralNorm(),
                        zero.effectiveRank(),
                        zero.effectiveRankOfValues(),
                        zero.stableRank(),
                        zero.amplification()))
                .containsOnly(0.0);
        assertThat(zero.energyByRank()).isEmpty();
        assertThat(zero.rankFor(0.9)).isZero();
    }

    @Test
    void of_whatHasNoMatrix_isNamedAsLeftOut() throws IOException {
        Path grouped = PEFT.resolve("lora-conv2d-grouped");
        Path saved = PEFT.resolve("dora-mlp-bias-modules-to-save");
        try (ModelWeights other = ModelWeights.open(saved.resolve("base.safetensors"))) {
            assertThat(UpdateReport.of(Adapter.load(saved), other).leftOut()).containsValue("trained in full");
        }
        try (ModelWeights base = ModelWeights.open(grouped.resolve("base.safetensors"))) {
            Adapter adapter = Adapter.load(grouped);
            assertThatThrownBy(() -> UpdateReport.of(adapter, base))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("UpdateReport: the adapter changes no weight as a matrix")
                    .hasMessageContaining("groups");
        }
    }

    @Test
    void of_zeroUpdatesOrNaN_saysSo() throws IOException {
        INDArray nan = diagonal(8, 6);
        nan.putScalar(0, 1, Float.NaN);
        Adapter trained = adapter(2, eye(2), diagonal(4, 3));
        Adapter fresh = adapter(2, Nd4j.zeros(DataType.FLOAT, 2, 2), diagonal(4, 3));

        assertThatThrownBy(() -> UpdateReport.of(fresh, base(diagonal(8, 6))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("UpdateReport: every update is zero (1 in all), expected an adapter that has been trained");
        assertThatThrownBy(() -> UpdateReport.of(trained, base(nan)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"fc\"")
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> UpdateReport.of(trained, base(Nd4j.ones(DataType.FLOAT, 3, 2))))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("fc");
        assertThatThrownBy(() -> report(eye(2), diagonal(4, 3), diagonal(8, 6)).rankFor(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("share = 0.0");
    }

    @Test
    void of_anAdapterMadeOnAnotherBase_refusesByItsHashes() {
        Adapter trained = adapter(2, eye(2), diagonal(4, 3)).withBaseHashes(Map.of("fc.weight", "0".repeat(64)));

        assertThatThrownBy(() -> UpdateReport.of(trained, base(diagonal(8, 6))))
                .isInstanceOf(IncompatibleBaseException.class);
    }

    /** A tall, a wide and a large weight, against the norms that merging shows. */
    @Test
    void of_aLargeWeight_agreesWithItsMatrix() throws IOException {
        Map<String, INDArray> weights = new TreeMap<>();
        Map<String, Map<String, INDArray>> modules = new HashMap<>();
        long[][] shapes = {{300, 180}, {180, 300}};
        SplittableRandom random = new SplittableRandom(5);
        for (long[] shape : shapes) {
            String path = "fc" + shape[0];
            weights.put(path + ".weight", RandomStreams.normal(random, 1, DataType.FLOAT, shape));
            modules.put(
                    path,
                    factors(
                            RandomStreams.normal(random, 1, DataType.FLOAT, shape[0], 3),
                            RandomStreams.normal(random, 1, DataType.FLOAT, 3, shape[1])));
        }
        LoraConfig config = LoraConfig.builder()
                .rank(3)
                .alpha(6)
                .targetModules("fc300", "fc180")
                .build();
        Adapter adapter = Adapter.of(config, modules, Map.of());

        UpdateReport report = UpdateReport.of(adapter, ModelWeights.of(weights));

        for (ModuleUpdate module : report.modules()) {
            Map<String, INDArray> factors = modules.get(module.path());
            INDArray change = factors.get("lora_B.weight")
                    .mmul(factors.get("lora_A.weight"))
                    .mul(2);
            assertThat(module.norm()).isCloseTo(change.norm2Number().doubleValue(), within(1e-4 * module.norm()));
            assertThat(module.singularValues()).hasSize(3);
        }
    }

    private static ModuleUpdate report(INDArray b, INDArray a, INDArray weight) throws IOException {
        return UpdateReport.of(adapter((int) a.size(0), b, a), base(weight))
                .modules()
                .get(0);
    }

    private static Adapter adapter(int rank, INDArray b, INDArray a) {
        LoraConfig config =
                LoraConfig.builder().rank(rank).alpha(rank).targetModules("fc").build();
        return Adapter.of(config, Map.of("fc", factors(b, a)), Map.of());
    }

    private static Map<String, INDArray> factors(INDArray b, INDArray a) {
        return Map.of("lora_A.weight", a, "lora_B.weight", b);
    }

    private static ModelWeights base(INDArray weight) {
        return ModelWeights.of(Map.of("fc.weight", weight));
    }

    private static INDArray eye(int side) {
        return Nd4j.eye(side).castTo(DataType.FLOAT);
    }

    private static INDArray diagonal(float... values) {
        INDArray diagonal = Nd4j.zeros(DataType.FLOAT, values.length, values.length);
        for (int i = 0; i < values.length; i++) {
            diagonal.putScalar(i, i, values[i]);
        }
        return diagonal;
    }
}
