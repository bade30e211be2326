/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.random.RandomStreams;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** By the definition of arXiv 2410.21228, on matrices whose singular vectors are seen; PEFT's cases are in IntruderGoldenTest. */
class IntruderDimensionsTest {

    private static final Path PEFT = Path.of("../core/src/test/resources/peft");

    private static final Offset<Double> FLOAT = within(1e-6);

    /** 3 e1, 2 e2 in three dimensions, two of the columns. */
    private final INDArray tall = Nd4j.create(new float[][] {{3, 0}, {0, 2}, {0, 0}, {0, 0}});

    /**
     * The first column becomes (3, 0, 5, 0) of length sqrt(34): its direction has the cosine 3 / sqrt(34) = 0.5145 with e1,
     * and the other, e2, has not moved.
     */
    private final Adapter pushed = adapter(1, new float[][] {{0}, {0}, {5}, {0}}, new float[][] {{1, 0}});

    @ParameterizedTest
    @CsvSource({"0.51, 0", "0.52, 1"})
    void on_aDirectionThatTheWeightLacks_isAnIntruderBelowEpsilon(double epsilon, int count) throws IOException {
        IntruderReport report =
                IntruderDimensions.of(pushed).topK(2).epsilon(epsilon).on(base(tall));

        ModuleIntruders module = report.modules().get(0);
        assertThat(report.count()).isEqualTo(count);
        assertThat(module.intruders()).isEqualTo(count == 0 ? List.of() : List.of(0));
        assertThat(module.cosines().get(0)).isCloseTo(3 / Math.sqrt(34), FLOAT);
        assertThat(module.cosines().get(1)).isCloseTo(1, FLOAT);
        assertThat(module.singularValues().get(0)).isCloseTo(Math.sqrt(34), FLOAT);
        assertThat(module.singularValues().get(1)).isCloseTo(2, FLOAT);
    }

    /** diag(2, 1) becomes 5 (0.6, 0.8) e1^T + (-0.8, 0.6) e2^T: each new direction has 0.8 of one old one. */
    @ParameterizedTest
    @CsvSource({"2, 0.79, 0", "2, 0.81, 2", "1, 0.81, 1", "9, 0.81, 2"})
    void on_aTurnedMatrix_looksAtTheStrongestDirectionsOnly(int topK, double epsilon, int count) throws IOException {
        Adapter turned = adapter(2, new float[][] {{1, -0.8f}, {4, -0.4f}}, new float[][] {{1, 0}, {0, 1}});
        INDArray weight = Nd4j.create(new float[][] {{2, 0}, {0, 1}});

        IntruderReport report =
                IntruderDimensions.of(turned).topK(topK).epsilon(epsilon).on(base(weight));

        assertThat(report.count()).isEqualTo(count);
        assertThat(report.modules().get(0).cosines())
                .hasSize(Math.min(2, topK))
                .allSatisfy(cosine -> assertThat(cosine).isCloseTo(0.8, FLOAT));
    }

    @Test
    void on_anUpdateWithinTheWeightsDirections_findsNone() throws IOException {
        Adapter stronger = adapter(1, new float[][] {{50}, {0}, {0}, {0}}, new float[][] {{1, 0}});

        IntruderReport report =
                IntruderDimensions.of(stronger).epsilon(1 - 1e-9).on(base(tall));

        assertThat(report.count()).isZero();
        assertThat(report.toString()).contains("fc", "1.0000");
        assertThat(JsonObjects.read("report", report.json()))
                .containsEntry("topK", 10)
                .containsEntry("count", 0);
    }

