/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.ProgressListener;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Warmup;
import org.lora4j.trust.Receipt;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Fine-tunes all-MiniLM-L6-v2 with LoRA to tell the category of a WordNet noun from its gloss, saves the adapter, loads it
 * into a fresh base, merges it, and compares it with a trained head on the frozen encoder. Full fine-tuning is compared, too,
 * if it is asked for.
 *
 * <p>Arguments: the folder for the results, and optionally the seed (42), the number of epochs (2) and {@code true} for
 * full fine-tuning.
 */
public final class Quickstart {

    private static final int RANK = 8;
    private static final double ALPHA = 16;
    private static final double LORA_RATE = 2e-3;
    private static final double FULL_RATE = 1e-4;
    private static final Warmup WARM_UP = Warmup.fraction(0.06);

    /**
     * What a training left.
     *
     * @param result of the loop
     * @param accuracy share of the held-out texts told right at its end
     */
    private record Trained(TrainingResult result, double accuracy) {}

    private final PrintStream out;
    private final Path folder;
    private final long seed;
    private final int epochs;
    private final boolean withFull;

    private Quickstart(PrintStream out, Path folder, long seed, int epochs, boolean withFull) {
        this.out = out;
        this.folder = folder;
        this.seed = seed;
        this.epochs = epochs;
        this.withFull = withFull;
    }

    /**
     * Runs the job. Ends with status 1 and one line if an argument is wrong, the data or the model is missing, or the
     * folder cannot be written.
     *
     * @param args folder, seed, epochs, whether to fine-tune fully as well
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments given = new Arguments(args);
            Path folder = Arguments.created(given.path(0, "target/quickstart"), "quickstart.output");
            long seed = given.number(1, "seed", Long.MIN_VALUE, 42);
            int epochs = Math.toIntExact(given.number(2, "epochs", 1, 2));
            new Quickstart(System.out, folder, seed, epochs, given.isTrue(3, "full")).run();
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("quickstart: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run() throws IOException {
        long start = System.nanoTime();
        out.println("Task: the category of a WordNet 3.1 noun (25 of them) from its gloss.");
        GlossTask task = GlossTask.load(seed);
        out.printf(
                Locale.ROOT,
                "%d glosses to train on, %d held out, %d batches%npadded to %s tokens, %.0f %% of all is padding%n",
                task.training().size(),
                task.heldOut().size(),
                task.training().batchesPerEpoch(),
                task.training().paddedLengths(),
                100 * task.training().paddingRatio());
        EncoderWeights weights = MiniLm.weights();
        task.training().requireFits(weights.config());
        task.heldOut().requireFits(weights.config());
        QuickstartReport report = new QuickstartReport(seed, epochs);

        heading("Frozen encoder, trained head");
        Outcome head = new HeadOnly(task, out::println).run(weights, folder.resolve("head.fb"), seed);
        report.add("frozen encoder, trained head", "headOnly", head);

        heading("LoRA, rank " + RANK + " on every linear layer of the encoder");
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(ALPHA)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(EncoderClassifier.HEAD)
                .baseModelName(MiniLm.NAME)
                .taskType("SEQ_CLS")
                .build();
        AdaptedSameDiff lora = Lora.inject(classifier(weights), config, seed);
        out.println(lora.parameterSummary());
        Trained trained = train(task, lora, LORA_RATE);
        Path adapter = folder.resolve("adapter");
        lora.adapter("default").save(adapter);
        out.println(Receipt.read(adapter.resolve(Receipt.FILE)));
        report.add("LoRA", "lora", outcome(trained, lora, ReportFile.bytes(adapter)));

        heading("Saved, loaded, merged");
        saveLoadMerge(task, lora, adapter, report);

        if (withFull) {
            heading("Full fine-tuning");
            report.add("full fine-tuning", "full", fineTuneFully(task, weights));
        }

        heading("Result");
        out.print(report.table());
        report.write(folder.resolve("report.json"));
        out.printf(
                Locale.ROOT,
                "%nEverything is in %s (report.json, adapter, merged.fb). %.0f s in all.%n",
                folder.toAbsolutePath().normalize(),
                (System.nanoTime() - start) / 1e9);
        if (!withFull) {
            out.println("-Dquickstart.full adds full fine-tuning, which takes as long again.");
        }
    }

    private void saveLoadMerge(GlossTask task, AdaptedSameDiff lora, Path adapter, QuickstartReport report)
            throws IOException {
        INDArray before = someLogits(task, lora);
        out.printf(Locale.ROOT, "adapter saved to %s (%d bytes)%n", adapter, ReportFile.bytes(adapter));
        AdaptedSameDiff reloaded = Lora.load(classifier(MiniLm.weights()), adapter);
        double reloadDifference = largestDifference(before, someLogits(task, reloaded));
        out.printf(
                Locale.ROOT,
                "loaded into a fresh base: largest difference of a logit of %d texts %s%n",
                before.size(0),
                reloadDifference);
        reloaded.merge();
        double mergeDifference = largestDifference(before, someLogits(task, reloaded));
        Path merged = folder.resolve("merged.fb");
        reloaded.mergeAndUnload().save(merged.toFile(), false);
        out.printf(
                Locale.ROOT,
                "merged into %s (%d bytes): largest difference of a logit %.2e%n",
                merged,
                Files.size(merged),
                mergeDifference);
        report.differences(reloadDifference, mergeDifference);
    }

    private Outcome fineTuneFully(GlossTask task, EncoderWeights weights) throws IOException {
        SameDiff graph = classifier(weights.copy());
        TrainableGraph everything = TrainableGraph.of(graph, TrainableGraph.weights(graph));
        Trained trained = train(task, everything, FULL_RATE);
        Path file = folder.resolve("full.fb");
        graph.save(file.toFile(), false);
        return outcome(trained, everything, Files.size(file));
    }

    private SameDiff classifier(EncoderWeights weights) {
        return EncoderClassifier.create(weights, Pooling.MEAN, GlossTask.CLASSES, seed)
                .graph();
    }

    private Trained train(GlossTask task, Trainable model, double rate) {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(rate))
                .schedule(LearningRateSchedule.linear(WARM_UP))
                .seed(seed)
                .build();
        Trainer trainer = Trainer.builder(model)
                .plan(plan)
                .listener(ProgressListener.to(out::println).every(5))
                .build();
        out.println(trainer.preflight());
        TrainingResult result = trainer.train(task.batches());
        // Once, after the last epoch: scoring all held-out texts takes half as long as an epoch.
        double accuracy = task.accuracy(model.executor());
        out.printf(Locale.ROOT, "median step %.0f ms; accuracy %.4f%n", 1000 * result.medianStepSeconds(), accuracy);
        return new Trained(result, accuracy);
    }

    private static Outcome outcome(Trained trained, Trainable model, long savedBytes) {
        long parameters = model.trainableParameters().stream()
                .mapToLong(p -> p.value().length())
                .sum();
        return new Outcome(trained.accuracy(), parameters, trained.result().secondsPerEpoch(), savedBytes);
    }

    private static INDArray someLogits(GlossTask task, AdaptedSameDiff model) {
        return task.logitsOfSome(model.outputExecutor());
    }

    private static double largestDifference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }

    private void heading(String text) {
        out.printf(Locale.ROOT, "%n== %s%n", text);
    }
}
