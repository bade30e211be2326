/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j predict}. */
final class PredictCommand extends SimpleCommand {

    private static final String INPUT = "--input";

    PredictCommand() {
        super(
                "predict",
                "lora4j predict model/ \"where is my card?\"",
                "lora4j predict model/ --input new.csv --output answers.csv",
                "cat questions.txt | lora4j predict model/ --input - --as jsonl");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "directory that lora4j train wrote"));
        spec.addPositional(CliCommand.rest(
                1,
                "TEXT",
                "a text each; of pairs two, of a ranking the query and its passages, of images their files",
                false));
        spec.addOption(
                CliCommand.option(
                        INPUT,
                        "FILE",
                        "texts in a file: rows of CSV, TSV, JSON; lines of .txt, and of - for standard input; a folder of images"));
        RowOutput.describe(spec);
        SettingFlags.describe(
                spec,
                Setting.TEXT,
                Setting.FIRST,
                Setting.SECOND,
                Setting.QUERY,
                Setting.PASSAGE,
                Setting.SKIP_BAD,
                Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path model = call.pathArgument(0, "MODEL");
        CliSettings flags = SettingFlags.read(call);
        RowOutput output = RowOutput.of(call);
        try (Learner<?> learner = TrainedModel.open(model, flags, call)) {
            if (!(learner instanceof RowPredictor predictor)) {
                throw CliException.usage(model + " is a model for " + learner.kind() + ", which answers otherwise: "
                        + (learner.kind().equals(LanguageLearner.KIND)
                                ? "lora4j generate, lora4j chat"
                                : "lora4j embed, lora4j search"));
            }
            CliSettings settings = TrainedModel.merged(model, flags);
            List<String> columns =
                    predictor.inputs().stream().map(settings::textOr).toList();
            DataFile rows = rows(call, settings, columns, learner);
            output.write(columns, rows, predictor.predict(rows));
        }
        return ExitCode.OK;
    }

    private static DataFile rows(Call call, CliSettings settings, List<String> columns, Learner<?> learner) {
        List<String> texts = call.rest(1);
        Optional<String> input = call.text(INPUT);
        if (input.isPresent() != texts.isEmpty()) {
            throw CliException.usage(
                    texts.isEmpty()
                            ? "nothing to predict: give a text behind the model, or a file by " + INPUT
                            : "texts and " + INPUT + " are both given; expected one of them");
        }
        Optional<Path> folder = call.path(INPUT).filter(Files::isDirectory);
        if (folder.isPresent() && learner instanceof ImageLearner) {
            return ImageFiles.rows(folder.get(), columns.get(0));
        }
        return input.isPresent()
                ? InputFile.read(input.get(), columns.get(0), settings, call.terminal())
                : ofArguments(texts, columns);
    }

    /** The texts behind the model. */
    static List<String> given(Call call) {
        List<String> texts = call.rest(1);
        if (texts.isEmpty()) {
            throw CliException.usage("there is no text: give one behind the model, or a file by " + INPUT);
        }
        return texts;
    }

    /** One text each, or pairs; of a query with several passages each pair. */
    static DataFile ofArguments(List<String> texts, List<String> columns) {
        List<DataRow> rows = new ArrayList<>();
        if (columns.size() == 1) {
            texts.forEach(text -> rows.add(new DataRow(0, Map.of(columns.get(0), text))));
        } else if (texts.size() < 2) {
            throw CliException.usage("one text is given, and the model reads pairs; expected two texts");
        } else {
            texts.subList(1, texts.size()).forEach(second -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put(columns.get(0), texts.get(0));
                row.put(columns.get(1), second);
                rows.add(new DataRow(0, row));
            });
        }
        return new DataFile("the arguments", rows, new LinkedHashSet<>(columns), 0);
    }
}
