/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.dl4j.PrefixNetworks.Way;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Networks with a cache against the same networks without, on batches that stay together. */
class CachedNetworkTest {

    private static final int EPOCHS = 3;
    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 24);

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
}
