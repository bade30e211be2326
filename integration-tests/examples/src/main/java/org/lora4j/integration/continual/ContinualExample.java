/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.HeatMap;
import org.lora4j.continual.TaskRouter;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.report.TrainingReport;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Learns the ten domains of CLINC150 one after the other, by eight strategies, and routes requests whose domain is not known.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, and optionally {@code full} for all
 * texts instead of 20 and 10 of each intent, and how many strategies run side by side.
 */
public final class ContinualExample {

    private static final int FEW_TRAINING = 20;
    private static final int FEW_TEST = 10;
    private static final int ALL_TRAINING = 50;
    private static final int ALL_TEST = 30;
    private static final int EPOCHS = 5;
    private static final int FULL_EPOCHS = 4;
    /** Of all texts, for about as many steps. */
    private static final int EPOCHS_OF_ALL = 2;
    /** Of each intent, of which there are 20. */
    private static final int VALIDATED = 10;

    private static final long SEED = 1;

    private static final double TOWARDS_OLD = 1;
    private static final double ELASTIC = 1000;
    private static final double ORTHOGONAL = 0.1;
    private static final double MERGED = 0.25;
    private static final int REPLAYED = 30;
    private static final int FISHER = 60;

    private final PrintStream out;
    private final Path folder;
    private final Settings settings;
    private final long start = System.nanoTime();

    ContinualExample(PrintStream out, Path folder, Settings settings) {
        this.out = out;
        this.folder = folder;
        this.settings = settings;
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, {@code full}, threads
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data").resolve("clinc150");
            if (!Files.isDirectory(data)) {
                throw new IOException("no data set " + data.toAbsolutePath().normalize()
                        + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                        + " data/clinc150");
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-continual"), "continual.output");
            boolean full = args.length > 2 && Set.of("full", "true").contains(args[2]);
            int threads = Math.toIntExact(
                    arguments.number(3, "threads", 1, Runtime.getRuntime().availableProcessors()));
            Settings settings = full
                    ? new Settings(ALL_TRAINING, ALL_TEST, EPOCHS_OF_ALL, EPOCHS_OF_ALL, threads, SEED)
                    : new Settings(FEW_TRAINING, FEW_TEST, EPOCHS, FULL_EPOCHS, threads, SEED);
            Clinc150 clinc = new Clinc150(data);
            new ContinualExample(System.out, folder, settings).run(clinc, clinc.domains());
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-continual: " + e.getMessage());
            System.exit(1);
        }
    }

