/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.languagetasks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.lora4j.examples.Example;
import org.lora4j.examples.MedQuad;
import org.lora4j.examples.VoiceCommand;
import org.lora4j.text.TextEncoder;

/** Two tasks of language on all-MiniLM-L6-v2: voice commands (Snips), and answers to questions on health (MedQuAD). */
public final class LanguageTasksExample {

    private static final int LONGEST = 64;

    private LanguageTasksExample() {}

    /**
     * Runs the example.
     *
     * @param args as of {@link Example}; then how many commands, pairs and questions, and which of {@code commands,search}
     */
    public static void main(String... args) {
        Example.main("example-language-tasks", args, LanguageTasksExample::run);
    }

    private static void run(Example example) throws IOException {
        List<String> tasks = List.of(example.argument(3, "commands,search").split(","));
        Optional<Path> train = example.data(VoiceCommand.TRAIN);
        Optional<Path> test = example.data(VoiceCommand.TEST);
        Optional<Path> answers = example.data(MedQuad.FILE);
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
            if (tasks.contains("commands") && train.isPresent() && test.isPresent()) {
                new VoiceCommands(example, encoder, VoiceCommand.read(train.get()), VoiceCommand.read(test.get()))
                        .run();
            }
            if (tasks.contains("search") && answers.isPresent()) {
                new MedicalSearch(example, encoder, MedQuad.read(answers.get())).run();
            }
        }
    }
}
