/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Cells as lines of JSON; a run that was ended goes on after the last whole line. */
final class CellFile {

    private final ObjectMapper json = new ObjectMapper();
    private final Path file;
    private final List<Cell> cells = new ArrayList<>();

    private CellFile(Path file) {
        this.file = file;
    }

    static CellFile open(Path file) throws IOException {
        CellFile opened = new CellFile(file);
        Files.createDirectories(file.toAbsolutePath().getParent());
        if (Files.exists(file)) {
            String text = Files.readString(file);
            String whole = text.substring(0, text.lastIndexOf('\n') + 1);
            if (whole.length() < text.length()) {
                Files.writeString(file, whole);
            }
            for (String line : whole.lines().toList()) {
                opened.cells.add(Cell.of(opened.json.readValue(line, new TypeReference<>() {})));
            }
        }
        return opened;
    }

    Optional<Cell> find(Cell.Draw draw, String candidate) {
        return cells.stream()
                .filter(cell -> cell.draw().equals(draw) && cell.candidate().equals(candidate))
                .findFirst();
    }

    void add(Cell cell) throws IOException {
        String line = json.writeValueAsString(cell.fields()) + "\n";
        Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        cells.add(cell);
    }

    List<Cell> cells() {
        return List.copyOf(cells);
    }
}
