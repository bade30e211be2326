/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.StopReason;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.cache.BatchIdentity;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PrefixCacheTest {

    private static final long PLENTY = 1L << 24;
    private static final int EPOCHS = 3;
    /** Two batches of 4 rows of 6 tokens and two of 5; 12 features and the token's share of the mean, of 4 bytes each. */
    private static final long BYTES = 4 * (6 + 6 + 5 + 5) * (12 + 1) * 4;

    private static final String LAST_LAYER = "encoder\\.layer\\.1\\..*dense|encoder\\.layer\\.1\\..*(query|key|value)";

    @TempDir
    private Path folder;

    /** What a run leaves. */
    private record Outcome(TrainingResult result, List<INDArray> values, PrefixReport report) {}

    private static final class Last implements RunListener {
        private PrefixReport report;

        @Override
        public void onFrozenPrefix(PrefixReport now) {
            report = now;
        }
    }

    private static RunListener onStep(Consumer<StepReport> action) {
        return new RunListener() {
            @Override
            public void onStep(StepReport report) {
                action.accept(report);
            }
        };
    }

    private static Outcome train(
            Trainable model, Batches batches, Optional<PrefixCache> cache, RunListener... listeners) {
        Last last = new Last();
        Trainer.Builder builder =
                Trainer.builder(model).plan(Encoders.plan(EPOCHS)).listener(last);
        cache.ifPresent(builder::cacheFrozenPrefix);
        Stream.of(listeners).forEach(builder::listener);
        TrainingResult result = builder.build().train(batches);
        return new Outcome(result, values(model), last.report);
    }

    private static List<INDArray> values(Trainable model) {
        return model.trainableParameters().stream().map(p -> p.value().dup()).toList();
    }

    private static Batches staying() {
        return Batches.shuffled(Encoders.batches());
    }

    private static void assertEqualBits(Outcome cached, Outcome plain) {
        assertThat(cached.result().losses()).isEqualTo(plain.result().losses());
        assertThat(cached.values().stream().map(v -> v.dup().data().asFloat()))
                .containsExactlyElementsOf(plain.values().stream()
                        .map(v -> v.dup().data().asFloat())
                        .toList());
    }

    private static Arguments way(String name, Supplier<Trainable> model) {
        return Arguments.of(name, model);
    }

    static Stream<Arguments> ways() {
        return Stream.of(
                way("last layer", () -> Encoders.adapted(LAST_LAYER, 0)),
                way("last layer, dropout", () -> Encoders.adapted(LAST_LAYER, 0.3)),
                way("query", () -> Encoders.adapted("encoder\\.layer\\.1\\..*query", 0)),
                way("query and value", () -> Encoders.adapted("encoder\\.layer\\.1\\..*(query|value)", 0.1)),
                way(
                        "dense of attention",
                        () -> Encoders.adapted("encoder\\.layer\\.1\\.attention\\.output\\.dense", 0)),
                way("dense of feed-forward", () -> Encoders.adapted("encoder\\.layer\\.1\\.output\\.dense", 0)),
                way("head", Encoders::head),
                way(
                        "last layer in parts",
                        () -> Encoders.adapted(LAST_LAYER, 0.2).inParallel(2)),
                way("head in parts", () -> Encoders.head().inParallel(3)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void train_onBatchesThatStay_givesTheBitsOfARunWithoutCacheFromOnePassOfThePrefix(
            String name, Supplier<Trainable> model) {
        Outcome plain = train(model.get(), staying(), Optional.empty());
        CountingModel counting = new CountingModel(model.get());
        Outcome cached = train(counting, staying(), Optional.of(PrefixCache.inMemory(PLENTY)));

        assertEqualBits(cached, plain);
        assertThat(counting.prefix).isEqualTo(4);
        assertThat(counting.suffix).isEqualTo(4 * EPOCHS);
        assertThat(counting.whole).isZero();
        assertThat(cached.report().computed()).isEqualTo(4);
        assertThat(cached.report().reused()).isEqualTo(8);
    }

    @Test
    void train_ofTheLastLayer_keepsTheInputOfTheLayerAndWhatPoolingNeeds() {
        Outcome cached = train(Encoders.adapted(LAST_LAYER, 0), staying(), Optional.of(PrefixCache.inMemory(PLENTY)));

        assertThat(cached.report().prefix().activations())
                .containsExactlyInAnyOrder("encoder.layer.0.output.LayerNorm/output", "pooling/share");
        assertThat(cached.report().memoryBytes()).isEqualTo(BYTES);
    }

    @Test
    void train_inAFileAlone_givesTheSameBitsAndLeavesNoFile() throws IOException {
        Outcome plain = train(Encoders.adapted(LAST_LAYER, 0.1), staying(), Optional.empty());
        CountingModel counting = new CountingModel(Encoders.adapted(LAST_LAYER, 0.1));
        PrefixCache cache = new PrefixCache(0, PLENTY, Optional.of(folder.resolve("made")));
        Outcome cached = train(counting, staying(), Optional.of(cache));

        assertEqualBits(cached, plain);
        assertThat(counting.prefix).isEqualTo(4);
        assertThat(cached.report().fileBytes()).isEqualTo(BYTES);
        assertThat(cached.report().memoryBytes()).isZero();
        assertThat(files()).isEmpty();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void train_whenThereIsLittleRoom_staysWithinTheLimitsAndGivesTheSameBits() {
        Outcome plain = train(Encoders.adapted(LAST_LAYER, 0), staying(), Optional.empty());
        CountingModel counting = new CountingModel(Encoders.adapted(LAST_LAYER, 0));
        // The largest batch takes 1248 bytes: room for one in memory, for one in the file, and for two nowhere.
        PrefixCache cache = PrefixCache.inMemory(1300).withFile(folder, 1300);
        Outcome cached = train(counting, staying(), Optional.of(cache));

        assertEqualBits(cached, plain);
        assertThat(cached.report().memoryBytes()).isBetween(1L, 1300L);
        assertThat(cached.report().fileBytes()).isBetween(1L, 1300L);
        assertThat(cached.report().withoutRoom()).isEqualTo(2 * EPOCHS);
        assertThat(counting.prefix).isEqualTo(2 + 2 * EPOCHS);
    }

    @Test
    void train_whenItFails_leavesNoFile() throws IOException {
        PrefixCache cache = new PrefixCache(0, PLENTY, Optional.of(folder));

        assertThatThrownBy(() -> train(Encoders.adapted(LAST_LAYER, 0), staying(), Optional.of(cache), onStep(step -> {
                    if (step.step() == 6) {
                        throw new IllegalStateException("stop");
                    }
                })))
                .hasMessage("stop");
        assertThat(files()).isEmpty();
    }

    @Test
    void train_whenInterruptedWhileItReadsTheFile_endsInterrupted() {
        PrefixCache cache = new PrefixCache(0, PLENTY, Optional.of(folder));

        // The flag is up while the step after this one reads: a channel would be closed by it.
        Outcome cached = train(Encoders.adapted(LAST_LAYER, 0), staying(), Optional.of(cache), onStep(step -> {
            if (step.step() == 6) {
                Thread.currentThread().interrupt();
            }
        }));

        assertThat(cached.result().stopReason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(cached.result().steps()).isEqualTo(6);
    }

    @Test
    void file_underAnInterruptFlag_isReadAndWritten() {
        INDArray array =
                Encoders.batches().get(0).placeholders().values().iterator().next();
        try (SpillFile file = SpillFile.create(folder)) {
            Thread.currentThread().interrupt();
            SpillFile.Place place = file.append(HostBytes.own(array));
            INDArray read = file.read(place);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(read).isEqualTo(array);
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void resume_afterAStop_endsWithTheBitsOfARunWithoutCacheThatWasNotStopped() {
        Outcome plain = train(Encoders.adapted(LAST_LAYER, 0.2), staying(), Optional.empty());
        CountingModel counting = new CountingModel(Encoders.adapted(LAST_LAYER, 0.2));
        Checkpoints checkpoints = Checkpoints.in(folder.resolve("checkpoints"));
        Supplier<Trainer.Builder> builder = () -> Trainer.builder(counting)
                .plan(Encoders.plan(EPOCHS))
                .cacheFrozenPrefix(PrefixCache.inMemory(PLENTY))
                .checkpoints(checkpoints);
        builder.get()
                .listener(onStep(step -> {
                    if (step.step() == 6) {
                        Thread.currentThread().interrupt();
                    }
                }))
                .build()
                .train(staying());
        TrainingResult result = builder.get().build().resume(staying());

        assertEqualBits(new Outcome(result, values(counting), null), plain);
        assertThat(counting.prefix).isEqualTo(4 + 4);
    }

    private static Batches changing() {
        List<TextExample> examples = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            examples.add(new TextExample("x".repeat(2 + i % 5), i % Encoders.CLASSES));
        }
        return LengthBuckets.of(examples, new LengthTokenizer(), Encoders.CLASSES, 3)
                .batches();
    }

    /** Ids from the length of a text alone. */
    private static final class LengthTokenizer implements TextTokenizer {
        @Override
        public int[] encode(String text) {
            int[] ids = new int[text.length()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = 1 + (7 * i + 3 * text.length()) % 19;
            }
            return ids;
        }

        @Override
        public int maxLength() {
            return 6;
        }
    }

    static Stream<Arguments> rooms() {
        return Stream.of(
                Arguments.of(PrefixCache.inMemory(PLENTY), false),
                Arguments.of(PrefixCache.inMemory(PLENTY), true),
                Arguments.of(PrefixCache.inMemory(600), false));
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void train_onExamplesThatMoveBetweenBatches_givesTheSameLosses(PrefixCache room, boolean inParallel) {
        Supplier<Trainable> model =
                () -> inParallel ? Encoders.adapted(LAST_LAYER, 0.1).inParallel(2) : Encoders.adapted(LAST_LAYER, 0.1);
        Outcome plain = train(model.get(), changing(), Optional.empty());
        Outcome cached = train(
                model.get(), changing(), Optional.of(room.withFile(folder, room.memoryBytes() < PLENTY ? PLENTY : 0)));

        List<Double> expected = plain.result().losses();
        for (int step = 0; step < expected.size(); step++) {
            assertThat(cached.result().losses().get(step))
                    .isCloseTo(expected.get(step), within(1e-5 * Math.abs(expected.get(step))));
        }
        OptionalLong perEpoch = changing().batchesPerEpoch();
        assertThat(cached.report().computed()).isEqualTo(perEpoch.orElseThrow());
        assertThat(cached.report().reused()).isEqualTo((EPOCHS - 1) * perEpoch.orElseThrow());
        assertThat(cached.report().memoryBytes()).isLessThanOrEqualTo(room.memoryBytes());
    }

    @Test
    void settings_outOfRange_areRefusedTogether() {
        assertThatThrownBy(() -> new PrefixCache(-1, 5, Optional.empty()))
                .hasMessageContaining("memoryBytes = -1")
                .hasMessageContaining("fileBytes = 5 without a directory");
        assertThatThrownBy(() -> PrefixCache.inMemory(0)).hasMessageContaining("expected room for something");
    }

    @Test
    void identity_withAnExampleTwice_isRefused() {
        assertThatThrownBy(() -> new BatchIdentity.OfExamples(List.of(1L, 2L, 1L)))
                .hasMessageContaining("1 of 3 numbers");
    }

    @Test
    void file_thatCannotBeMade_isNamedWithTheReason() throws IOException {
        Path occupied = Files.writeString(folder.resolve("occupied"), "");

        assertThatThrownBy(() -> SpillFile.create(occupied))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot be made in " + occupied);
    }

    @Test
    void batches_ofAList_keepTheIdentityThatTheyHave() {
        BatchIdentity own = new BatchIdentity.OfBatch(17);
        Batches batches = Batches.inOrder(
                List.of(Encoders.batches().get(0), Encoders.batches().get(1).identifiedBy(own)));

        List<Optional<BatchIdentity>> found = new ArrayList<>();
        batches.epoch(1, 0).forEachRemaining(batch -> found.add(batch.identity()));

        assertThat(found).containsExactly(Optional.of(new BatchIdentity.OfBatch(0)), Optional.of(own));
    }

    @Test
    void checksum_differsForOtherValuesRowsAndShapes() {
        Map<String, INDArray> inputs = Encoders.batches().get(0).placeholders();
        INDArray changed = inputs.get("labels").dup().putScalar(1, 0, 0.5);
        INDArray wider = Nd4j.zeros(4, 6);
        INDArray narrower = Nd4j.zeros(4, 3);

        long[] before = Checksums.rows(inputs, List.of("labels"), 4);
        long[] after = Checksums.rows(Map.of("labels", changed), List.of("labels"), 4);

        assertThat(after[0]).isEqualTo(before[0]);
        assertThat(after[1]).isNotEqualTo(before[1]);
        assertThat(Checksums.whole(Map.of("x", wider), List.of("x")))
                .isNotEqualTo(Checksums.whole(Map.of("x", narrower), List.of("x")));
    }
}