    /** A large matrix goes through eigenproblems: the same cosines as of the small one in its corner. */
    @ParameterizedTest
    @CsvSource({"400, 200", "200, 400", "300, 300"})
    void on_aLargeWeight_findsWhatIsPlantedInIt(int rows, int columns) throws IOException {
        INDArray weight = Nd4j.zeros(DataType.FLOAT, rows, columns);
        int side = Math.min(rows, columns);
        // Values 2 to 1 on the diagonal but for its last ten, where nothing is.
        for (int i = 0; i < side - 10; i++) {
            weight.putScalar(i, i, 2 - i / (double) side);
        }
        // 40 times (0.3 e1 + ...) in a column of zeros: the cosine with e1 is 0.3, the rest lies in the last rows.
        INDArray b = Nd4j.zeros(DataType.FLOAT, rows, 1);
        b.putScalar(0, 0, 12);
        b.putScalar(rows - 1, 0, 40 * Math.sqrt(1 - 0.09) / Math.sqrt(2));
        b.putScalar(rows - 2, 0, 40 * Math.sqrt(1 - 0.09) / Math.sqrt(2));
        INDArray a = Nd4j.zeros(DataType.FLOAT, 1, columns);
        a.putScalar(0, columns - 1, 1);
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules("fc").build();
        Adapter planted = Adapter.of(config, Map.of("fc", Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());

        ModuleIntruders found = IntruderDimensions.of(planted)
                .topK(3)
                .epsilon(0.8)
                .on(base(weight))
                .modules()
                .get(0);

        assertThat(found.intruders()).containsExactly(0);
        assertThat(found.singularValues().get(0)).isBetween(40.0, 40.1);
        // A wide weight has vectors for its zeros too; a tall one has none there.
        assertThat(found.cosines().get(0)).isBetween(0.29, 0.8);
        assertThat(found.cosines().get(2)).isGreaterThan(0.9);
    }

    /** At lambda 0.5 half of (3, 0, 5, 0) e1^T goes: the update 5 e3 e1^T becomes (-1.5, 0, 2.5, 0) e1^T, of rank 1. */
    @Test
    void reducedOn_scalesTheIntruderOfTheWholeWeight() throws IOException {
        IntruderReduction reduction =
                IntruderDimensions.of(pushed).topK(1).epsilon(0.52).lambda(0.5).reducedOn(base(tall));

        INDArray change = WeightMerge.merged(base(tall), List.of(reduction.adapter()))
                .get("fc.weight")
                .sub(tall);
        INDArray expected = Nd4j.create(new float[][] {{-1.5f, 0}, {0, 0}, {2.5f, 0}, {0, 0}});
        assertThat(change.equalsWithEps(expected, 1e-5)).as(change.toString()).isTrue();
        assertThat(reduction.relativeErrors().get("fc")).isCloseTo(0, within(1e-12));
        assertThat(reduction.before().count()).isEqualTo(1);
        assertThat(IntruderDimensions.of(reduction.adapter())
                        .topK(1)
                        .epsilon(0.52)
                        .on(base(tall))
                        .modules()
                        .get(0)
                        .singularValues()
                        .get(0))
                .isCloseTo(Math.sqrt(1.5 * 1.5 + 2.5 * 2.5), within(1e-5));
    }

    @Test
    void reducedOn_withLambdaOne_leavesTheUpdate() throws IOException {
        Adapter reduced = IntruderDimensions.of(pushed)
                .topK(1)
                .epsilon(0.52)
                .lambda(1)
                .reducedOn(base(tall))
                .adapter();

        Map<String, INDArray> expected = WeightMerge.merged(base(tall), List.of(pushed));
        Map<String, INDArray> found = WeightMerge.merged(base(tall), List.of(reduced));
        assertThat(found.get("fc.weight").equalsWithEps(expected.get("fc.weight"), 1e-5))
                .isTrue();
    }

    /** PEFT turns factors of embeddings with intruders around; in files they have one way. */
    @Test
    void reducedOn_anEmbeddingWithIntruders_keepsTheShapesOfItsFactors() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        INDArray table = RandomStreams.normal(random, 0.1, DataType.FLOAT, 9, 4);
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("emb").build();
        Map<String, INDArray> factors = Map.of(
                "lora_embedding_A", RandomStreams.normal(random, 1, DataType.FLOAT, 2, 9),
                "lora_embedding_B", RandomStreams.normal(random, 1, DataType.FLOAT, 4, 2));
        Adapter adapter = Adapter.of(config, Map.of("emb", factors), Map.of());
        ModelWeights base = ModelWeights.of(Map.of("emb.weight", table));

        IntruderReduction reduction =
                IntruderDimensions.of(adapter).epsilon(0.9).lambda(0).reducedOn(base);

        assertThat(reduction.before().count()).isPositive();
        double before = norm(base, adapter, table);
        double after = norm(base, reduction.adapter(), table);
        assertThat(after).isLessThan(before);
    }

