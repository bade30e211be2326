/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.Suitability;
import org.lora4j.error.MessageText;
import org.lora4j.image.ImageEncoder;
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
        List<String> asked = call.texts("--ask").isEmpty() ? ofVectors() : call.texts("--ask");
        for (String question : asked) {
            if (!QUESTIONS.contains(question)) {
                throw CliException.usage(
                        "--ask " + MessageText.name(question) + ": expected one of " + String.join(", ", QUESTIONS));
            }
        }
        Bases.Base base = Bases.find(settings.textOr(Setting.BASE), call.environment());
        LearnerWork work = new LearnerWork(settings, base, List.of(), Optional.empty(), call.terminal());
        if (base.readsImages()) {
            images(call, work, data, asked);
            return ExitCode.OK;
        }
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

    /** Data and suitability are told from vectors, whatever they are of. */
    private static void images(Call call, LearnerWork work, Path data, List<String> asked) throws Exception {
        if (!ofVectors().containsAll(asked)) {
            throw CliException.usage("--ask " + String.join(", ", asked) + ": of images there is "
                    + String.join(", ", ofVectors()) + "; a rate and a rank are tried with texts only");
        }
        List<Item<ImageExample>> items = ImageFiles.labeled(data, work.settings(), call.terminal());
        List<String> labels = items.stream().map(Item::label).toList();
        List<String> names = labels.stream().distinct().toList();
        try (ImageEncoder encoder = ImageLearner.encoder(work)) {
            call.terminal().progress("asking: vectors of " + items.size() + " images");
            float[][] vectors = encoder.embed(
                    items.stream().map(item -> item.example().labeled().image()).toList());
            Map<String, Object> told = new LinkedHashMap<>();
            List<String> lines = new ArrayList<>();
            for (String question : asked) {
                call.terminal().progress("asking: " + question);
                if (question.equals("data")) {
                    DataReport report = DataAdvisor.builder().build().examine(vectors, labels);
                    told.put(question, JsonObjects.read(question, report.json()));
                    lines.add(report.toString());
                } else {
                    Suitability suitability = Suitability.beforeTraining(
                                    vectors,
                                    labels.stream().mapToInt(names::indexOf).toArray())
                            .forecast();
                    told.put(question, JsonObjects.read(question, suitability.json()));
                    lines.add(suitability.toString());
                }
            }
            tell(call, told, lines);
        }
    }

    private static List<String> ofVectors() {
        return QUESTIONS.subList(0, 2);
    }

    private static void tell(Call call, Map<String, Object> told, List<String> lines) {
        call.terminal().endStatus();
        if (call.terminal().isJson()) {
            call.printJson(told);
        } else {
            lines.forEach(call.terminal()::print);
        }
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
        tell(call, told, lines);
    }

    private static TextClassifier.Builder builder(TextEncoder encoder, CliSettings settings) {
        TextClassifier.Builder builder = TextClassifier.builder(encoder);
        FitFlags.apply(builder, settings, List.of());
        return builder;
    }
}
