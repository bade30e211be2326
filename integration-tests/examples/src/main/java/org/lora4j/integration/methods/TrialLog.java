/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The trials of a folder, one line of JSON each: what was tried before is not tried again. A line that cannot be read, as one
 * that was being written when the program was ended, is reported and counts as not tried; files of several folders may be put
 * one after the other.
 */
final class TrialLog {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final List<Trial> trials = new ArrayList<>();

    TrialLog(Path file, Consumer<String> out) throws IOException {
        this.file = file;
        if (!Files.exists(file)) {
            return;
        }
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            try {
                trials.add(JSON.readValue(lines.get(i), Trial.class));
            } catch (JsonProcessingException e) {
                out.accept(file + ", line " + (i + 1) + " is no trial and is left out; what it held is trained again ("
                        + e.getOriginalMessage() + ").");
            }
        }
        if (!lines.isEmpty() && !Files.readString(file).endsWith("\n")) {
            append("");
        }
    }

    /** A trial that was made; one that was tested if there are several. */
    Optional<Trial> find(String problem, String method, double rate, long seed) {
        return trials.stream()
                .filter(trial -> trial.is(problem, method, rate, seed))
                .max(Comparator.comparing(Trial::isTested));
    }

    /** The trial that did best in validation, of those with several rates; at the lowest rate if there are several. */
    Optional<Trial> best(String problem, String method, long seed) {
        return trials.stream()
                .filter(trial -> trial.is(problem, method, trial.rate(), seed))
                .max(Comparator.comparing(Trial::validation)
                        .thenComparing(Trial::isTested)
                        .thenComparing(Trial::rate, Comparator.reverseOrder()));
    }

    void add(Trial trial) throws IOException {
        trials.add(trial);
        append(JSON.writeValueAsString(trial));
    }

    private void append(String line) throws IOException {
        Files.writeString(file, line + System.lineSeparator(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
