/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.demonstration.Accuracy;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.multitask.LearningTask;
import org.lora4j.multitask.MultiTaskAdapter;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskConfig.Gate;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.MultiTaskResult;
import org.lora4j.multitask.MultiTaskTrainer;
import org.lora4j.multitask.Task;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.ProgressListener;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Trains six text tasks over one MiniLM in several ways and compares accuracy, parameters and time.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, and optionally the number of epochs,
 * the seed, the most texts of a task, and the ways, of {@code independent}, {@code shared+specific}, {@code experts} and {@code
 * full} with commas between them.
 */
public final class MultiTaskExample {

    private static final String WAYS = "independent,shared+specific,experts,full";
    private static final double LORA_RATE = 1e-3;
    private static final double FULL_RATE = 1e-4;
    private static final int INDEPENDENT_RANK = 8;
    private static final int SHARED_RANK = 16;
    private static final int SPECIFIC_RANK = 2;
    private static final int EXPERTS = 4;
    private static final int EXPERT_RANK = 4;

    private final PrintStream out;
    private final Path folder;
    private final List<TextTask> tasks;
    private final int epochs;
    private final long seed;

    private MultiTaskExample(PrintStream out, Path folder, List<TextTask> tasks, int epochs, long seed) {
        this.out = out;
        this.folder = folder;
        this.tasks = tasks;
        this.epochs = epochs;
        this.seed = seed;
    }

    /**
     * Runs the example. Ends with status 1 and one line if an argument is wrong, data is missing or the folder cannot be
     * written.
     *
     * @param args data, results, epochs, seed, texts, ways
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            Path folder = Arguments.created(arguments.path(1, "target/example-multitask"), "multitask.output");
            int epochs = Math.toIntExact(arguments.number(2, "epochs", 1, 3));
            long seed = arguments.number(3, "seed", Long.MIN_VALUE, 42);
            int most = Math.toIntExact(arguments.number(4, "texts", 1, Integer.MAX_VALUE));
            Set<String> ways = ways(args.length > 5 ? args[5] : WAYS);
            long start = System.nanoTime();
            List<TextTask> tasks = TextTasks.load(data, most, seed);
            new MultiTaskExample(System.out, folder, tasks, epochs, seed).run(ways);
            System.out.printf(Locale.ROOT, "%.0f s in all%n", (System.nanoTime() - start) / 1e9);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-multitask: " + e.getMessage());
            System.exit(1);
        }
    }

    private static Set<String> ways(String names) {
        Set<String> ways = new TreeSet<>(List.of(names.split(",")));
        if (!Set.of(WAYS.split(",")).containsAll(ways)) {
            throw new IllegalArgumentException(
                    "ways = \"" + names + "\"; expected one or more of " + WAYS + ", with commas between them.");
        }
        return ways;
    }

    private void run(Set<String> ways) throws IOException {
        for (TextTask task : tasks) {
            out.printf(
                    Locale.ROOT,
                    "%-14s %3d labels, %5d texts to train on, %5d to test, padded to %s tokens%n",
                    task.name(),
                    task.labels().names().size(),
                    task.training().size(),
                    task.test().size(),
                    task.training().paddedLengths());
        }
        EncoderWeights weights = MiniLm.weights();
        tasks.forEach(task -> {
            task.training().requireFits(weights.config());
            task.test().requireFits(weights.config());
        });
        List<Arm> arms = new ArrayList<>();
        if (ways.contains("independent")) {
            arms.add(adapters(
                    "an adapter for each task, rank " + INDEPENDENT_RANK,
                    "independent",
                    MultiTaskConfig.builder().specific(lora(INDEPENDENT_RANK)).build(),
                    weights));
        }
        if (ways.contains("shared+specific")) {
            MultiTaskConfig config = MultiTaskConfig.builder()
                    .shared(lora(SHARED_RANK))
                    .specific(lora(SPECIFIC_RANK))
                    .build();
            arms.add(adapters(
                    "MT-LoRA, rank " + SHARED_RANK + " shared and " + SPECIFIC_RANK + " for each task",
                    "shared",
                    config,
                    weights));
        }
        if (ways.contains("experts")) {
            MultiTaskConfig config = MultiTaskConfig.builder()
                    .experts(EXPERTS, lora(EXPERT_RANK), Gate.TASK)
                    .build();
            arms.add(adapters(
                    EXPERTS + " experts of rank " + EXPERT_RANK + ", a gate for each task",
                    "experts",
                    config,
                    weights));
        }
        if (ways.contains("full")) {
            arms.add(full(weights.copy()));
        }
        MultiTaskReport report = new MultiTaskReport(tasks, arms, epochs, seed);
        out.printf(Locale.ROOT, "%n%s%n", report.table());
        report.write(folder.resolve("report.json"));
    }

    private static LoraConfig lora(int rank) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules(ModuleSelector.allLinear())
                .baseModelName(MiniLm.NAME)
                .taskType("SEQ_CLS")
                .build();
    }

    private SameDiff graph(TextTask task, EncoderWeights weights) {
        return EncoderClassifier.create(
                        weights, Pooling.MEAN, task.labels().names().size(), seed)
                .graph();
    }

    private Arm adapters(String name, String file, MultiTaskConfig config, EncoderWeights weights) throws IOException {
        heading(name);
        List<Task> all = tasks.stream()
                .map(task -> new Task(
                        task.name(), graph(task, weights), List.of(EncoderClassifier.HEAD), Optional.of(task.labels())))
                .toList();
        MultiTaskModel model = MultiTaskModel.create(config, all, seed);
        MultiTaskResult result = train(task -> model.task(task.name()), LORA_RATE);
        Map<String, Double> accuracies =
                measured(task -> model.task(task.name()).outputExecutor());
        checkDirectory(model, folder.resolve(file), weights);
        out.println("report: " + TrainingReport.of(result).withTitle(name).overwrite(folder.resolve(file + ".html")));
        return new Arm(
                name,
                accuracies,
                model.parameters().withoutHeads(),
                model.parameters().total() - model.parameters().withoutHeads(),
                result.training().secondsPerEpoch() * epochs,
                result.training().steps());
    }

    /** Saves everything, and measures one task again as the plain PEFT adapter that it was saved as. */
    private void checkDirectory(MultiTaskModel model, Path directory, EncoderWeights weights) throws IOException {
        model.adapter().save(directory);
        MultiTaskAdapter loaded = MultiTaskAdapter.load(directory);
        TextTask task = tasks.get(tasks.size() - 1);
        AdaptedSameDiff alone = AdaptedSameDiff.of(graph(task, weights));
        alone.addAdapter("default", Adapter.load(directory.resolve("tasks").resolve(task.name())));
        alone.activate("default");
        out.printf(
                Locale.ROOT,
                "saved to %s (%d bytes, %d tasks; without a receipt, as several tasks learned together); %s as a plain PEFT"
                        + " adapter: accuracy %.4f%n",
                directory,
                ReportFile.bytes(directory),
                loaded.tasks().size(),
                task.name(),
                Accuracy.of(alone.outputExecutor(), task.test()));
    }