    private static double norm(ModelWeights base, Adapter adapter, INDArray table) throws IOException {
        return WeightMerge.merged(base, List.of(adapter))
                .get("emb.weight")
                .sub(table)
                .norm2Number()
                .doubleValue();
    }

    @ParameterizedTest
    @CsvSource({"loha-mlp-patterns", "dora-mlp", "init-pissa"})
    void reducedOn_anotherMethod_asksForAConversion_afterWhichItWorks(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        Adapter adapter = Adapter.load(directory);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            IntruderReport found = IntruderDimensions.of(adapter).epsilon(1).on(base);
            assertThat(found.modules()).isNotEmpty();
            assertThatThrownBy(() -> IntruderDimensions.of(adapter).reducedOn(base))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("AdapterConversion");

            Adapter lora = AdapterConversion.of(adapter).energy(1).on(base).adapter();
            IntruderReduction reduction = IntruderDimensions.of(lora).epsilon(1).reducedOn(base);

            assertThat(reduction.before().count()).isEqualTo(found.count());
            assertThat(reduction.relativeErrors()).isNotEmpty();
        }
    }

    @Test
    void on_numbersOutOfRange_areAllNamed() {
        assertThatThrownBy(() -> IntruderDimensions.of(pushed)
                        .topK(0)
                        .epsilon(Double.NaN)
                        .lambda(1.5)
                        .on(base(tall)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "IntruderDimensions: 3 problems: topK = 0, expected 1 or more; epsilon = NaN, expected a cosine in"
                                + " (0, 1]; lambda = 1.5, expected [0, 1]");
        assertThatThrownBy(() -> IntruderDimensions.of(pushed).epsilon(0).on(base(tall)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void on_badInputs_saySo() {
        INDArray nan = tall.dup();
        nan.putScalar(0, 0, Float.NaN);
        Adapter zero = adapter(1, new float[][] {{0}, {0}, {0}, {0}}, new float[][] {{1, 0}});

        assertThatThrownBy(() -> IntruderDimensions.of(pushed).on(base(nan)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> IntruderDimensions.of(zero).reducedOn(base(tall)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("zero");
        assertThatThrownBy(() -> IntruderDimensions.of(pushed).on(base(Nd4j.ones(DataType.FLOAT, 2, 2))))
                .isInstanceOf(IncompatibleBaseException.class);
    }

    @Test
    void reducedOn_keepsWhatElseTheAdapterHolds() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(1)
                .targetModules("fc")
                .modulesToSave("head")
                .build();
        Map<String, INDArray> saved = Map.of("head.weight", Nd4j.ones(DataType.FLOAT, 2, 4));
        Adapter adapter =
                Adapter.of(config, pushed.modules(), saved).withBaseHashes(Map.of("x.weight", "0".repeat(64)));
        Map<String, INDArray> weights = new TreeMap<>(saved);
        weights.put("fc.weight", tall);

        IntruderReduction reduction =
                IntruderDimensions.of(adapter).epsilon(0.52).reducedOn(ModelWeights.of(weights));

        assertThat(reduction.adapter().savedParameters()).isEqualTo(adapter.savedParameters());
        assertThat(reduction.adapter().baseHashes()).isEqualTo(adapter.baseHashes());
        assertThat(reduction.before().leftOut()).containsEntry("head.weight", "trained in full");
    }

    private static Adapter adapter(int rank, float[][] b, float[][] a) {
        LoraConfig config =
                LoraConfig.builder().rank(rank).alpha(rank).targetModules("fc").build();
        return Adapter.of(
                config,
                Map.of("fc", Map.of("lora_A.weight", Nd4j.create(a), "lora_B.weight", Nd4j.create(b))),
                Map.of());
    }

    private static ModelWeights base(INDArray weight) {
        return ModelWeights.of(Map.of("fc.weight", weight));
    }
}
