/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LoRA on all-MiniLM-L6-v2 with weights in F32, 8 and 4 bits, multiplied by ND4J and by oneDNN: memory of the linear weights,
 * time of a step in turns within one process, and accuracy on the quickstart's task with the quickstart's rate.
 *
 * <p>Run it with one thread. Arguments: the folder for the report, the number of rounds, the clock, and optionally, as the
 * sixth, the forms to measure.
 */
public final class QuantizedBenchmark {

    private static final String PLAIN = "f32";
    private static final String PLAIN_ONE_DNN = "f32-onednn";
    private static final int EPOCHS = 2;
    private static final int STEPS = 2;
    private static final double RATE = 2e-3;
    private static final int LENGTH = 64;
    private static final int TOKENS = 32 * 32;
    private static final double INT8_STEP = 1.10;
    private static final double NF4_STEP = 1.25;
    private static final double INT8_MEMORY = 0.27;
    private static final double NF4_MEMORY = 0.16;
    private static final double POINTS = 1;
    private static final double BF16_POINTS = 0.5;

    /** Those whose numbers differ from F32 by more than rounding, and F32. */
    private static final List<String> TRAINED = List.of(PLAIN, "int8", "nf4", "bf16-onednn");

    private final TimedBy clock;
    private final Measurements steps = new Measurements();
    private final Map<String, Double> memory = new LinkedHashMap<>();
    private final Map<String, Double> accuracy = new LinkedHashMap<>();

    private QuantizedBenchmark(TimedBy clock) {
        this.clock = clock;
    }

    /** One way to hold and to multiply weights. */
    private record Form(String key, Optional<Quantization> way, Multiplier multiplier) {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock, and then unused ones up to the sixth: forms with commas between them
     * @throws IOException if the model or the task is missing, or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        TimedBy clock = args.length > 2 ? TimedBy.of(args[2]) : TimedBy.WALL;
        List<String> wanted = args.length > 5 && !args[5].equals("all") ? List.of(args[5].split(",")) : List.of();
        new QuantizedBenchmark(clock).run(rounds, wanted, folder);
    }

    private void run(int rounds, List<String> wanted, Path folder) throws IOException {
        List<Form> forms = forms().stream()
                .filter(form -> wanted.isEmpty() || wanted.contains(form.key()))
                .toList();
        steps(forms, rounds);
        accuracies(forms);
        Summary summary = new Summary("MiniLM with stored weights: LoRA on all linear layers, 32 x 64", Machine.facts())
                .table("a step", steps);
        memory.forEach((key, ratio) ->
                summary.note("linear weights of " + key + " / F32", String.format(Locale.ROOT, "%.3f", ratio)));
        accuracy.forEach(
                (key, value) -> summary.note("accuracy with " + key, String.format(Locale.ROOT, "%.4f", value)));
        promises("int8", INT8_MEMORY, INT8_STEP, summary);
        promises("nf4", NF4_MEMORY, NF4_STEP, summary);
        step("int8-onednn", PLAIN_ONE_DNN, INT8_STEP, summary);
        step("nf4-onednn", PLAIN_ONE_DNN, NF4_STEP, summary);
        points("bf16-onednn", BF16_POINTS, summary);
        summary.publish(folder, "quantized");
    }

    private void promises(String stored, double mostMemory, double mostStep, Summary summary) {
        if (!steps.has(PLAIN) || !steps.has(stored)) {
            return;
        }
        summary.promise(Promise.atMost("linear weights, " + stored + " / F32", memory.get(stored), mostMemory));
        step(stored, PLAIN, mostStep, summary);
        points(stored, POINTS, summary);
    }

    private void step(String stored, String plain, double most, Summary summary) {
        if (steps.has(stored) && steps.has(plain)) {
            summary.promise(Promise.atMost("step, " + stored + " / " + plain, steps.ratio(stored, plain, clock), most));
        }
    }

    private void points(String stored, double most, Summary summary) {
        if (accuracy.containsKey(stored) && accuracy.containsKey(PLAIN)) {
            double points = 100 * (accuracy.get(PLAIN) - accuracy.get(stored));
            summary.promise(Promise.atMost("points of accuracy, F32 less " + stored, points, most));
        }
    }

