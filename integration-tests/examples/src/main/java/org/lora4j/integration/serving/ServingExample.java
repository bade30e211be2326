/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.serving.ServedTraffic.Tally;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.report.TrainingReport;
import org.lora4j.retention.RetentionReport;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.GraphServerBuilder;
import org.lora4j.serve.ServedStatus;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Trains adapters for five tasks on one all-MiniLM-L6-v2, and serves them together: one mixed stream of questions from
 * several threads, an adapter exchanged in the middle, questions for one that does not exist, and less memory than all need.
 * Then it compares what the base still knows with an adapter and after full fine-tuning.
 *
 * <p>Arguments: the folder with the published data sets, the folder for the results, and optionally the number of threads
 * (0 for as many as processors), of epochs (8), and how many of the texts to use, in percent (100).
 */
public final class ServingExample {

    private static final long SEED = 42;
    private static final int MAX_LENGTH = 64;
    private static final int EPOCHS = 8;
    private static final int CLIENTS = 4;
    private static final int STRANGERS = 20;

    /** What clients ask for that nobody registered. */
    private static final String UNKNOWN = "clinc-weather";

    private final PrintStream out;
    private final Path folder;
    private final int threads;
    private final int epochs;
    private final long start = System.nanoTime();
    private final Map<String, Object> figures = new LinkedHashMap<>();

    private ServingExample(PrintStream out, Path folder, int threads, int epochs) {
        this.out = out;
        this.folder = folder;
        this.threads = threads;
        this.epochs = epochs;
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing, the folder cannot be written, or an answer is
     * not what it has to be.
     *
     * @param args data, results, threads, epochs, percent
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            Path folder = Arguments.created(arguments.path(1, "target/example-serving"), "serving.output");
            int asked = Math.toIntExact(arguments.number(2, "threads", 0, 0));
            int threads = asked > 0 ? asked : Runtime.getRuntime().availableProcessors();
            int epochs = Math.toIntExact(arguments.number(3, "epochs", 2, EPOCHS));
            int percent = Math.toIntExact(arguments.number(4, "percent", 1, 100));
            new ServingExample(System.out, folder, threads, epochs).run(ServedTask.all(data, percent, SEED));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-serving: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run(List<ServedTask> tasks) throws IOException {
        EncoderWeights weights = MiniLm.weights();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(MAX_LENGTH)) {
            TaskTraining training = new TaskTraining(weights, tokenizer, SEED);
            SameDiff base = training.base(weights);
            Map<String, List<Question>> questions = new LinkedHashMap<>();
            tasks.forEach(task -> questions.put(task.name(), Question.of(task.name(), task.heldOut(), tokenizer)));

            heading("1 of 3: " + tasks.size() + " adapters, of the upper two layers and a head each");
            Map<String, List<Adapter>> adapters = trained(tasks, training);

            heading("2 of 3: all of them from one base");
            serve(base, adapters, questions);

            heading("3 of 3: what the base still knows");
            ServedTask nouns = tasks.stream()
                    .filter(task -> task.name().equals(ServedTask.NOUNS))
                    .findFirst()
                    .orElseThrow();
            Knowledge knowledge = new Knowledge(
                    questions.get(ServedTask.BANKING),
                    Question.of(ServedTask.NOUNS, nouns.training(), tokenizer),
                    questions.get(ServedTask.NOUNS),
                    state -> out.printf(Locale.ROOT, "%4.0f s  encoded with %s%n", seconds(), state));
            know(
                    knowledge,
                    tasks.get(0),
                    training,
                    base,
                    adapters.get(ServedTask.BANKING).get(0));
        }
        figures.put("seconds", seconds());
        Path report = folder.resolve("report.json");
        ReportFile.write(report, figures);
        out.printf(
                Locale.ROOT,
                "%n%.0f s; the figures are in %s%n",
                seconds(),
                report.toAbsolutePath().normalize());
    }

    /** The adapters of each task; of the one that is exchanged also an earlier one, which comes first. */
    private Map<String, List<Adapter>> trained(List<ServedTask> tasks, TaskTraining training) throws IOException {
        Map<String, List<Adapter>> adapters = new LinkedHashMap<>();
        for (ServedTask task : tasks) {
            List<Adapter> versions = new ArrayList<>();
            if (task.name().equals(ServedTask.TRAVEL)) {
                versions.add(training.upperLayers(task, 1, found -> {}));
            }
            versions.add(training.upperLayers(task, epochs, found -> Evidence.preflight(out::println, found)));
            for (int version = 0; version < versions.size(); version++) {
                versions.get(version).save(directory(task.name(), version));
            }
            adapters.put(task.name(), versions);
            out.printf(
                    Locale.ROOT,
                    "%4.0f s  %-14s %4d texts, %d epochs, %d bytes%n",
                    seconds(),
                    task.name(),
                    task.training().size(),
                    epochs,
                    ReportFile.bytes(directory(task.name(), versions.size() - 1)));
            Evidence.receipt(out::println, directory(task.name(), versions.size() - 1));
        }
        return adapters;
    }

