/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.model.Trainable;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.BertWeights;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * LoRA on all-MiniLM-L6-v2 with weights in F32, 8 and 4 bits, multiplied by ND4J and by oneDNN: memory of the linear weights,
 * time of a step in turns within one process, and accuracy on the quickstart's task with the quickstart's rate.
 *
 * <p>Times are those of the processor on the training thread, which other work on the machine disturbs least; run it with one
 * thread. Arguments: the folder for {@code quantized-benchmark.json}, the number of rounds (0 leaves steps out), the
 * clock (not used), and
 * optionally the number of epochs of the task (0 leaves it out) and the forms to measure, the first one F32.
 */
public final class QuantizedBenchmark {

    private static final String FILE = "quantized-benchmark.json";
    private static final int SEED = 1;
    private static final int STEPS = 2;
    private static final double RATE = 2e-3;
    private static final int LENGTH = 64;
    private static final int TOKENS = 32 * 32;
    private static final double INT8_STEP = 1.10;
    private static final double NF4_STEP = 1.25;
    private static final double INT8_MEMORY = 0.27;
    private static final double NF4_MEMORY = 0.16;
    private static final double POINT = 0.01;

    /** Those whose numbers differ from F32 by more than rounding, and F32. */
    private static final List<String> TRAINED = List.of("f32", "int8", "nf4", "bf16-onednn");

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private QuantizedBenchmark() {}

    /** One way to hold and to multiply weights. */
    private record Form(String key, Optional<Quantization> way, Multiplier multiplier) {}

    /** What was measured of it. */
    private record Result(double memory, List<Double> seconds, List<Double> accuracies) {

        Result(double memory) {
            this(memory, new ArrayList<>(), new ArrayList<>());
        }

        double step() {
            return seconds.isEmpty() ? Double.NaN : Timing.of(seconds).median();
        }

        double accuracy() {
            return accuracies.stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(Double.NaN);
        }
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock (not used), epochs, forms with commas between them
     * @throws IOException if the model or the task is missing, or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
        int epochs = args.length > 3 ? Integer.parseInt(args[3]) : 2;
        Files.createDirectories(folder);
        Machine.facts().forEach((name, value) -> System.out.printf("%-14s %s%n", name, value));

