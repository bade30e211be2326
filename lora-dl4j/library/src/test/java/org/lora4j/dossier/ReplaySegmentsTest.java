/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.dossier.ReplayVerdict.Outcome;
import org.lora4j.train.Checkpoints;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Segments of a run that are trained again, and forgeries of six kinds. */
class ReplaySegmentsTest {

    private static final int SEGMENTS = 20;
    private static final int ALL = 100;

    @TempDir
    private Path folder;

    private Path recorded;
    private Path kept;

    private static Checkpoints checkpoints(Path directory, long steps) {
        return new Checkpoints(directory, steps, Duration.ofDays(1), ALL);
    }

    @BeforeEach
    void train() throws IOException {
        recorded = folder.resolve("recorded");
        kept = folder.resolve("kept");
        ReplayedRun.GRAPH.train(folder, recorded, Optional.of(checkpoints(kept, 2)));
    }

    private static Replay.PartTraining graph(long seed, double rate, double shift) {
        return (to, checkpoints) -> ReplayedRun.graph(to, Optional.of(checkpoints), seed, rate, shift);
    }

    @Test
    void segments_ofTheRun_areTheSameInEveryBit_andAllOfThemAreTheWholeRun() throws IOException {
        ReplayVerdict three = Replay.of(recorded).segments(kept, 3, 42, graph(1, 0.01, 0));
        ReplayVerdict all = Replay.of(recorded).segments(kept, ALL, 42, graph(1, 0.01, 0));

        assertThat(three.outcome()).as(three.toString()).isEqualTo(Outcome.SAME_BITS);
        assertThat(three.segments()).hasSize(3).allMatch(segment -> segment.endsWith("the same in every bit"));
        assertThat(three.json()).contains("\"segments\"");
        assertThat(all.outcome()).as(all.toString()).isEqualTo(Outcome.SAME_BITS);
        assertThat(all.segments())
                .hasSize(SEGMENTS)
                .startsWith("steps 0 to 2: the same in every bit")
                .endsWith("steps 38 to 40: the same in every bit");
    }

    @Test
    void segments_makeModelAndDataReadyOnce_andTrainNoStepBesideTheirs() throws IOException {
        List<Integer> calls = new ArrayList<>();

        ReplayVerdict three = Replay.of(recorded).segments(kept, 3, 42, (to, checkpoints) -> {
            calls.add(1 + checkpoints.pieces().size());
            graph(1, 0.01, 0).saveTo(to, checkpoints);
        });
        ReplayVerdict unfinished = Replay.of(recorded)
                .segments(
                        kept,
                        3,
                        42,
                        (to, checkpoints) -> graph(1, 0.01, 0)
                                // Somebody who leaves out the pieces trains the first segment alone, and saves what is
                                // no end.
                                .saveTo(
                                        to,
                                        checkpoints(checkpoints.directory(), ALL)
                                                .withUntil(2)));

        assertThat(three.outcome()).isEqualTo(Outcome.SAME_BITS);
        assertThat(calls).containsExactly(3);
        assertThat(unfinished.outcome()).isEqualTo(Outcome.DIFFERENT);
        assertThat(unfinished.segments()).anyMatch(segment -> segment.endsWith("it ended before its first step"));
    }

    @Test
    void segments_ofATextClassifier_areTheSameInEveryBit() throws IOException {
        Path saved = folder.resolve("classifier");
        Path all = folder.resolve("classifier-kept");
        ReplayedRun.ENCODER.train(folder, saved, Optional.of(checkpoints(all, 3)));

        ReplayVerdict verdict = Replay.of(saved).segments(all, 2, 1, ReplayedRun.ENCODER.parts(folder));

        assertThat(verdict.outcome()).as(verdict.toString()).isEqualTo(Outcome.SAME_BITS);
        assertThat(verdict.segments()).hasSize(2);
    }