    private Path directory(String adapter, int version) {
        return folder.resolve("adapters").resolve(adapter + "-v" + (version + 1));
    }

    private void serve(SameDiff base, Map<String, List<Adapter>> adapters, Map<String, List<Question>> questions)
            throws IOException {
        List<Question> all = new ArrayList<>();
        questions.values().forEach(all::addAll);
        Traffic traffic = Traffic.mixed(all, SEED);
        Map<String, List<Answers>> alone = new LinkedHashMap<>();
        for (Map.Entry<String, List<Adapter>> entry : adapters.entrySet()) {
            Traffic own = new Traffic(traffic.groups().stream()
                    .map(group -> group.stream()
                            .filter(question -> question.adapter().equals(entry.getKey()))
                            .toList())
                    .filter(group -> !group.isEmpty())
                    .toList());
            List<Answers> versions = new ArrayList<>();
            for (Adapter adapter : entry.getValue()) {
                Answers answers = Answers.of(base, adapter);
                answers.prepare(own);
                versions.add(answers);
            }
            alone.put(entry.getKey(), versions);
            out.printf(
                    Locale.ROOT,
                    "%4.0f s  %-14s alone: accuracy %.4f%n",
                    seconds(),
                    entry.getKey(),
                    versions.get(versions.size() - 1).accuracy());
        }
        compareSpeed(base, adapters, alone, traffic);
        mix(base, adapters, alone, all);
    }

    /** The same groups of questions, computed together and adapter by adapter, on one thread. */
    private void compareSpeed(
            SameDiff base, Map<String, List<Adapter>> adapters, Map<String, List<Answers>> alone, Traffic traffic)
            throws IOException {
        AdapterServer server = builder(base, traffic).build();
        Map<String, Answers> last = new LinkedHashMap<>();
        for (Map.Entry<String, List<Adapter>> entry : adapters.entrySet()) {
            int version = entry.getValue().size() - 1;
            server.register(entry.getKey(), entry.getValue().get(version));
            last.put(entry.getKey(), alone.get(entry.getKey()).get(version));
        }
        double together = 0;
        double passes = 0;
        for (int round = 0; round < 2; round++) {
            // The first round warms up.
            together = 0;
            passes = 0;
            for (List<Question> group : traffic.groups()) {
                long from = System.nanoTime();
                server.predict(ServedTraffic.requests(group));
                long middle = System.nanoTime();
                Answers.inPasses(group, last);
                together += (middle - from) / 1e9;
                passes += (System.nanoTime() - middle) / 1e9;
            }
        }
        out.printf(
                Locale.ROOT,
                "%4.0f s  %d texts in mixed groups: %.0f a second together, %.0f in one pass for each adapter (one thread)%n",
                seconds(),
                traffic.size(),
                traffic.size() / together,
                traffic.size() / passes);
        figures.put("textsPerSecondTogether", traffic.size() / together);
        figures.put("textsPerSecondInPasses", traffic.size() / passes);
    }

    private void mix(
            SameDiff base, Map<String, List<Adapter>> adapters, Map<String, List<Answers>> alone, List<Question> all)
            throws IOException {
        List<Question> asked = new ArrayList<>(all);
        asked.addAll(strangers(all));
        Traffic traffic = Traffic.mixed(asked, SEED + 1);
        AdapterServer unlimited = builder(base, traffic).build();
        for (String name : adapters.keySet()) {
            unlimited.register(name, directory(name, 0));
        }
        // Room for three of five.
        long cap = unlimited.residentBytes() * 3 / adapters.size();
        AdapterServer server =
                builder(base, traffic).adapterMemory(cap).concurrency(threads).build();
        for (String name : adapters.keySet()) {
            server.register(name, directory(name, 0));
        }
        AtomicLong most = new AtomicLong();
        AtomicBoolean exchanged = new AtomicBoolean();
        int groups = traffic.groups().size();
        long from = System.nanoTime();
        Map<String, Tally> tallies = new ServedTraffic(server, alone).run(traffic, CLIENTS, done -> {
            most.accumulateAndGet(server.residentBytes(), Math::max);
            if (done >= groups / 2 && exchanged.compareAndSet(false, true)) {
                exchange(server, done, groups);
            }
        });
        double seconds = (System.nanoTime() - from) / 1e9;
        check(tallies, traffic.size());
        report(tallies, server, most.get(), cap, traffic.size() / seconds);
    }

