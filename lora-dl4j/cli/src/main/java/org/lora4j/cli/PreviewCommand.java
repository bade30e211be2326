/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.image.Image;
import org.lora4j.image.ImageEncoder;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmPreview;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.TextEncoder;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j preview}. */
final class PreviewCommand extends SimpleCommand {

    private static final int ROWS = 3;

    PreviewCommand() {
        super(
                "preview",
                "lora4j preview --data questions.csv --text question --label intent",
                "lora4j preview --base models/smollm --data chats.jsonl --rows 1");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addOption(CliCommand.integer("--rows", "N", "how many rows are shown [" + ROWS + "]"));
        SettingFlags.describe(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        Path data = settings.required(Setting.DATA, "questions.csv");
        int rows = call.integer("--rows").orElse(ROWS);
        if (rows < 1) {
            throw CliException.usage("--rows " + rows + ": expected 1 or more");
        }
        Bases.Base base = Bases.find(settings.textOr(Setting.BASE), call.environment());
        String task = TaskChoice.of(settings, base);
        LearnerWork work = new LearnerWork(settings, base, List.of(), Optional.empty(), call.terminal());
        if (task.equals(LanguageLearner.KIND)) {
            return language(call, work, data, rows);
        }
        if (task.equals(ImageLearner.KIND)) {
            return images(call, work, data, rows);
        }
        try (Learner<?> learner = TaskChoice.fresh(task, work)) {
            return text(call, work, learner, data, rows);
        }
    }

    private static ExitCode language(Call call, LearnerWork work, Path data, int rows) {
        List<LmExample> examples = LanguageLearner.examples(data, work.settings(), call.terminal());
        try (LanguageLearner learner = LanguageLearner.fresh(work)) {
            CausalLmTrainer trainer = learner.trainer();
            LmPreview preview = trainer.preview(examples, rows);
            if (call.terminal().isJson()) {
                List<Map<String, Object>> told = new ArrayList<>();
                preview.sequences().forEach(sequence -> {
                    Map<String, Object> one = new LinkedHashMap<>();
                    one.put("tokens", sequence.tokens());
                    one.put("learned_tokens", sequence.learned());
                    one.put(
                            "parts",
                            sequence.parts().stream()
                                    .map(part -> Map.of("text", part.text(), "learned", part.learned()))
                                    .toList());
                    told.add(one);
                });
                call.printJson(Map.of("examples", examples.size(), "sequences", told));
            } else {
                call.terminal().print(preview.toString());
                call.terminal().print("What stands between double angle brackets is learned.");
            }
        }
        return ExitCode.OK;
    }

    private static ExitCode images(Call call, LearnerWork work, Path data, int rows) throws IOException {
        List<Item<ImageExample>> items = ImageFiles.labeled(data, work.settings(), call.terminal());
        Map<String, Integer> counts = counts(items);
        List<Map<String, Object>> told = new ArrayList<>();
        try (ImageEncoder encoder = ImageLearner.encoder(work)) {
            for (Item<ImageExample> item : items.subList(0, Math.min(rows, items.size()))) {
                Image image = item.example().labeled().image();
                told.add(Map.of(
                        "file",
                        item.example().name(),
                        "label",
                        item.label(),
                        "width",
                        image.width(),
                        "height",
                        image.height()));
            }
            if (call.terminal().isJson()) {
                call.printJson(Map.of(
                        "task",
                        ImageLearner.KIND,
                        "examples",
                        items.size(),
                        "labels",
                        counts,
                        "model_sees",
                        Map.of("width", encoder.width(), "height", encoder.height()),
                        "rows",
                        told));
                return ExitCode.OK;
            }
            call.terminal()
                    .print(ImageLearner.KIND + ": " + items.size() + " examples, the model sees " + encoder.width()
                            + " x " + encoder.height() + " pixels");
        }
        told.forEach(one -> call.terminal()
                .print(one.get("file") + ", " + one.get("width") + " x " + one.get("height") + " pixels: "
                        + one.get("label")));
        print(call.terminal(), counts);
        return ExitCode.OK;
    }

    private static Map<String, Integer> counts(List<? extends Item<?>> items) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        items.forEach(item -> counts.merge(item.label(), 1, Integer::sum));
        return counts;
    }

    private static <E> ExitCode text(Call call, LearnerWork work, Learner<E> learner, Path data, int rows)
            throws Exception {
        List<Item<E>> items = learner.read(data);
        Terminal terminal = call.terminal();
        Map<String, Integer> counts = counts(items);
        DataFile file = TextRows.file(data, work.settings(), terminal);
        List<Map<String, Object>> told = new ArrayList<>();
        try (TextEncoder encoder = Encoders.open(work)) {
            for (DataRow row : file.rows().subList(0, Math.min(rows, file.rows().size()))) {
                String column = work.settings().textOr(firstColumn(learner.kind()));
                Object cell = row.fields().containsKey(column)
                        ? row.fields().get(column)
                        : row.fields().get("words");
                String text = cell instanceof List<?> words
                        ? String.join(" ", words.stream().map(String::valueOf).toList())
                        : String.valueOf(cell);
                TokenizedText tokens =
                        encoder.tokenizer().tokenize(encoder.prefixes().text() + text);
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("line", row.line());
                one.put("text", encoder.prefixes().text() + text);
                one.put("tokens", tokens.length());
                one.put("cut", tokens.cut());
                told.add(one);
            }
            if (terminal.isJson()) {
                call.printJson(
                        Map.of("task", learner.kind(), "examples", items.size(), "labels", counts, "rows", told));
                return ExitCode.OK;
            }
            terminal.print(learner.kind() + ": " + items.size() + " examples, longest text " + encoder.maxLength()
                    + " tokens");
        }
        told.forEach(one -> terminal.print("line " + one.get("line") + ", " + one.get("tokens") + " tokens"
                + (Boolean.TRUE.equals(one.get("cut")) ? ", CUT" : "") + ": " + one.get("text")));
        print(terminal, counts);
        return ExitCode.OK;
    }

    private static void print(Terminal terminal, Map<String, Integer> counts) {
        if (counts.size() > 1) {
            terminal.print("labels: "
                    + counts.entrySet().stream()
                            .sorted(Map.Entry.<String, Integer>comparingByValue()
                                    .reversed())
                            .limit(20)
                            .map(entry -> TerminalText.line(entry.getKey()) + " " + entry.getValue())
                            .reduce((a, b) -> a + ", " + b)
                            .orElse("")
                    + (counts.size() > 20 ? ", and " + (counts.size() - 20) + " more" : ""));
        }
    }

    private static Setting firstColumn(String kind) {
        return switch (kind) {
            case "pairs" -> Setting.FIRST;
            case "retrieval", "ranking" -> Setting.QUERY;
            default -> Setting.TEXT;
        };
    }
}