    private static List<Form> forms() {
        List<Form> forms = new ArrayList<>();
        forms.add(new Form(PLAIN, Optional.empty(), Multiplier.nd4j()));
        forms.add(new Form("int8", Optional.of(Quantization.int8()), Multiplier.nd4j()));
        forms.add(new Form("nf4", Optional.of(Quantization.nf4DoubleQuantized()), Multiplier.nd4j()));
        if (OneDnn.isAvailable()) {
            Multiplier strict = OneDnn.products(MathMode.STRICT_F32);
            forms.add(new Form(PLAIN_ONE_DNN, Optional.empty(), strict));
            forms.add(new Form("int8-onednn", Optional.of(Quantization.int8()), strict));
            forms.add(new Form("nf4-onednn", Optional.of(Quantization.nf4DoubleQuantized()), strict));
            forms.add(new Form("bf16-onednn", Optional.empty(), OneDnn.products(MathMode.BF16)));
        }
        return forms;
    }

    private Trainable model(Form form) throws IOException {
        SameDiff base = new MiniLmModels().shared();
        double ratio = 1;
        if (form.way().isPresent()) {
            QuantizedGraph small = form.way().get().consume(base, QuantizedBenchmark::isLinear);
            System.out.printf(Locale.ROOT, "%s: %s%n", form.key(), small);
            base = small.graph();
            ratio = small.ratio();
        }
        memory.put(form.key(), ratio);
        return MiniLmModels.adapted(base, MiniLmModels.ALL_LINEAR).multipliedBy(form.multiplier());
    }

    private static boolean isLinear(String name) {
        return name.startsWith("encoder.") && name.endsWith(".weight");
    }

    private void steps(List<Form> forms, int rounds) throws IOException {
        Map<String, INDArray> batch = new MiniLmModels().batch();
        Map<String, Trainable> models = new LinkedHashMap<>();
        for (Form form : forms) {
            models.put(form.key(), model(form));
        }
        TrainingPlan plan = TrainingPlan.builder()
                .steps(STEPS)
                .optimizer(AdamW.of(RATE / 10))
                .build();
        for (int round = -1; round < rounds; round++) {
            for (Map.Entry<String, Trainable> entry : models.entrySet()) {
                Turn turn = Turn.of(() -> Trainer.builder(entry.getValue())
                        .plan(plan)
                        .build()
                        .train(Batches.inOrder(List.of(Batch.of(batch, MiniLmBatch.ROWS)))));
                Turn step = new Turn(turn.seconds() / STEPS, turn.cpuSeconds() / STEPS);
                if (round >= 0) {
                    steps.add(entry.getKey(), entry.getKey(), List.of(step));
                }
                System.out.printf(
                        Locale.ROOT, "round %d  %-12s %.3f s for a step%n", round + 1, entry.getKey(), step.seconds());
            }
        }
    }

    private void accuracies(List<Form> forms) throws IOException {
        WordNetGlosses glosses = WordNetGlosses.load(MiniLmModels.SEED);
        int classes = NounCategory.names().size();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LENGTH)) {
            LengthBuckets training = LengthBuckets.of(glosses.training(), tokenizer, classes, MiniLmBatch.ROWS)
                    .withTokenBudget(TOKENS);
            LengthBuckets heldOut = LengthBuckets.of(glosses.heldOut(), tokenizer, classes, MiniLmBatch.ROWS);
            for (Form form :
                    forms.stream().filter(f -> TRAINED.contains(f.key())).toList()) {
                Trainable model = model(form);
                TrainingPlan plan = TrainingPlan.builder()
                        .epochs(EPOCHS)
                        .optimizer(AdamW.of(RATE))
                        .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                        .seed(MiniLmModels.SEED)
                        .build();
                Trainer.builder(model).plan(plan).build().train(training.batches());
                double found = accuracy(model.executor(), heldOut);
                accuracy.put(form.key(), found);
                System.out.printf(
                        Locale.ROOT, "%-12s accuracy %.4f on %d held-out glosses%n", form.key(), found, heldOut.size());
            }
        }
    }

    private static double accuracy(GraphExecutor executor, LengthBuckets texts) {
        long right = 0;
        Iterator<EncodedBatch> batches = texts.inOrder();
        while (batches.hasNext()) {
            EncodedBatch batch = batches.next();
            INDArray logits = executor.output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                    .get(EncoderClassifier.LOGITS);
            long[] found = logits.argMax(1).toLongVector();
            long[] expected = batch.labels().argMax(1).toLongVector();
            for (int i = 0; i < found.length; i++) {
                right += found[i] == expected[i] ? 1 : 0;
            }
        }
        return (double) right / texts.size();
    }
}
