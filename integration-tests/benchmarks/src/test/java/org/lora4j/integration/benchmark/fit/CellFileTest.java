/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CellFileTest {

    private static final Cell.Draw DRAW = new Cell.Draw("banking77", 100, 2);

    @TempDir
    private Path folder;

    @Test
    void open_afterARunThatWasEndedWhileItWrote_goesOnAfterTheLastWholeLine() throws IOException {
        Path path = folder.resolve("new").resolve("cells.jsonl");
        CellFile.open(path).add(cell("plain"));
        Files.writeString(path, "{\"set\":\"bank", StandardOpenOption.APPEND);

        CellFile again = CellFile.open(path);
        again.add(cell("head"));

        assertThat(CellFile.open(path).cells()).containsExactly(cell("plain"), cell("head"));
        assertThat(again.find(DRAW, "plain")).contains(cell("plain"));
        assertThat(again.find(DRAW, "sweep")).isEmpty();
        assertThat(again.find(new Cell.Draw("banking77", 100, 3), "plain")).isEmpty();
    }

    private static Cell cell(String candidate) {
        BitSet right = new BitSet();
        right.set(3, 70);
        return new Cell(DRAW, candidate, 100, right, 1.25, "rate 2e-03");
    }
}
