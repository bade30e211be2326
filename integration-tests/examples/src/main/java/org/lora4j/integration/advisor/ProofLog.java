/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Results in a file, a line each, so that a proof that was stopped goes on.
 *
 * @param <T> a record
 */
final class ProofLog<T> {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final List<T> entries = new ArrayList<>();

    ProofLog(Path file, Class<T> type) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                entries.add(JSON.readValue(line, type));
            }
        }
    }

    List<T> entries() {
        return List.copyOf(entries);
    }

    T add(T entry) throws IOException {
        entries.add(entry);
        Files.writeString(
                file,
                JSON.writeValueAsString(entry) + System.lineSeparator(),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        return entry;
    }
}
