/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The trials of a folder, one line of JSON each: what was tried before is not tried again. */
final class TrialLog {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final List<Trial> trials = new ArrayList<>();

    TrialLog(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                trials.add(JSON.readValue(line, Trial.class));
            }
        }
    }

    Optional<Trial> find(String problem, String method, double rate, long seed) {
        return trials.stream()
                .filter(trial -> trial.is(problem, method, rate, seed))
                .findFirst();
    }

    void add(Trial trial) throws IOException {
        trials.add(trial);
        Files.writeString(
                file,
                JSON.writeValueAsString(trial) + System.lineSeparator(),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }
}
