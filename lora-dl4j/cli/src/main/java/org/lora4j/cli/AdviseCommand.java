/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.Suitability;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Split;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.FitSettings;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j advise}. */
final class AdviseCommand extends SimpleCommand {

    private static final List<String> QUESTIONS = List.of("data", "suitability", "rate", "rank");
    private static final double VALIDATION = 0.2;

    AdviseCommand() {
        super(
                "advise",
                "lora4j advise --data questions.csv --text question --label intent",
                "lora4j advise --data questions.csv --ask data --ask rate");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addOption(CliCommand.several(
                "--ask", "QUESTION", "data, suitability, rate (trains briefly), rank (trains) [data, suitability]"));
        SettingFlags.describe(
                spec,
                Setting.DATA,
                Setting.VALIDATION,
                Setting.TEXT,
                Setting.LABEL,
                Setting.SKIP_BAD,
                Setting.BASE,
                Setting.SEED);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        Path data = settings.required(Setting.DATA, "questions.csv");
        List<String> asked = call.texts("--ask").isEmpty() ? QUESTIONS.subList(0, 2) : call.texts("--ask");
        for (String question : asked) {
            if (!QUESTIONS.contains(question)) {
                throw CliException.usage(
                        "--ask " + MessageText.name(question) + ": expected one of " + String.join(", ", QUESTIONS));
            }
        }
        Bases.Base base = Bases.find(settings.textOr(Setting.BASE), call.environment());
        LearnerWork work = new LearnerWork(settings, base, List.of(), Optional.empty(), call.terminal());
        TextLearner<String, LabeledText, ?, ?, TextClassifier> reader = TextKinds.CLASSIFICATION.fresh(work);
        List<Item<LabeledText>> train = reader.read(data);
        List<Item<LabeledText>> validation =
                settings.path(Setting.VALIDATION).map(reader::read).orElse(List.of());
        reader.check(train, validation, List.of());
        if (validation.isEmpty()) {
            Split<List<Item<LabeledText>>> split = Split.byLabel(
                    train, Item::label, VALIDATION, settings.wide(Setting.SEED).orElse(FitSettings.SEED));
            train = split.train();
            validation = split.validation();
        }
        try (TextEncoder encoder = Encoders.open(work)) {
            answer(call, settings, encoder, asked, examples(train), examples(validation));
        }
        return ExitCode.OK;
    }

    private static List<LabeledText> examples(List<Item<LabeledText>> items) {
        return items.stream().map(Item::example).toList();
    }

    private static void answer(
            Call call,
            CliSettings settings,
            TextEncoder encoder,
            List<String> asked,
            List<LabeledText> train,
            List<LabeledText> validation)
            throws Exception {
        Map<String, Object> told = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (String question : asked) {
            call.terminal().progress("asking: " + question);
            Object answer;
            String json;
            switch (question) {
                case "data" -> {
                    var report = DataAdvisor.of(() -> builder(encoder, settings), train, validation);
                    answer = report;
                    json = report.json();
                }
                case "suitability" -> {
                    var suitability = Suitability.of(() -> builder(encoder, settings), train);
                    answer = suitability;
                    json = suitability.json();
                }
                case "rate" -> {
                    var rate = LearningRateFinder.of(() -> builder(encoder, settings), train, validation)
                            .find();
                    answer = rate;
                    json = rate.json();
                }
                default -> {
                    var rank = RankAdvisor.of(() -> builder(encoder, settings), train, validation, 4, 8, 16);
                    answer = rank;
                    json = rank.json();
                }
            }
            told.put(question, JsonObjects.read(question, json));
            lines.add(String.valueOf(answer));
        }
        call.terminal().endStatus();
        if (call.terminal().isJson()) {
            call.printJson(told);
        } else {
            lines.forEach(call.terminal()::print);
        }
    }

    private static TextClassifier.Builder builder(TextEncoder encoder, CliSettings settings) {
        TextClassifier.Builder builder = TextClassifier.builder(encoder);
        FitFlags.apply(builder, settings, List.of());
        return builder;
    }
}
