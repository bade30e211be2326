/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.language;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmFitReport;
import org.lora4j.language.LmRequest;
import org.lora4j.language.LongRows;
import org.lora4j.report.SampleListener;
import org.lora4j.report.TrainingReport;
import org.lora4j.train.RunListener;

/**
 * Stories260K learns Shakespeare, Java source and the intents of questions to a bank. Arguments: the data, the folder for the
 * results, {@code full}, the domains with commas between them.
 */
public final class LanguageExample {

    private static final int STORIES = 32;
    private static final int STORY_TOKENS = 160;
    private static final int EPOCHS = 3;
    private static final int PIECE = 256;

    private final PrintStream out;
    private final CausalLm model;
    private final Path folder;
    private final List<LmExample> stories;
    private final Map<String, Object> figures = new LinkedHashMap<>();

    /** What a way to learn gave: losses a token. */
    private record Outcome(double domain, double stories, double minutes) {}

    private LanguageExample(PrintStream out, CausalLm model, Path folder) {
        this.out = out;
        this.model = model;
        this.folder = folder;
        this.stories = stories();
    }

    /**
     * Runs the example. Ends with status 1 and one line if data is missing or the folder cannot be written.
     *
     * @param args data, results, {@code full}, domains
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            for (String needed : List.of("stories260k", "tinyshakespeare", "banking77")) {
                if (!Files.isDirectory(data.resolve(needed))) {
                    throw new IOException("no data set "
                            + data.resolve(needed).toAbsolutePath().normalize()
                            + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                            + " data/" + needed);
                }
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-language"), "language.output");
            boolean full = args.length > 2 && Set.of("full", "true").contains(args[2]);
            Set<String> names = Set.of((args.length > 3 ? args[3] : "shakespeare,java,banking").split(","));
            Path directory = folder.resolve("stories260k");
            if (!Files.exists(directory)) {
                Path published = data.resolve("stories260k");
                Llama2cCheckpoint.convert(
                        published.resolve("stories260K.bin"), published.resolve("tok512.bin"), directory);
            }
            try (CausalLm model = CausalLm.load(directory)) {
                new LanguageExample(System.out, model, folder).run(data, full ? 5 : 1, names);
            }
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-language: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run(Path data, int size, Set<String> names) throws IOException {
        long start = System.nanoTime();
        Banking77 banking = new Banking77(data.resolve("banking77"));
        out.println("What the model says of itself: " + continued(model, "Once upon a time", List.of()));
        print("Stories by the frozen base: loss a token %.4f%n", storiesLoss(model));
        List<Domain> domains = Stream.of(
                        Domain.shakespeare(data.resolve("tinyshakespeare/input.txt"), size * 120_000),
                        Domain.java(size * 120_000),
                        Domain.banking(banking, size * 1_500))
                .filter(domain -> names.contains(domain.name()))
                .toList();
        for (Domain domain : domains) {
            learn(domain, Domain.testQuestions(banking));
        }
        serve(domains);
        ReportFile.write(folder.resolve("report.json"), figures);
        print("%nEverything took %.0f s.%n", (System.nanoTime() - start) / 1e9);
    }

    /** What the model knew before: stories that it draws by itself, as tokens, since most of them do not come to their end. */
    private List<LmExample> stories() {
        GenerationConfig config = GenerationConfig.sampling(STORY_TOKENS, 1, 1, 7).toBuilder()
                .numReturnSequences(STORIES)
                .build();
        int begin = model.tokenizer().bosId().orElseThrow();
        return model.generateIds(List.of(new int[] {begin}), config, token -> true).stream()
                .map(story -> IntStream.concat(IntStream.of(begin), IntStream.of(story.newIds()))
                        .toArray())
                .map(ids -> {
                    boolean[] all = new boolean[ids.length];
                    Arrays.fill(all, true);
                    return LmExample.tokens(ids, all);
                })
                .toList();
    }

    @SuppressWarnings("try") // The block is opened for what it does to the adapters.
    private void learn(Domain domain, List<LabeledText> questions) throws IOException {
        print("%n== %s%n", domain.name());
        model.model().activate();
        SampleListener samples =
                SampleListener.of(model, config(domain.ends()), domain.prompts().get(0), "Once upon a time");
        CausalLmTrainer adapting =
                builder(model).adapterName(domain.name()).listener(samples).build();
        double before = adapting.evaluate(domain.test()).loss();
        print("before: %.4f%n", before);
        out.println("says: " + continued(model, domain.prompts().get(0), domain.ends()));

        out.println(adapting.preview(domain.train(), 1));
        LmFitReport report = adapting.fit(domain.train(), domain.validation());
        Evidence.preflight(out::println, report.notes());
        Outcome adapter = outcome(adapting, domain, report);
        print(
                "LoRA: %.4f after epoch %d of %d, %d tokens learned at a rate of %.1e, %.1f minutes; stories %.4f%n",
                adapter.domain(),
                report.bestEpoch().orElse(0),
                report.epochs().size(),
                report.learned(),
                report.learningRate(),
                adapter.minutes(),
                adapter.stories());
        out.println("says: " + continued(model, domain.prompts().get(0), domain.ends()));
        out.println("report: "
                + TrainingReport.of(report)
                        .withTitle("stories260K learns " + domain.name())
                        .with(adapting.evaluate(domain.test()))
                        .withSamples(samples.samples())
                        .overwrite(folder.resolve(domain.name() + ".html")));
        double off;
        try (var disabled = model.model().disabled()) {
            off = storiesLoss(model);
        }
        model.model().merge();
        double merged = storiesLoss(model);
        double mergedDomain = adapting.evaluate(domain.test()).loss();
        model.model().unmerge();
        print(
                "stories with the adapter off %.4f, merged %.4f; %s merged %.4f%n",
                off, merged, domain.name(), mergedDomain);
        model.model().adapter(domain.name()).save(folder.resolve(domain.name()));
        if (!report.startKept()) {
            Evidence.receipt(out::println, folder.resolve(domain.name()));
        }
        Map<String, Object> all = new LinkedHashMap<>();
        if (domain.name().equals("banking")) {
            all.put("accuracyLora", accuracy(model, questions));
        }

        CausalLmTrainer full = builder(model.base()).fullFineTuning().build();
        LmFitReport fullReport = full.fit(domain.train(), domain.validation());
        Outcome tuned = outcome(full, domain, fullReport);
        print(
                "full: %.4f after epoch %d of %d, at a rate of %.1e, %.1f minutes; stories %.4f%n",
                tuned.domain(),
                fullReport.bestEpoch().orElse(0),
                fullReport.epochs().size(),
                fullReport.learningRate(),
                tuned.minutes(),
                tuned.stories());
        out.println("says: " + continued(full.model(), domain.prompts().get(0), domain.ends()));
        if (domain.name().equals("banking")) {
            all.put("accuracyFull", accuracy(full.model(), questions));
            print("intents named exactly: LoRA %.3f, full %.3f%n", all.get("accuracyLora"), all.get("accuracyFull"));
        }
        all.putAll(
                Map.of("before", before, "lora", adapter, "full", tuned, "storiesOff", off, "storiesMerged", merged));
        figures.put(domain.name(), all);
    }

