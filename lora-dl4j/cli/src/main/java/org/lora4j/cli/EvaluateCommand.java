/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.MessageText;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j evaluate}. */
final class EvaluateCommand extends SimpleCommand {

    private static final String AT_LEAST = "--at-least";

    EvaluateCommand() {
        super(
                "evaluate",
                "lora4j evaluate model/ --data test.csv",
                "lora4j evaluate model/ --data test.csv --at-least accuracy=0.9 --json");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "directory that lora4j train wrote"));
        spec.addOption(CliCommand.several(
                AT_LEAST, "NAME=X", "end with exit code 5 if a measure is lower, such as accuracy=0.9"));
        ReportCommand.describeData(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path model = call.pathArgument(0, "MODEL");
        CliSettings flags = SettingFlags.read(call);
        Path data = flags.required(Setting.DATA, "test.csv");
        Map<String, Double> limits = limits(call.texts(AT_LEAST));
        try (Learner<?> learner = TrainedModel.open(model, flags, call)) {
            Map<String, Object> measures = measure(learner, data);
            List<String> missed = missed(limits, measures);
            if (call.terminal().isJson()) {
                Map<String, Object> told = TrainedModel.told(model);
                told.put("task", learner.kind());
                told.put("measures", measures);
                told.put("below", missed);
                call.printJson(told);
            } else {
                print(call.terminal(), measures);
            }
            if (!missed.isEmpty()) {
                throw new CliException(ExitCode.REFUSED, String.join("; ", missed));
            }
        }
        return ExitCode.OK;
    }

    private static <E> Map<String, Object> measure(Learner<E> learner, Path data) {
        List<E> examples = new ArrayList<>();
        learner.read(data).forEach(item -> examples.add(item.example()));
        return learner.evaluate(examples);
    }

    private static Map<String, Double> limits(List<String> given) {
        Map<String, Double> limits = new LinkedHashMap<>();
        for (String limit : given) {
            int at = limit.indexOf('=');
            Double value = at < 1
                    ? null
                    : SettingValues.number(limit.substring(at + 1)).orElse(null);
            if (value == null) {
                throw CliException.usage(AT_LEAST + " " + MessageText.name(limit) + ": expected such as accuracy=0.9");
            }
            limits.put(limit.substring(0, at).strip(), value);
        }
        return limits;
    }

    private static List<String> missed(Map<String, Double> limits, Map<String, Object> measures) {
        List<String> missed = new ArrayList<>();
        limits.forEach((name, limit) -> {
            if (!(measures.get(name) instanceof Number found)) {
                throw CliException.usage(AT_LEAST + ": there is no measure " + MessageText.name(name) + "; there are: "
                        + measures.entrySet().stream()
                                .filter(entry -> entry.getValue() instanceof Number)
                                .map(Map.Entry::getKey)
                                .toList());
            }
            if (!(found.doubleValue() >= limit)) {
                missed.add(name + " is " + Measures.number(found) + ", below " + limit);
            }
        });
        return missed;
    }

    private static void print(Terminal terminal, Map<String, Object> measures) {
        measures.forEach((name, value) -> {
            if (value instanceof Number number) {
                terminal.print(pad(name.replace('_', ' '), 26) + Measures.number(number));
            }
        });
        if (measures.get("by_label") instanceof Map<?, ?> labels) {
            int width = labels.keySet().stream()
                    .mapToInt(label -> TerminalText.line(String.valueOf(label)).length())
                    .max()
                    .orElse(0);
            int column = Math.min(Math.max(5, width), Math.max(8, terminal.width() - 40));
            terminal.print("");
            terminal.print(pad("label", column) + "  precision  recall      f1  examples");
            labels.forEach((label, of) -> {
                Map<?, ?> one = (Map<?, ?>) of;
                terminal.print(pad(TerminalText.line(String.valueOf(label)), column)
                        + String.format(
                                Locale.ROOT,
                                "  %9.4f  %6.4f  %6.4f  %8d",
                                one.get("precision"),
                                one.get("recall"),
                                one.get("f1"),
                                one.get("examples")));
            });
        }
    }

    private static String pad(String text, int column) {
        return text + " ".repeat(Math.max(0, column - text.length()));
    }
}