    private void exchange(AdapterServer server, int done, int groups) {
        try {
            long from = System.nanoTime();
            server.replace(ServedTask.TRAVEL, directory(ServedTask.TRAVEL, 1));
            out.printf(
                    Locale.ROOT,
                    "%4.0f s  %d of %d groups answered: \"%s\" exchanged in %.0f ms%n",
                    seconds(),
                    done,
                    groups,
                    ServedTask.TRAVEL,
                    (System.nanoTime() - from) / 1e6);
        } catch (IOException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static List<Question> strangers(List<Question> all) {
        List<Question> strangers = new ArrayList<>();
        for (int i = 0; i < STRANGERS; i++) {
            Question like = all.get(i * all.size() / STRANGERS);
            strangers.add(new Question(UNKNOWN, like.label(), like.ids(), like.tokens()));
        }
        return strangers;
    }

    private static void check(Map<String, Tally> tallies, int asked) {
        int answered = 0;
        for (Map.Entry<String, Tally> entry : tallies.entrySet()) {
            Tally tally = entry.getValue();
            boolean unknown = entry.getKey().equals(UNKNOWN);
            answered += tally.answered() + tally.failed().size();
            if (tally.other() > 0
                    || tally.right() != tally.rightAlone()
                    || unknown == tally.failed().isEmpty()) {
                throw new IllegalStateException("adapter \"" + entry.getKey() + "\": " + tally.other()
                        + " answers are those of no adapter alone, " + tally.right() + " are right and "
                        + tally.rightAlone() + " alone, " + tally.failed().size()
                        + " failed; expected every answer to be that of the adapter alone.");
            }
        }
        if (answered != asked) {
            throw new IllegalStateException(asked + " questions and " + answered + " results; expected as many.");
        }
    }

    private void report(Map<String, Tally> tallies, AdapterServer server, long most, long cap, double rate) {
        out.printf(Locale.ROOT, "%n%-16s %7s %9s %9s %s%n", "adapter", "texts", "mixed", "alone", "answered by");
        Map<String, Object> byAdapter = new LinkedHashMap<>();
        tallies.forEach((name, tally) -> {
            if (name.equals(UNKNOWN)) {
                out.printf(
                        Locale.ROOT,
                        "%-16s %7d  failed, each alone: %s%n",
                        name,
                        tally.failed().size(),
                        tally.failed().get(0));
                byAdapter.put(name, Map.of("failed", tally.failed().size()));
                return;
            }
            double mixed = (double) tally.right() / tally.answered();
            double alone = (double) tally.rightAlone() / tally.answered();
            StringBuilder versions = new StringBuilder();
            for (int version = 0; version < tally.byVersion().length; version++) {
                versions.append(" v").append(version + 1).append(": ").append(tally.byVersion()[version]);
            }
            out.printf(Locale.ROOT, "%-16s %7d %9.4f %9.4f%s%n", name, tally.answered(), mixed, alone, versions);
            byAdapter.put(
                    name,
                    Map.of(
                            "texts",
                            tally.answered(),
                            "accuracyMixed",
                            mixed,
                            "accuracyAlone",
                            alone,
                            "byVersion",
                            tally.byVersion()));
        });
        List<String> resident = server.status().stream()
                .filter(ServedStatus::resident)
                .map(ServedStatus::name)
                .toList();
        out.printf(
                Locale.ROOT,
                "%d clients, %.0f texts a second. Adapters in memory: at most %d bytes of a cap of %d; now %s%n",
                CLIENTS,
                rate,
                most,
                cap,
                resident);
        figures.put("adapters", byAdapter);
        figures.put("textsPerSecondOfClients", rate);
        figures.put("mostResidentBytes", most);
        figures.put("adapterMemory", cap);
    }

    private static GraphServerBuilder builder(SameDiff base, Traffic traffic) {
        return AdapterServer.builder(base)
                .outputs(EncoderClassifier.LOGITS)
                .example(Question.inputs(traffic.groups().get(0)));
    }

    private void know(Knowledge knowledge, ServedTask task, TaskTraining training, SameDiff base, Adapter upperLayers)
            throws IOException {
        knowledge.base(base);
        knowledge.adapter("adapter, upper layers", base, upperLayers);
        Adapter allLayers = training.allLayers(task, epochs);
        out.printf(Locale.ROOT, "%4.0f s  trained an adapter of all layers%n", seconds());
        knowledge.adapter("adapter, all layers", base, allLayers);
        SameDiff full = training.full(task, epochs);
        out.printf(Locale.ROOT, "%4.0f s  fine-tuned a copy of the base%n", seconds());
        knowledge.add("full fine-tuning", full);
        RetentionReport report = knowledge.report();
        out.printf(Locale.ROOT, "%nLearned: %s. Compared on %s:%n%s", task.name(), ServedTask.NOUNS, report);
        out.printf(Locale.ROOT, "%nAccuracy on %s:%n", task.name());
        knowledge.accuracy().forEach((state, accuracy) -> out.printf(Locale.ROOT, "%-40s %.4f%n", state, accuracy));
        figures.put("retention", new ObjectMapper().readTree(report.json()));
        figures.put("accuracyOfLearnedTask", knowledge.accuracy());
        Map<String, Object> accuracy = new LinkedHashMap<>();
        knowledge
                .accuracy()
                .forEach((state, share) -> accuracy.put("accuracy of " + task.name() + ", " + state, share));
        Map<String, Object> speed = new LinkedHashMap<>();
        figures.forEach((name, value) -> {
            if (value instanceof Number) {
                speed.put(name, value);
            }
        });
        out.println("report: "
                + TrainingReport.titled("Many adapters over one base")
                        .with(report)
                        .withSettings(accuracy)
                        .withCost(speed)
                        .overwrite(folder.resolve("serving.html")));
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    private void heading(String text) {
        out.printf(Locale.ROOT, "%n== %s%n", text);
    }
}