    private Arm full(EncoderWeights weights) {
        String name = "full fine-tuning of one encoder";
        heading(name);
        Map<String, SameDiff> graphs = new LinkedHashMap<>();
        Map<String, Trainable> models = new LinkedHashMap<>();
        long heads = 0;
        long encoder = 0;
        for (TextTask task : tasks) {
            SameDiff graph = graph(task, weights);
            TrainableGraph model = TrainableGraph.of(graph, TrainableGraph.weights(graph));
            graphs.put(task.name(), graph);
            models.put(task.name(), model);
            encoder = length(model, false);
            heads += length(model, true);
        }
        MultiTaskResult result = train(task -> models.get(task.name()), FULL_RATE);
        Map<String, Double> accuracies = measured(task -> Lora.executor(graphs.get(task.name())));
        return new Arm(
                name,
                accuracies,
                encoder,
                heads,
                result.training().secondsPerEpoch() * epochs,
                result.training().steps());
    }

    private static long length(Trainable model, boolean ofHead) {
        return model.trainableParameters().stream()
                .filter(parameter -> parameter.module().equals(EncoderClassifier.HEAD) == ofHead)
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }

    /** What a task is trained or measured through. */
    private interface ByTask<T> {
        T of(TextTask task);
    }

    private MultiTaskResult train(ByTask<Trainable> models, double rate) {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(rate))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                .clipping(GradientClipping.byGlobalNorm(1))
                .seed(seed)
                .build();
        for (TextTask task : tasks) {
            out.print(task.name() + ": ");
            Evidence.preflight(
                    out::println,
                    Trainer.builder(models.of(task)).plan(plan).build().preflight());
        }
        return MultiTaskTrainer.builder()
                .tasks(tasks.stream()
                        .map(task -> new LearningTask(
                                task.name(), models.of(task), task.training().batches()))
                        .toList())
                .plan(plan)
                .listener(ProgressListener.to(out::println).every(15))
                .build()
                .train();
    }

    private Map<String, Double> measured(ByTask<GraphExecutor> executors) {
        Map<String, Double> accuracies = new LinkedHashMap<>();
        for (TextTask task : tasks) {
            accuracies.put(task.name(), Accuracy.of(executors.of(task), task.test()));
            out.printf(Locale.ROOT, "%-14s accuracy %.4f%n", task.name(), accuracies.get(task.name()));
        }
        return accuracies;
    }

    private void heading(String text) {
        out.printf(Locale.ROOT, "%n== %s%n", text);
    }
}
