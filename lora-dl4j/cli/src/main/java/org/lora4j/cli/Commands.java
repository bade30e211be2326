/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The table of commands: those that were not asked for are not even made, so that help is there at once. */
final class Commands {

    /**
     * A command before it is made.
     *
     * @param name what is typed behind {@code lora4j}
     * @param summary what the user gains, in a line
     */
    record Entry(String name, String summary, Supplier<CliCommand> maker) {}

    private static final Map<String, List<Entry>> BY_PURPOSE = byPurpose();

    private Commands() {}

    private static Map<String, List<Entry>> byPurpose() {
        Map<String, List<Entry>> all = new LinkedHashMap<>();
        all.put(
                "Before you train",
                List.of(
                        new Entry(
                                "init", "looks at your data and writes a lora4j.yaml with comments", InitCommand::new),
                        new Entry("advise", "is the data good, and will an adapter suit it?", AdviseCommand::new),
                        new Entry("preview", "shows what the model will see of your data", PreviewCommand::new)));
        all.put(
                "Train and measure",
                List.of(
                        new Entry("train", "learns from a file of examples, and writes a model", TrainCommand::new),
                        new Entry(
                                "evaluate",
                                "measures a model on examples that it did not learn from",
                                EvaluateCommand::new),
                        new Entry(
                                "report",
                                "writes a page on a model: how it learned, what it answers",
                                ReportCommand::new),
                        new Entry("gate", "may a new model take the place of the one in use?", GateCommand::new)));
        all.put(
                "Use a model",
                List.of(
                        new Entry("predict", "answers texts: arguments, a file, standard input", PredictCommand::new),
                        new Entry("embed", "turns texts into vectors", EmbedCommand::new),
                        new Entry(
                                "search", "finds the texts of a file that are nearest to a query", SearchCommand::new),
                        new Entry("generate", "lets a language model go on with a text", GenerateCommand::new),
                        new Entry("chat", "talks with a language model", ChatCommand::new),
                        new Entry("serve", "answers over HTTP what models answer", ServeCommand::new)));
        all.put(
                "Look into files, and change them",
                List.of(
                        new Entry(
                                "inspect",
                                "says what a file or directory is, and whether it is sound",
                                InspectCommand::new),
                        new Entry("verify", "is a model what was trained, and who signed it?", VerifyCommand::new),
                        new Entry("sign", "signs all files of a model with your key", SignCommand::new),
                        new Entry("modules", "lists the modules that an adapter can change", ModulesCommand::new),
                        new Entry("merge", "writes a model with what it learned merged into it", MergeCommand::new),
                        new Entry(
                                "convert",
                                "writes plain LoRA, GGUF or ONNX, in another precision",
                                ConvertCommand::new),
                        new Entry("combine", "makes one adapter of several", CombineCommand::new),
                        new Entry("reduce", "makes an adapter of a lower rank", ReduceCommand::new),
                        new Entry("compare", "says how two adapters differ", CompareCommand::new)));
        all.put(
                "Your shell",
                List.of(new Entry("completion", "prints completions for bash, zsh or fish", CompletionCommand::new)));
        return all;
    }

    /** All of them, by what they are for. */
    static Map<String, List<Entry>> groups() {
        return BY_PURPOSE;
    }

    static List<Entry> all() {
        return BY_PURPOSE.values().stream().flatMap(List::stream).toList();
    }
}
