/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.dl4j.PrefixNetworks.Way;
import org.lora4j.internal.dl4j.cache.Caching;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Networks with a cache against the same networks without, on batches that stay together. */
class CachedNetworkTest {

    private static final int EPOCHS = 3;
    /** Products may round in another way in another row. */
    private static final double TOLERANCE = 1e-5;

    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 24);

    @TempDir
    private Path folder;

    /** What a run leaves. */
    private record Outcome(float[] params, float[] updater, List<Double> scores, int iterations, int epochs) {}

    private static <N extends Model> Outcome outcome(Way<N> way, AdaptedNetwork<N> model) {
        N network = model.network();
        CollectScoresListener scores = PrefixNetworks.scores(network);
        INDArray state = way.access().updater(network, true).getStateViewArray();
        return new Outcome(
                network.params().dup().data().asFloat(),
                state.dup().data().asFloat(),
                List.copyOf(scores.getListScore()),
                way.access().iterations(network),
                way.access().epochs(network));
    }

    private static <N extends Model> AdaptedNetwork<N> model(Way<N> way, MemoryMode mode) {
        // Stock dropout draws from the generator of the process.
        Nd4j.getRandom().setSeed(9);
        AdaptedNetwork<N> model = way.model(mode);
        way.access().listen(model.network(), List.of(new CollectScoresListener(1)));
        return model;
    }

    private static <N extends Model> Outcome plain(Way<N> way, MemoryMode mode) {
        AdaptedNetwork<N> model = model(way, mode);
        way.fit(model.network(), way.batches(), EPOCHS);
        return outcome(way, model);
    }

    static Stream<Arguments> ways() {
        return PrefixNetworks.ways()
                .flatMap(way -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(way, mode)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("ways")
    <N extends Model> void fit_onBatchesThatStay_givesTheBitsOfARunWithoutCache(Way<N> way, MemoryMode mode) {
        Outcome plain = plain(way, mode);
        AdaptedNetwork<N> model = model(way, mode);
        PrefixReport report;

        try (CachedNetwork<N> cached = model.cacheFrozenPrefix(CACHE)) {
            way.fit(cached.network(), way.batches(), EPOCHS);
            report = cached.report();
        }

        assertThat(outcome(way, model)).usingRecursiveComparison().isEqualTo(plain);
        int batches = way.batches().size();
        // The first batch that comes again is computed once more.
        assertThat(report.computed()).isEqualTo(batches + 1);
        assertThat(report.reused()).isEqualTo(batches * (EPOCHS - 1) - 1L);
        assertThat(report.prefix().activations()).containsExactlyElementsOf(way.kept());
        assertThat(report.memoryBytes()).isPositive();
        assertThat(report.withoutRoom()).isZero();
    }

    private static <N extends Model> Outcome moving(Way<N> way, AdaptedNetwork<N> model) {
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            way.fit(model.network(), PrefixNetworks.moved(way.batches(), epoch), 1);
        }
        return outcome(way, model);
    }

    private static void assertClose(List<Double> found, List<Double> expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).isCloseTo(expected.get(i), withinPercentage(100 * TOLERANCE));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("org.lora4j.dl4j.PrefixNetworks#forms")
    <N extends Model> void fit_onExamplesThatMove_givesTheLossesOfARunWithoutCache(Way<N> way) {
        Outcome plain = moving(way, model(way, MemoryMode.IN_VIEW));
        int batches = way.batches().size();

        for (PrefixCache cache : List.of(CACHE, new PrefixCache(0, 1 << 24, Optional.of(folder)))) {
            AdaptedNetwork<N> model = model(way, MemoryMode.IN_VIEW);
            try (CachedNetwork<N> cached = model.cacheFrozenPrefix(cache)) {
                assertClose(moving(way, model).scores(), plain.scores());
                assertThat(cached.report().computed()).isEqualTo(batches + 1);
                assertThat(cached.report().reused()).isEqualTo(batches * (EPOCHS - 1) - 1L);
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("org.lora4j.dl4j.PrefixNetworks#forms")
    <N extends Model> void fit_withRoomInAFile_givesTheSameBitsAndLeavesNoFile(Way<N> way) throws IOException {
        Outcome plain = plain(way, MemoryMode.IN_VIEW);
        AdaptedNetwork<N> model = model(way, MemoryMode.IN_VIEW);
        PrefixCache ofFile = new PrefixCache(0, 1 << 24, Optional.of(folder));

        try (CachedNetwork<N> cached = model.cacheFrozenPrefix(ofFile)) {
            way.fit(cached.network(), way.batches(), EPOCHS);

            assertThat(cached.report().memoryBytes()).isZero();
            assertThat(cached.report().fileBytes()).isPositive();
            assertThat(cached.report().computed()).isEqualTo(way.batches().size() + 1);
        }

        assertThat(outcome(way, model)).usingRecursiveComparison().isEqualTo(plain);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void fit_withRoomForOneBatch_computesTheOthersInEveryEpoch() {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        Outcome plain = plain(way, MemoryMode.IN_VIEW);
        AdaptedNetwork<MultiLayerNetwork> model = model(way, MemoryMode.IN_VIEW);

        // A batch has 6 rows of 7 values of 4 bytes.
        try (CachedNetwork<MultiLayerNetwork> cached = model.cacheFrozenPrefix(PrefixCache.inMemory(6 * 7 * 4))) {
            way.fit(cached.network(), way.batches(), EPOCHS);

            assertThat(cached.report().memoryBytes()).isEqualTo(6 * 7 * 4);
            assertThat(cached.report().withoutRoom()).isEqualTo(2);
            assertThat(cached.report().reused()).isEqualTo(1);
        }

        assertThat(outcome(way, model)).usingRecursiveComparison().isEqualTo(plain);
    }

    static Stream<Way<?>> masked() {
        return Stream.of(PrefixNetworks.masked(), PrefixNetworks.overAttention());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("masked")
    <N extends Model> void fit_onBatchesThatDifferInTheirMasksAlone_tellsThemApart(Way<N> way) {
        MultiDataSet first = way.batches().get(0);
        MultiDataSet other = way.batches().get(1);
        List<MultiDataSet> sets = List.of(
                first,
                new MultiDataSet(
                        first.getFeatures(),
                        other.getLabels(),
                        other.getFeaturesMaskArrays(),
                        other.getLabelsMaskArrays()));
        AdaptedNetwork<N> plain = model(way, MemoryMode.IN_VIEW);
        way.fit(plain.network(), sets, EPOCHS);
        AdaptedNetwork<N> model = model(way, MemoryMode.IN_VIEW);

        try (CachedNetwork<N> cached = model.cacheFrozenPrefix(CACHE)) {
            way.fit(cached.network(), sets, EPOCHS);
        }

        assertThat(outcome(way, model)).usingRecursiveComparison().isEqualTo(outcome(way, plain));
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void cacheFrozenPrefix_betweenEpochs_takesOverAndHandsOn(MemoryMode mode) throws IOException {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        AdaptedNetwork<MultiLayerNetwork> plain = model(way, mode);
        way.fit(plain.network(), way.batches(), 5);
        AdaptedNetwork<MultiLayerNetwork> model = model(way, mode);

        way.fit(model.network(), way.batches(), 1);
        for (int i = 0; i < 2; i++) {
            try (CachedNetwork<MultiLayerNetwork> cached = model.cacheFrozenPrefix(CACHE)) {
                way.fit(cached.network(), way.batches(), i + 1);
                assertThat(model.network()).isSameAs(cached.network());
            }
        }
        way.fit(model.network(), way.batches(), 1);

        assertThat(outcome(way, model)).usingRecursiveComparison().isEqualTo(outcome(way, plain));
        assertThat(saved(model)).isEqualTo(saved(plain));
    }

    /** What a saved model has to say after it was read. */
    private String saved(AdaptedNetwork<MultiLayerNetwork> model) throws IOException {
        Path zip = folder.resolve("model.zip");
        model.save(zip);
        MultiLayerNetwork network =
                NetworkFile.of(zip).adaptedMultiLayerNetwork().network();
        return network.getLayerWiseConfigurations().toJson()
                + network.params().toStringFull()
                + network.updaterState().toStringFull();
    }

    @Test
    void fit_underEarlyStopping_onPrefetchedBatchesOfMasks_givesTheSameBestNetwork() {
        Way<MultiLayerNetwork> way = PrefixNetworks.masked();
        List<MultiLayerNetwork> best = new ArrayList<>();
        for (boolean withCache : List.of(false, true)) {
            AdaptedNetwork<MultiLayerNetwork> model = way.model(MemoryMode.IN_VIEW);
            CachedNetwork<MultiLayerNetwork> cached = withCache ? model.cacheFrozenPrefix(CACHE) : null;
            DataSetIterator data = new ListDataSetIterator<>(PrefixNetworks.examples(way.batches()), 6);
            EarlyStoppingConfiguration<MultiLayerNetwork> stopping = new EarlyStoppingConfiguration.Builder<
                            MultiLayerNetwork>()
                    .epochTerminationConditions(new MaxEpochsTerminationCondition(4))
                    .scoreCalculator(new DataSetLossCalculator(data, true))
                    .modelSaver(new InMemoryModelSaver<>())
                    .build();

            best.add(new EarlyStoppingTrainer(stopping, model.network(), data)
                    .fit()
                    .getBestModel());
            model.network().fit(data, 2);

            best.add(model.network());
            if (withCache) {
                assertThat(cached.report().reused()).isEqualTo(3 * 5 - 1);
                cached.close();
            }
        }

        for (int i = 0; i < 2; i++) {
            assertThat(best.get(i + 2).params().data().asFloat())
                    .isEqualTo(best.get(i).params().data().asFloat());
        }
    }

    static Stream<Way<?>> kinds() {
        return Stream.of(PrefixNetworks.dense(), PrefixNetworks.twoInputs());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    <N extends Model> void saversOfEarlyStopping_getAStockCopy(Way<N> way) throws IOException {
        InMemoryModelSaver<N> saver = new InMemoryModelSaver<>();
        try (CachedNetwork<N> cached = way.model(MemoryMode.IN_VIEW).cacheFrozenPrefix(CACHE)) {
            saver.saveBestModel(cached.network(), 0);

            assertThat(saver.getBestModel().params()).isEqualTo(cached.network().params());
            assertThat(saver.getBestModel()).isNotInstanceOf(Caching.class);
        }
    }

    @Test
    void listeners_seeTheNetworkAndItsOutputs_butNoActivationsOfThePrefix() {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        AdaptedNetwork<MultiLayerNetwork> model = model(way, MemoryMode.IN_VIEW);
        List<INDArray> outputs = new ArrayList<>();
        List<List<INDArray>> passes = new ArrayList<>();
        try (CachedNetwork<MultiLayerNetwork> cached = model.cacheFrozenPrefix(CACHE)) {
            way.fit(cached.network(), way.batches(), 2);
            cached.network().setListeners(new BaseTrainingListener() {
                @Override
                public void onForwardPass(Model of, List<INDArray> activations) {
                    passes.add(activations);
                }

                @Override
                public void iterationDone(Model of, int iteration, int epoch) {
                    assertThat(of).isSameAs(cached.network());
                    outputs.add(cached.network().output(way.batches().get(0).getFeatures(0)));
                }
            });

            way.fit(cached.network(), way.batches().subList(0, 1), 1);
        }

        INDArray now = model.network().output(way.batches().get(0).getFeatures(0));
        assertThat(outputs).containsExactly(now);
        assertThat(passes.get(0)).hasSize(4);
        assertThatIllegalStateException()
                .isThrownBy(() -> passes.get(0).get(1))
                .withMessageContaining("activations: those of layer 0 were not computed");
        assertThat(passes.get(0).get(2).shape()).containsExactly(6, 7);
    }
}
