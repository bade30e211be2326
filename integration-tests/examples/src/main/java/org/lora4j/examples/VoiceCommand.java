/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

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
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;

/**
 * A voice command of Snips (Coucke et al. 2018, CC0).
 *
 * @param intent the command with its intent
 * @param slots its words with their slots
 */
public record VoiceCommand(LabeledText intent, LabeledWords slots) {

    private static final String ORIGIN = "github.com/sonos/nlu-benchmark, 2017-06-custom-intent-engines";

    /** 13,784 commands. */
    public static final DataFile TRAIN = new DataFile(
            "snips-slots",
            "train.jsonl.gz",
            "d50b03bc6c46af2fa21dd53d5b071f59823165a04ad92e320a8318923cba27d8",
            ORIGIN);

    /** 700 commands, 100 of each intent. */
    public static final DataFile TEST = new DataFile(
            "snips-slots",
            "validate.jsonl.gz",
            "4434769dd94928c61305138e3b75ca713bb4721056fb996608f298bcbd842850",
            ORIGIN);

    /**
     * Reads a file.
     *
     * @param file {@link #TRAIN} or {@link #TEST} as it was found
     * @return its commands
     * @throws IOException if it cannot be read
     */
    public static List<VoiceCommand> read(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<VoiceCommand> commands = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode command = json.readTree(line);
                List<LabeledWords.Span> spans = new ArrayList<>();
                command.get("slots")
                        .forEach(slot -> spans.add(new LabeledWords.Span(
                                slot.get("slot").asText(),
                                slot.get("start").asInt(),
                                slot.get("end").asInt())));
                String text = command.get("text").asText();
                commands.add(new VoiceCommand(
                        new LabeledText(text, command.get("intent").asText()), LabeledWords.of(text, spans)));
            }
        }
        return commands;
    }
}