    @Test
    void withoutCheckpoints_orWithNoSegment_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Replay.of(recorded)
                        .segments(Files.createDirectory(folder.resolve("none")), 3, 1, graph(1, 0.01, 0)))
                .withMessageContaining("there is no checkpoint");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Replay.of(recorded).segments(kept, 0, 1, graph(1, 0.01, 0)))
                .withMessageContaining("count");
    }

    /** A forgery: what it changes, what the verdict has to name, and how it is looked for. */
    private interface Forgery {

        /** Forges, and judges. */
        ReplayVerdict judge(ReplaySegmentsTest test, int number) throws IOException;
    }

    private static final Map<String, Forgery> FORGERIES = forgeries();

    private static Map<String, Forgery> forgeries() {
        Map<String, Forgery> forgeries = new LinkedHashMap<>();
        forgeries.put(
                "the examples of train are others",
                (test, number) -> Replay.of(test.recorded)
                        .run(to -> ReplayedRun.graph(to, Optional.empty(), 1, 0.01, 1e-3 * number)));
        forgeries.put(
                "the plan start was",
                (test, number) -> Replay.of(test.recorded)
                        .run(to -> ReplayedRun.graph(to, Optional.empty(), 1 + number, 0.01, 0)));
        forgeries.put(
                "the plan optimizer was",
                (test, number) -> Replay.of(test.recorded)
                        .run(to -> ReplayedRun.graph(to, Optional.empty(), 1, 0.01 + 1e-9 * number, 0)));
        forgeries.put(
                "the libraries",
                (test, number) -> test.forged(receipt -> with(
                        receipt,
                        Map.of(number % 2 == 0 ? "lora4j" : "nd4j", "9." + number),
                        receipt.data(),
                        receipt.hashes())));
        forgeries.put("came out otherwise", (test, number) -> {
            test.forgeAdapter(number);
            return Replay.of(test.recorded).run(to -> ReplayedRun.graph(to, Optional.empty(), 1, 0.01, 0));
        });
        forgeries.put("names", (test, number) -> {
            Path other = test.folder.resolve("other" + number);
            ReplayedRun.graph(test.folder.resolve("saved" + number), Optional.of(checkpoints(other, 2)), 9, 0.01, 0);
            String name = String.format(Locale.ROOT, "checkpoint-%012d.safetensors", 6 * number);
            Path own = test.kept.resolve(name);
            byte[] before = Files.readAllBytes(own);
            Files.copy(other.resolve(name), own, StandardCopyOption.REPLACE_EXISTING);
            ReplayVerdict verdict = Replay.of(test.recorded).segments(test.kept, 3, number, graph(1, 0.01, 0));
            Files.write(own, before);
            return verdict;
        });
        return forgeries;
    }

    private static Receipt with(
            Receipt receipt, Map<String, Object> libraries, Map<String, DataHashes> data, Map<String, String> hashes) {
        Map<String, Object> all = new TreeMap<>(receipt.libraries());
        all.putAll(libraries);
        return new Receipt(
                receipt.task(),
                hashes,
                data,
                receipt.config(),
                receipt.plan(),
                receipt.seed(),
                receipt.result(),
                receipt.checks(),
                all,
                receipt.envelope(),
                receipt.run());
    }

    private ReplayVerdict forged(UnaryOperator<Receipt> change) throws IOException {
        Path file = recorded.resolve(Receipt.FILE);
        Receipt before = Receipt.read(file);
        Files.writeString(file, change.apply(before).json());
        ReplayVerdict verdict = Replay.of(recorded).run(to -> ReplayedRun.graph(to, Optional.empty(), 1, 0.01, 0));
        Files.writeString(file, before.json());
        return verdict;
    }

    /** Somebody changes a number of the adapter, and writes the receipt that fits. */
    private void forgeAdapter(int number) throws IOException {
        Adapter adapter = Adapter.load(recorded);
        Receipt before = adapter.receipt().orElseThrow();
        Map<String, Map<String, INDArray>> modules = new TreeMap<>(adapter.modules());
        Map<String, INDArray> factors = new TreeMap<>(modules.get("fc1"));
        INDArray changed = factors.get("lora_B.weight").dup();
        changed.putScalar(number, changed.getFloat(number) + 1e-6f);
        factors.put("lora_B.weight", changed);
        modules.put("fc1", factors);
        Adapter forged = Adapter.of(adapter.config(), modules, Map.of()).withBaseHashes(adapter.baseHashes());
        Map<String, String> hashes = new TreeMap<>(before.hashes());
        hashes.put(Receipt.TRAINED, forged.contentHash());
        forged.withReceipt(with(before, Map.of(), before.data(), hashes)).save(recorded);
    }

    private int found(int each) throws IOException {
        int found = 0;
        for (Map.Entry<String, Forgery> forgery : FORGERIES.entrySet()) {
            for (int number = 1; number <= each; number++) {
                ReplayVerdict verdict = forgery.getValue().judge(this, number);
                assertThat(verdict.outcome())
                        .as("%s, number %s", forgery.getKey(), number)
                        .isEqualTo(Outcome.DIFFERENT);
                assertThat(verdict.toString()).as("number %s", number).contains(forgery.getKey());
                found++;
            }
        }
        return found;
    }

    @Test
    void forgeryOfEachKind_isFoundAndNamed() throws IOException {
        assertThat(found(1)).isEqualTo(FORGERIES.size());
    }

    @Test
    @Tag("thorough")
    void thirtyForgeries_areFoundAndNamed() throws IOException {
        assertThat(found(5)).isEqualTo(30);
    }

    @Test
    void forgedSegments_areFoundAlsoWhereTheChainWasMadeToFit() throws IOException {
        // A run of another rate that somebody gives out as this one, with the receipt of its own checkpoints.
        Path other = folder.resolve("other");
        Path saved = folder.resolve("saved");
        ReplayedRun.graph(saved, Optional.of(checkpoints(other, 2)), 1, 0.011, 0);

        ReplayVerdict verdict = Replay.of(saved).segments(other, ALL, 3, graph(1, 0.011, 0.25));
        assertThat(verdict.outcome()).isEqualTo(Outcome.DIFFERENT);
        assertThat(verdict.segments()).anyMatch(segment -> segment.endsWith("values differ"));
        assertThat(Replay.of(recorded).segments(other, 1, 3, graph(1, 0.01, 0)).inputs())
                .singleElement()
                .asString()
                .startsWith("the last checkpoint, of step 40, has the hash");
    }

    @Test
    void forgedAdapter_besideTheCheckpointsOfTheRun_isFoundByOneSegment() throws IOException {
        forgeAdapter(1);

        for (long seed = 0; seed < 3; seed++) {
            ReplayVerdict verdict = Replay.of(recorded).segments(kept, 1, seed, graph(1, 0.01, 0));

            assertThat(verdict.outcome()).as(verdict.toString()).isEqualTo(Outcome.DIFFERENT);
            assertThat(verdict.segments())
                    .containsExactly("what was saved: it came out otherwise", "steps 38 to 40: the same in every bit");
            assertThat(verdict.apart()).containsOnlyKeys("saved fc1.lora_B.weight");
        }
    }

    @Test
    void removedFirstCheckpoints_areMissed() throws IOException {
        for (int step = 2; step < 40; step += 2) {
            Files.delete(kept.resolve(String.format(Locale.ROOT, "checkpoint-%012d.safetensors", step)));
            if (step > 2 && step < 38) {
                continue;
            }
            ReplayVerdict verdict = Replay.of(recorded).segments(kept, ALL, 1, graph(1, 0.01, 0));

            assertThat(verdict.outcome()).as(verdict.toString()).isEqualTo(Outcome.DIFFERENT);
            assertThat(verdict.inputs())
                    .singleElement()
                    .asString()
                    .startsWith("the first checkpoint, of step " + (step + 2) + ", names ")
                    .endsWith("the start of the run was removed, or not kept");
        }
    }
}
