/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.LabeledWords.Span;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TokenClassifier;
import org.lora4j.train.ShuffledIndices;

/** Slots of Snips' voice commands (Coucke et al. 2018, CC0): entity F1 on the published validation part. */
final class CommandSlots {

    private static final int VALIDATED = 300;
    private static final long SEED = 42;

    private final TextEncoder encoder;
    private final List<LabeledWords> train;
    private final List<LabeledWords> validation;
    private final List<LabeledWords> test;

    CommandSlots(TextEncoder encoder, Path folder, int commands) throws IOException {
        this.encoder = encoder;
        List<LabeledWords> all = read(folder.resolve("train.jsonl.gz"));
        int[] order = ShuffledIndices.of(all.size(), SEED, 0);
        this.train = drawn(all, order, 0, commands);
        this.validation = drawn(all, order, commands, commands + VALIDATED);
        this.test = read(folder.resolve("validate.jsonl.gz"));
    }

    private static List<LabeledWords> drawn(List<LabeledWords> all, int[] order, int from, int to) {
        List<LabeledWords> drawn = new ArrayList<>();
        for (int i = from; i < Math.min(to, order.length); i++) {
            drawn.add(all.get(order[i]));
        }
        return drawn;
    }

    private static List<LabeledWords> read(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<LabeledWords> commands = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode command = json.readTree(line);
                List<Span> spans = new ArrayList<>();
                command.get("slots")
                        .forEach(slot -> spans.add(new Span(
                                slot.get("slot").asText(),
                                slot.get("start").asInt(),
                                slot.get("end").asInt())));
                commands.add(LabeledWords.of(command.get("text").asText(), spans));
            }
        }
        return commands;
    }

    int commands() {
        return train.size();
    }

    LabelEvaluation frozen() {
        return evaluated(TokenClassifier.builder(encoder).headOnly().build());
    }

    LabelEvaluation lora() {
        return evaluated(TokenClassifier.builder(encoder).epochs(6).build());
    }

    LabelEvaluation full() {
        return evaluated(
                TokenClassifier.builder(encoder).fullFineTuning().epochs(6).build());
    }

    private LabelEvaluation evaluated(TokenClassifier tagger) {
        try (tagger) {
            return tagger.fit(train, validation).evaluate(test);
        }
    }
}