        Map<String, Result> results = new LinkedHashMap<>();
        List<String> wanted = args.length > 4 ? List.of(args[4].split(",")) : List.of();
        List<Form> forms = forms().stream()
                .filter(form -> wanted.isEmpty() || wanted.contains(form.key()))
                .toList();
        if (rounds > 0) {
            steps(forms, rounds, results);
        }
        if (epochs > 0) {
            accuracies(forms, epochs, results);
        }
        List<String> claims = claims(results);
        System.out.printf("%n%s%n", table(results));
        claims.forEach(System.out::println);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("machine", Machine.facts());
        report.put("results", results);
        report.put("claims", claims);
        new ObjectMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve(FILE).toFile(), report);
    }

    private static List<Form> forms() {
        List<Form> forms = new ArrayList<>();
        forms.add(new Form("f32", Optional.empty(), Multiplier.nd4j()));
        forms.add(new Form("int8", Optional.of(Quantization.int8()), Multiplier.nd4j()));
        forms.add(new Form("nf4", Optional.of(Quantization.nf4DoubleQuantized()), Multiplier.nd4j()));
        if (OneDnn.isAvailable()) {
            Multiplier strict = OneDnn.products(MathMode.STRICT_F32);
            forms.add(new Form("f32-onednn", Optional.empty(), strict));
            forms.add(new Form("int8-onednn", Optional.of(Quantization.int8()), strict));
            forms.add(new Form("bf16-onednn", Optional.empty(), OneDnn.products(MathMode.BF16)));
        }
        return forms;
    }

    private static Trainable model(Form form, int seed, Map<String, Result> results) throws IOException {
        SameDiff base = Workload.classifier(MiniLm.weights());
        double memory = 1;
        if (form.way().isPresent()) {
            QuantizedGraph small = form.way().get().consume(base, QuantizedBenchmark::isLinear);
            System.out.printf("%s: %s%n", form.key(), small);
            base = small.graph();
            memory = small.ratio();
        }
        results.putIfAbsent(form.key(), new Result(memory));
        LoraConfig config = LoraConfig.builder()
                .rank(Workload.RANK)
                .alpha(2 * Workload.RANK)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(BertClassifier.HEAD)
                .build();
        return Lora.inject(base, config, seed).multipliedBy(form.multiplier());
    }

    private static boolean isLinear(String name) {
        return name.startsWith("encoder.") && name.endsWith(".weight");
    }

    private static void steps(List<Form> forms, int rounds, Map<String, Result> results) throws IOException {
        BertWeights weights = MiniLm.weights();
        Map<String, INDArray> batch = Workload.batch(weights.config().vocabulary());
        Map<String, Trainable> models = new LinkedHashMap<>();
        for (Form form : forms) {
            models.put(form.key(), model(form, SEED, results));
        }
        for (int round = -1; round < rounds; round++) {
            for (Map.Entry<String, Trainable> entry : models.entrySet()) {
                long from = THREADS.getCurrentThreadCpuTime();
                Trainer.builder(entry.getValue())
                        .plan(TrainingPlan.builder()
                                .steps(STEPS)
                                .optimizer(AdamW.of(RATE / 10))
                                .build())
                        .build()
                        .train(Batches.inOrder(List.of(Batch.of(batch, Workload.BATCH))));
                double seconds = (THREADS.getCurrentThreadCpuTime() - from) / 1e9 / STEPS;
                if (round >= 0) {
                    results.get(entry.getKey()).seconds().add(seconds);
                }
                System.out.printf(
                        "round %d  %-12s %.3f s of processor for a step%n", round + 1, entry.getKey(), seconds);
            }
        }
    }

    private static void accuracies(List<Form> forms, int epochs, Map<String, Result> results) throws IOException {
        WordNetGlosses glosses = WordNetGlosses.load(SEED);
        int classes = NounCategory.names().size();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LENGTH)) {
            LengthBuckets training = LengthBuckets.of(glosses.training(), tokenizer, classes, Workload.BATCH)
                    .withTokenBudget(TOKENS);
            LengthBuckets heldOut = LengthBuckets.of(glosses.heldOut(), tokenizer, classes, Workload.BATCH);
            for (Form form :
                    forms.stream().filter(f -> TRAINED.contains(f.key())).toList()) {
                Trainable model = model(form, SEED, results);
                TrainingPlan plan = TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(AdamW.of(RATE))
                        .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                        .seed(SEED)
                        .build();
                Trainer.builder(model).plan(plan).build().train(training.batches());
                double accuracy = accuracy(model.executor(), heldOut);
                results.get(form.key()).accuracies().add(accuracy);
                System.out.printf("%-12s accuracy %.4f on %d held-out glosses%n", form.key(), accuracy, heldOut.size());
            }
        }
    }

    private static double accuracy(GraphExecutor executor, LengthBuckets texts) {
        long right = 0;
        Iterator<EncodedBatch> batches = texts.inOrder();
        while (batches.hasNext()) {
            EncodedBatch batch = batches.next();
            INDArray logits = executor.output(batch.placeholders(), List.of(BertClassifier.LOGITS))
                    .get(BertClassifier.LOGITS);
            long[] found = logits.argMax(1).toLongVector();
            long[] expected = batch.labels().argMax(1).toLongVector();
            for (int i = 0; i < found.length; i++) {
                right += found[i] == expected[i] ? 1 : 0;
            }
        }
        return (double) right / texts.size();
    }

    private static String table(Map<String, Result> results) {
        double plain = results.get("f32").step();
        StringBuilder table = new StringBuilder(
                String.format("%-12s %14s %12s %8s %9s%n", "", "linear weights", "CPU ms/step", "/ F32", "accuracy"));
        results.forEach((key, result) -> table.append(String.format(
                "%-12s %13.3fx %12.0f %8.3f %9.4f%n",
                key, result.memory(), 1000 * result.step(), result.step() / plain, result.accuracy())));
        return table.toString();
    }

    private static List<String> claims(Map<String, Result> results) {
        List<String> claims = new ArrayList<>();
        claims(claims, "INT8", results.get("f32"), results.get("int8"), INT8_MEMORY, INT8_STEP);
        claims(claims, "NF4", results.get("f32"), results.get("nf4"), NF4_MEMORY, NF4_STEP);
        return claims;
    }

    private static void claims(
            List<String> claims, String name, Result plain, Result stored, double memory, double step) {
        if (plain == null || stored == null) {
            return;
        }
        claims.add(claim("memory of " + name + " / F32", stored.memory(), memory));
        if (!plain.seconds().isEmpty()) {
            claims.add(claim("step with " + name + " / F32", stored.step() / plain.step(), step));
        }
        if (!plain.accuracies().isEmpty()) {
            claims.add(claim("accuracy of F32 less that of " + name, plain.accuracy() - stored.accuracy(), POINT));
        }
    }

    private static String claim(String what, double value, double most) {
        return String.format(
                "%s = %.3f (at most %s: %s)", what, value, most, value <= most ? "reached" : "not reached");
    }
}
