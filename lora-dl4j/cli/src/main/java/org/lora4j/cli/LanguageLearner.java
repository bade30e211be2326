/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.LmEvaluation;
import org.lora4j.language.LmExample;
import org.lora4j.language.LongRows;
import org.lora4j.report.TrainingReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.FitReport;

/** A language model at work. */
final class LanguageLearner implements Learner<LmExample> {

    static final String KIND = "language";

    private static final int SHOWN = 5;

    private final LearnerWork work;
    private final Later<CausalLm> model;

    private LanguageLearner(LearnerWork work, Later<CausalLm> model) {
        this.work = work;
        this.model = model;
    }

    static LanguageLearner fresh(LearnerWork work) {
        return new LanguageLearner(work, new Later<>(() -> work.base().languageModel(storage(work.settings()))));
    }

    static LanguageLearner load(Path directory, LearnerWork work) {
        return new LanguageLearner(
                work,
                new Later<>(() -> CausalLm.load(
                        directory, storage(work.settings()), work.base().folders())));
    }

    static CausalLm.Storage storage(CliSettings settings) {
        String name = settings.textOr(Setting.STORAGE);
        return choice(Setting.STORAGE.key(), name, CausalLm.Storage.values());
    }

    /** A constant by its name, dashes or not. */
    static <C extends Enum<C>> C choice(String option, String name, C[] constants) {
        String wanted = name.toLowerCase(Locale.ROOT).replace('-', '_');
        for (C constant : constants) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(wanted)) {
                return constant;
            }
        }
        throw CliException.usage(option + " = " + MessageText.name(name) + ", expected one of " + names(constants));
    }

    static String names(Enum<?>[] constants) {
        return Arrays.stream(constants)
                .map(constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.joining(", "));
    }

    CausalLm model() {
        return model.get();
    }

    @Override
    public String kind() {
        return KIND;
    }

    @Override
    public void open() {
        model.get();
    }

    @Override
    public List<Item<LmExample>> read(Path file) {
        return examples(file, work.settings(), work.terminal()).stream()
                .map(example -> new Item<>(example, example.kind(), ""))
                .toList();
    }

    static List<LmExample> examples(Path file, CliSettings settings, Terminal terminal) {
        DataFile.Reading reading = DataFile.Reading.of(file, settings);
        try (DataFile.Opened opened = DataFile.Opened.of(file)) {
            return switch (reading.format()) {
                case JSONL, JSON -> ofJson(file, opened.path(), reading, terminal);
                case CSV, TSV -> ofTable(file, settings, terminal);
                default ->
                    throw CliException.input(
                            MessageText.path(file) + ": a language model learns from jsonl, json, csv or tsv");
            };
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    private static List<LmExample> ofJson(Path file, Path opened, DataFile.Reading reading, Terminal terminal)
            throws IOException {
        if (reading.skipBad() == 0) {
            return LmExample.read(opened);
        }
        List<String> skipped = new ArrayList<>();
        List<LmExample> examples = LmExample.jsonLines(opened, skipped::add);
        String told = String.join("; ", skipped.subList(0, Math.min(SHOWN, skipped.size())));
        if (skipped.size() > reading.skipBad()) {
            throw CliException.input(MessageText.path(file) + ": " + skipped.size() + " rows cannot be read: " + told
                    + ". Correct them, or leave them out: --skip-bad " + skipped.size());
        }
        if (!skipped.isEmpty()) {
            terminal.note(MessageText.path(file) + ": " + skipped.size() + " rows were left out: " + told);
        }
        return examples;
    }

    /** A table has the columns that a row of JSON has: prompt and completion, or a text. */
    private static List<LmExample> ofTable(Path file, CliSettings settings, Terminal terminal) {
        DataFile rows = TextRows.file(file, settings, terminal);
        boolean pairs = rows.columns().containsAll(List.of("prompt", "completion"));
        if (!pairs) {
            rows.require(List.of(settings.textOr(Setting.TEXT)));
        }
        List<LmExample> examples = new ArrayList<>();
        for (DataRow row : rows.rows()) {
            examples.add(
                    pairs
                            ? LmExample.completion(
                                    String.valueOf(row.fields().get("prompt")),
                                    String.valueOf(row.fields().get("completion")))
                            : LmExample.text(String.valueOf(row.fields().get(settings.textOr(Setting.TEXT)))));
        }
        return examples;
    }

    @Override
    public void check(List<Item<LmExample>> train, List<Item<LmExample>> validation, List<Item<LmExample>> test) {
        // Examples say themselves what is wrong with them, each with its line.
    }

    CausalLmTrainer trainer() {
        CliSettings settings = work.settings();
        CausalLmTrainer.Builder builder = CausalLmTrainer.builder(model.get());
        if (AdapterSettings.method(settings).equals(AdapterSettings.HEAD)) {
            throw CliException.usage("method = head: a language model has no head of its own to learn alone;"
                    + " expected such as lora, or full");
        }
        FitFlags.apply(builder, settings, work.listeners());
        settings.integer(Setting.ACCUMULATION).ifPresent(builder::accumulation);
        settings.integer(Setting.MAX_LENGTH).ifPresent(builder::maxLength);
        builder.longRows(choice(Setting.LONG_ROWS.key(), settings.textOr(Setting.LONG_ROWS), LongRows.values()));
        builder.packing(settings.flag(Setting.PACKING));
        if (settings.flag(Setting.RECOMPUTING)) {
            builder.recomputing();
        }
        work.checkpoints().ifPresent(builder::checkpoints);
        return builder.build();
    }

    @Override
    public void fit(List<LmExample> train, List<LmExample> validation, boolean resume) {
        CausalLmTrainer trainer = trainer();
        if (resume && validation.isEmpty()) {
            trainer.resume(train);
        } else if (resume) {
            trainer.resume(train, validation);
        } else if (validation.isEmpty()) {
            trainer.fit(train);
        } else {
            trainer.fit(train, validation);
        }
    }

    @Override
    public FitReport report() {
        return model.get().report();
    }

    @Override
    public Map<String, Object> evaluate(List<LmExample> examples) {
        return measures(evaluation(examples));
    }

    private LmEvaluation evaluation(List<LmExample> examples) {
        return CausalLmTrainer.builder(model.get()).build().evaluate(examples);
    }

    @Override
    public TrainingReport page(List<LmExample> examples) {
        TrainingReport report = TrainingReport.of(report());
        return examples.isEmpty() ? report : report.with(evaluation(examples));
    }

    @Override
    public Marks marks(List<LmExample> examples) {
        return Marks.withoutLabels(
                "the loss of a token with a minus",
                examples.stream()
                        .map(example -> -evaluation(List.of(example)).loss())
                        .toList());
    }

    static Map<String, Object> measures(LmEvaluation evaluation) {
        Map<String, Object> measures = new LinkedHashMap<>();
        measures.put("tokens", evaluation.tokens());
        measures.put("loss", evaluation.loss());
        measures.put("perplexity", evaluation.perplexity());
        return measures;
    }

    @Override
    public void save(Path directory) throws IOException {
        model.get().save(directory);
    }

    @Override
    public AdaptedSameDiff adapted() {
        return model.get().model();
    }

    @Override
    public void export(Path directory) throws IOException {
        model.get().export(directory);
    }

    @Override
    public void close() {
        model.close();
    }
}