    void run(Clinc150 clinc, List<String> domains) throws IOException {
        EncoderWeights weights = MiniLm.weights();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(Settings.LONGEST)) {
            Intents intents = new Intents(clinc, domains, settings, tokenizer);
            SameDiff whole = graph(weights, intents);
            Routing routing = new Routing(clinc, intents, whole, VALIDATED, this::say);
            Routing.Figures router = routing.choose();
            saveRouter(routing);
            LowerLayers lower = new LowerLayers(whole);
            lower.add(intents.all(), this::say);
            report(sideBySide(strategies(weights, intents, lower), routing), router);
        }
    }

    private SameDiff graph(EncoderWeights weights, Intents intents) {
        return HeadsGraph.create(weights, intents.names(), intents.classesOfTask(), settings.seed());
    }

    /** In groups: what stands in one runs one after the other. The longest begins first. */
    private List<List<Strategy>> strategies(EncoderWeights weights, Intents intents, LowerLayers lower)
            throws IOException {
        Supplier<SameDiff> upper = () -> LowerLayers.upper(graph(weights, intents));
        AdapterPerTask perTask = new AdapterPerTask(upper.get(), intents, settings, lower);
        Keeper replay = new Keeper.Replay(REPLAYED, settings.seed());
        Keeper old = new Keeper.TowardsOld(TOWARDS_OLD);
        Keeper elastic = new Keeper.Elastic(ELASTIC, intents, lower, FISHER, settings.seed());
        return List.of(
                List.of(new FullFineTuning(graph(MiniLm.weights(), intents), intents, settings)),
                List.of(perTask, new Merged("adapters merged into one", upper.get(), perTask, MERGED)),
                List.of(new GrowingParts(
                        "orthogonal parts (O-LoRA)", upper.get(), intents, settings, lower, ORTHOGONAL)),
                List.of(new SharedAdapter("one adapter, replay", upper.get(), intents, settings, lower, replay)),
                List.of(new SharedAdapter(
                        "one adapter, L2 towards the old", upper.get(), intents, settings, lower, old)),
                List.of(new SharedAdapter("one adapter, EWC", upper.get(), intents, settings, lower, elastic)),
                List.of(new SharedAdapter(
                        "one adapter, nothing done", upper.get(), intents, settings, lower, new Keeper() {})));
    }

    private List<Outcome> sideBySide(List<List<Strategy>> groups, Routing routing) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(settings.threads());
        try {
            List<Future<List<Outcome>>> running = new ArrayList<>();
            for (List<Strategy> group : groups) {
                running.add(threads.submit(() -> outcomes(group, routing)));
            }
            List<Outcome> outcomes = new ArrayList<>();
            for (Future<List<Outcome>> future : running) {
                outcomes.addAll(future.get());
            }
            // The warning last.
            Collections.rotate(outcomes, -1);
            return outcomes;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted; expected to run to the end", e);
        } finally {
            threads.shutdownNow();
        }
    }

    private List<Outcome> outcomes(List<Strategy> group, Routing routing) throws IOException {
        List<Outcome> outcomes = new ArrayList<>();
        for (Strategy strategy : group) {
            outcomes.add(outcome(strategy, routing));
            if (strategy instanceof AdapterPerTask perTask) {
                perTask.requireUnchanged();
                say(strategy.name() + ": all logits are bit for bit those right after learning");
                Path adapters = folder.resolve("adapters");
                perTask.save(adapters);
                Evidence.receipt(this::say, adapters.resolve(intents(perTask)));
            }
        }
        return outcomes;
    }

    /** The folder of the first task. */
    private static String intents(Strategy strategy) {
        return strategy.intents().names().get(0).replaceAll("\\W+", "-");
    }

    private Outcome outcome(Strategy strategy, Routing routing) throws IOException {
        ForgettingReport report = strategy.intents().stream().run(new Spoken(strategy, this::say));
        strategy.training().preflight().ifPresent(found -> Evidence.preflight(this::say, found));
        String file = strategy.name().replaceAll("[^a-zA-Z0-9]+", "-");
        report.save(folder.resolve(file + ".json"));
        HeatMap.of(report, strategy.name() + ": accuracy in percent after each task")
                .save(folder.resolve(file + ".png"));
        say("report: "
                + TrainingReport.of(report).withTitle(strategy.name()).overwrite(folder.resolve(file + ".html")));
        Outcome outcome = Outcome.of(strategy, report, routing.testRoutes());
        say(String.format(
                Locale.ROOT,
                "%s: average accuracy %.4f, forgetting %.4f, routed %.4f",
                strategy.name(),
                report.averageAccuracy(),
                report.averageForgetting(),
                outcome.routed()));
        return outcome;
    }

    private void saveRouter(Routing routing) throws IOException {
        Path file = folder.resolve("router.safetensors");
        routing.router().save(file);
        say("router of " + Files.size(file) + " bytes: " + TaskRouter.load(file));
    }

    private void report(List<Outcome> outcomes, Routing.Figures router) throws IOException {
        out.printf(Locale.ROOT, "%n%s%n", Outcome.heading());
        outcomes.forEach(outcome -> out.println(outcome.row()));
        out.printf(Locale.ROOT, "%nrouter, %s: %s%n", router.kind(), Routing.worded(router));
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("settings", settings);
        figures.put("strategies", outcomes.stream().map(Outcome::json).toList());
        figures.put("router", router);
        figures.put("seconds", seconds);
        Path file = folder.resolve("report.json");
        ReportFile.write(file, figures);
        out.printf(
                Locale.ROOT,
                "%n%.0f s; the figures are in %s%n",
                seconds,
                file.toAbsolutePath().normalize());
    }

    private synchronized void say(String line) {
        out.printf(Locale.ROOT, "%4.0f s  %s%n", (System.nanoTime() - start) / 1e9, line);
    }
}
