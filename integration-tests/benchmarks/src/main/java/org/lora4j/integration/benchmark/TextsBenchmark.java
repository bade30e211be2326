/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.exec.NativeThreads;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;

/**
 * What short texts cost: an epoch over a part of the quickstart's glosses in batches of a number of tokens, beside the same
 * glosses all padded to 48 tokens, in batches of 32. LoRA on all linear layers.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds (2) and {@code wall} or {@code processor}.
 */
public final class TextsBenchmark {

    private static final int ROUNDS = 2;
    private static final int EVERY = 4;
    private static final int PADDED = 48;
    private static final int LONGEST = 64;
    private static final int TOKENS = 640;
    private static final long SEED = 42;
    private static final String BY_LENGTH = "byLength";
    private static final String ALL_PADDED = "padded";

    /** Gives every text the same length. Zero is the id of padding; masked or not, it costs the same. */
    private record Padding(TextTokenizer tokenizer) implements TextTokenizer {

        @Override
        public int[] encode(String text) {
            return Arrays.copyOf(tokenizer.encode(text), PADDED);
        }

        @Override
        public int maxLength() {
            return PADDED;
        }
    }

    private TextsBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock
     * @throws IOException if the model or the texts are missing or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        TimedBy clock = args.length > 2 ? TimedBy.of(args[2]) : TimedBy.WALL;
        Map<String, LengthBuckets> ways = ways();
        Map<String, String> labels = Map.of(
                BY_LENGTH, "by length, batches of " + TOKENS + " tokens",
                ALL_PADDED, "padded to " + PADDED + ", batches of " + MiniLmBatch.ROWS);
        Trainable model = MiniLmModels.adapted(new MiniLmModels().shared(), MiniLmModels.ALL_LINEAR)
                .inParallel(Turn.THREADS);
        Measurements measured = new Measurements();
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<String, LengthBuckets> way : ways.entrySet()) {
                Turn epoch = epoch(model, way.getValue());
                if (round > 0) {
                    measured.add(way.getKey(), labels.get(way.getKey()), List.of(epoch));
                }
            }
            System.out.printf(Locale.ROOT, "round %d of %d%s%n", round, rounds, round == 0 ? " (warm-up)" : "");
        }
        LengthBuckets texts = ways.get(BY_LENGTH);
        new Summary("MiniLM, short texts", Machine.facts())
                .note("ratios are made of", clock + " time")
                .note("texts", texts.size())
                .note("padded to", texts.paddedLengths())
                .table("an epoch", measured)
                .promise(new Promise(
                        "epoch padded to " + PADDED + " / by length",
                        OptionalDouble.of(measured.ratio(ALL_PADDED, BY_LENGTH, clock)),
                        Promise.Side.AT_LEAST,
                        2,
                        ""))
                .publish(folder, "texts");
    }

    private static Map<String, LengthBuckets> ways() throws IOException {
        List<TextExample> all = WordNetGlosses.load(SEED).training();
        List<TextExample> some = new ArrayList<>();
        for (int i = 0; i < all.size(); i += EVERY) {
            some.add(all.get(i));
        }
        Map<String, LengthBuckets> ways = new LinkedHashMap<>();
        try (HuggingFaceTextTokenizer longest = MiniLm.tokenizer(LONGEST);
                HuggingFaceTextTokenizer shorter = MiniLm.tokenizer(PADDED)) {
            ways.put(
                    BY_LENGTH,
                    LengthBuckets.of(some, longest, MiniLmBatch.CLASSES, some.size())
                            .withTokenBudget(TOKENS));
            ways.put(ALL_PADDED, LengthBuckets.of(some, new Padding(shorter), MiniLmBatch.CLASSES, MiniLmBatch.ROWS));
        }
        return ways;
    }

    private static Turn epoch(Trainable model, LengthBuckets texts) {
        double[] seconds = {0};
        long[] cpu = {0};
        Trainer trainer = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(1)
                        .optimizer(AdamW.of(MiniLmModels.RATE))
                        .seed(SEED)
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        seconds[0] += report.seconds();
                    }
                })
                .build();
        NativeThreads.one(() -> {
            cpu[0] = Turn.cpu();
            trainer.train(texts.batches());
            cpu[0] = Turn.cpu() - cpu[0];
        });
        return new Turn(seconds[0], cpu[0] / 1e9);
    }
}
