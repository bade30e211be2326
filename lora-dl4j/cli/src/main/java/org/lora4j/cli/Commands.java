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
     * @param summary as the command says itself
     */
    record Entry(String name, String summary, Supplier<CliCommand> maker) {}

    private static final Map<String, List<Entry>> BY_PURPOSE = byPurpose();

    private Commands() {}

    private static Map<String, List<Entry>> byPurpose() {
        Map<String, List<Entry>> all = new LinkedHashMap<>();
        all.put(
                "Train a model",
                List.of(
                        new Entry(TrainCommand.NAME, TrainCommand.SUMMARY, TrainCommand::new),
                        new Entry(EvaluateCommand.NAME, EvaluateCommand.SUMMARY, EvaluateCommand::new)));
        all.put("Use it", List.of(new Entry(PredictCommand.NAME, PredictCommand.SUMMARY, PredictCommand::new)));
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
