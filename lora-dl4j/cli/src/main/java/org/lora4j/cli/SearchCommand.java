/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j search}. */
final class SearchCommand extends SimpleCommand {

    private static final int TOP = 5;

    SearchCommand() {
        super(
                "search",
                "lora4j search model/ \"lost my card\" --in answers.csv --text answer",
                "lora4j search all-minilm-l6-v2 \"lost my card\" --in faq.txt --top 3");
    }

    @Override
    public void describe(CommandSpec spec) {
        Vectors.describe(spec);
        spec.addPositional(CliCommand.argument(1, "QUERY", "what is searched for"));
        spec.addOption(CliCommand.option("--in", "FILE", "the texts to find: rows of a table, or lines of .txt"));
        spec.addOption(CliCommand.integer("--top", "N", "how many are shown [" + TOP + "]"));
        RowOutput.describe(spec);
        SettingFlags.describe(spec, Setting.TEXT, Setting.SKIP_BAD, Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        RowOutput output = RowOutput.of(call);
        String column = settings.textOr(Setting.TEXT);
        String in = call.text("--in")
                .orElseThrow(() -> CliException.usage("--in is missing: the file with the texts to find"));
        int top = call.integer("--top").orElse(TOP);
        if (top < 1) {
            throw CliException.usage("--top " + top + ": expected 1 or more");
        }
        DataFile rows = InputFile.read(in, column, settings, call.terminal());
        rows.require(List.of(column));
        try (Vectors vectors = Vectors.of(call, settings)) {
            float[] query = vectors.of(Vectors.Role.QUERY, List.of(call.argument(1)))[0];
            float[][] passages = vectors.of(
                    Vectors.Role.PASSAGE,
                    rows.rows().stream()
                            .map(row -> String.valueOf(row.fields().get(column)))
                            .toList());
            double[] likeness = new double[passages.length];
            for (int i = 0; i < passages.length; i++) {
                likeness[i] = Vectors.cosine(query, passages[i]);
            }
            List<RowPredictor.Answer> answers = new ArrayList<>();
            IntStream.range(0, likeness.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer i) -> -likeness[i]))
                    .limit(top)
                    .forEach(i -> {
                        Map<String, Object> answer = new LinkedHashMap<>();
                        answer.put("cosine", likeness[i]);
                        answer.put("line", rows.rows().get(i).line());
                        answers.add(new RowPredictor.Answer(rows.rows().get(i), answer));
                    });
            output.write(List.of(column), rows, answers);
        }
        return ExitCode.OK;
    }
}
