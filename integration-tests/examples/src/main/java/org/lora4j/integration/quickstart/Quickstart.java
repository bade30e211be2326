/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.BertWeights;
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
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Fine-tunes all-MiniLM-L6-v2 with LoRA to tell the category of a WordNet noun from its gloss, and compares it with a
 * trained head on the frozen encoder and with full fine-tuning.
 *
 * <p>Arguments: the folder for the results, and optionally the seed (42) and the number of epochs (3).
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

    private Quickstart(PrintStream out, Path folder, long seed, int epochs) {
        this.out = out;
        this.folder = folder;
        this.seed = seed;
        this.epochs = epochs;
    }

    /**
     * Runs the job. Ends with status 1 and one line if an argument is wrong, the data or the model is missing, or the
     * folder cannot be written.
     *
     * @param args folder, seed, epochs
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Path folder = Path.of(args.length > 0 ? args[0] : "target/quickstart");
            long seed = number(args, 1, "seed", Long.MIN_VALUE, 42);
            int epochs = Math.toIntExact(number(args, 2, "epochs", 1, 3));
            new Quickstart(System.out, folder, seed, epochs).run();
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("quickstart: " + e.getMessage());
            System.exit(1);
        }
    }

    private static long number(String[] args, int index, String name, long least, long absent) {
        if (index >= args.length) {
            return absent;
        }
        try {
            long value = Long.parseLong(args[index]);
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Worded below, as a number that is too small.
        }
        throw new IllegalArgumentException(name + " = \"" + args[index] + "\"; expected a whole number"
                + (least > Long.MIN_VALUE ? " of at least " + least : "") + ".");
    }

    private void run() throws IOException {
        long start = System.nanoTime();
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new IOException(
                    "cannot create the folder for the results, " + folder.toAbsolutePath() + " (" + e
                            + "); expected a place to write to. Name another: -Dquickstart.output=FOLDER",
                    e);
        }
        out.println("Task: the category of a WordNet 3.1 noun (25 of them) from its gloss.");
        GlossTask task = GlossTask.load(seed);
        out.printf(
                Locale.ROOT,
                "%d glosses to train on, %d held out, padded to %s tokens (%.0f %% of all is padding), %d batches%n",
                task.training().size(),
                task.heldOut().size(),
                task.training().paddedLengths(),
                100 * task.training().paddingRatio(),
                task.training().batchesPerEpoch());
        BertWeights weights = MiniLm.weights();
        task.training().requireFits(weights.config());
        task.heldOut().requireFits(weights.config());

        heading("1 of 3: frozen encoder, trained head");
        Outcome headOnly = new HeadOnly(task, out::println).run(weights, folder.resolve("head.fb"), seed);

        heading("2 of 3: LoRA, rank " + RANK + " on every linear layer of the encoder");
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(ALPHA)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(BertClassifier.HEAD)
                .baseModelName(MiniLm.NAME)
                .taskType("SEQ_CLS")
                .build();
        AdaptedSameDiff lora = Lora.inject(classifier(weights), config, seed);
        out.println(lora.parameterSummary());
        Trained trained = train(task, lora, LORA_RATE);
        Path adapter = folder.resolve("adapter");
        lora.adapter("default").save(adapter);
        Outcome loraOutcome = outcome(trained, lora, bytes(adapter));

        heading("3 of 3: full fine-tuning");
        BertClassifier full = BertClassifier.create(weights.copy(), Pooling.MEAN, GlossTask.CLASSES, seed);
        TrainableGraph everything = TrainableGraph.of(full.graph(), TrainableGraph.weights(full.graph()));
        Trained fullTrained = train(task, everything, FULL_RATE);
        Path fullFile = folder.resolve("full.fb");
        full.graph().save(fullFile.toFile(), false);
        Outcome fullOutcome = outcome(fullTrained, everything, Files.size(fullFile));

        heading("Saved, loaded, merged");
        INDArray before = someLogits(task, lora);
        AdaptedSameDiff reloaded = Lora.load(classifier(MiniLm.weights()), adapter);
        double reloadDifference = largestDifference(before, someLogits(task, reloaded));
        out.printf(Locale.ROOT, "adapter saved to %s (%d bytes)%n", adapter, loraOutcome.savedBytes());
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

        heading("Result");
        QuickstartReport report = new QuickstartReport(
                headOnly, loraOutcome, fullOutcome, reloadDifference, mergeDifference, seed, epochs);
        out.print(report.table());
        report.write(folder.resolve("report.json"));
        out.printf(
                Locale.ROOT,
                "%nEverything is in %s (report.json, adapter, merged.fb). %.0f s in all.%n",
                folder.toAbsolutePath().normalize(),
                (System.nanoTime() - start) / 1e9);
    }

    private SameDiff classifier(BertWeights weights) {
        return BertClassifier.create(weights, Pooling.MEAN, GlossTask.CLASSES, seed)
                .graph();
    }

    private Trained train(GlossTask task, Trainable model, double rate) {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(rate))
                .schedule(LearningRateSchedule.linear(WARM_UP))
                .seed(seed)
                .build();
        TrainingResult result = Trainer.builder(model)
                .plan(plan)
                .listener(ProgressListener.to(out::println).every(5))
                .build()
                .train(task.batches());
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

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(f -> f.toFile().length())
                    .sum();
        }
    }

    private void heading(String text) {
        out.printf(Locale.ROOT, "%n== %s%n", text);
    }
}