    /** A text that is asked for: of a domain, or of the model as it was, without one. */
    private record Question(String adapter, String prompt, GenerationConfig config) {}

    /** One server with the saved adapters of all domains, asked by all of them at the same time. */
    private void serve(List<Domain> domains) throws IOException {
        List<Question> questions = new ArrayList<>();
        questions.add(new Question(CausalLmServer.BASE, "Once upon a time", config(List.of())));
        domains.forEach(domain -> domain.prompts()
                .forEach(prompt -> questions.add(new Question(domain.name(), prompt, config(domain.ends())))));
        Collections.shuffle(questions, new Random(3));
        List<String> alone = new ArrayList<>();
        for (Question question : questions) {
            model.model()
                    .activate(
                            question.adapter().equals(CausalLmServer.BASE)
                                    ? new String[0]
                                    : new String[] {question.adapter()});
            alone.add(model.generate(question.prompt(), question.config()).text());
        }
        model.model().activate();
        print("%n== One server, %d adapters, %d requests at once%n", domains.size(), questions.size());
        long equal = 0;
        try (CausalLmServer server = CausalLmServer.builder(model).build()) {
            for (Domain domain : domains) {
                server.register(domain.name(), folder.resolve(domain.name()));
            }
            List<LmRequest> requests = questions.stream()
                    .map(question -> server.submit(question.adapter(), question.prompt(), question.config()))
                    .toList();
            for (int i = 0; i < requests.size(); i++) {
                String text = requests.get(i).result().text();
                boolean same = text.equals(alone.get(i));
                equal += same ? 1 : 0;
                print(
                        "%s: %s%s%n",
                        requests.get(i).adapter(),
                        quoted(questions.get(i).prompt() + text),
                        same ? "" : " (alone it is " + quoted(alone.get(i)) + ")");
            }
            print("%d of %d texts are those of their adapter alone; %s%n", equal, requests.size(), server.metrics());
        }
        figures.put("served", Map.of("texts", questions.size(), "equal", equal));
    }

    private void print(String format, Object... values) {
        out.printf(Locale.ROOT, format, values);
    }

    private CausalLmTrainer.Builder builder(CausalLm which) {
        return CausalLmTrainer.builder(which)
                .epochs(EPOCHS)
                .maxLength(PIECE)
                .longRows(LongRows.CUT_START)
                .listener(new RunListener() {});
    }

    private Outcome outcome(CausalLmTrainer trainer, Domain domain, LmFitReport report) {
        double seconds =
                report.epochs().stream().mapToDouble(epoch -> epoch.seconds()).sum();
        return new Outcome(trainer.evaluate(domain.test()).loss(), storiesLoss(trainer.model()), seconds / 60);
    }

    private double storiesLoss(CausalLm which) {
        return CausalLmTrainer.builder(which).build().evaluate(stories).loss();
    }

    private static String continued(CausalLm which, String prompt, List<String> ends) {
        return quoted(prompt + which.generate(prompt, config(ends)).text());
    }

    private static GenerationConfig config(List<String> ends) {
        return GenerationConfig.greedy(60).toBuilder()
                .stopStrings(ends.toArray(String[]::new))
                .build();
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\n", "\\n") + "\"";
    }

    private static double accuracy(CausalLm which, List<LabeledText> questions) {
        List<String> prompts = questions.stream()
                .map(question -> Domain.prompt(question.text()))
                .toList();
        GenerationConfig config = GenerationConfig.greedy(40).toBuilder()
                .dropOldest(true)
                .stopStrings(Domain.END)
                .build();
        List<Generation> answers = which.generate(prompts, config, token -> true);
        long right = 0;
        for (int i = 0; i < answers.size(); i++) {
            right += answers.get(i)
                            .text()
                            .strip()
                            .equals(Domain.intent(questions.get(i)).strip())
                    ? 1
                    : 0;
        }
        return (double) right / answers.size();
    }
}
