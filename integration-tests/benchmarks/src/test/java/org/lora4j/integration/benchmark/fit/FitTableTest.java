/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class FitTableTest {

    private static final int TESTED = 100;
    private static final Cell.Draw DRAW = new Cell.Draw("set", 1000, 1);

    @Test
    void line_withinChance_isNotBehind() {
        // 5 texts only the default tells right, 10 only the other: (5 - 10) / 100, and 1.96 sqrt((0.15 - 0.05^2) /
        // 100).
        FitTable table = new FitTable(List.of(cell(Candidate.DEFAULT, 0, 80, 12), cell(Candidate.PLAIN, 5, 90, 10)));

        FitTable.Line line = table.lines().get(0);

        assertThat(line.difference()).isCloseTo(-5, within(1e-9));
        assertThat(line.interval()).isCloseTo(7.5275, within(1e-3));
        assertThat(line.cost()).isCloseTo(1.2, within(1e-9));
        assertThat(line.behind()).isFalse();
    }

    @Test
    void line_behindTheBestOfTheOthers_isTold() {
        // 30 texts only the other tells right: 1.96 sqrt((0.3 - 0.3^2) / 100) = 8.98, and 30 > 8.98 + 2.
        FitTable table = new FitTable(List.of(
                cell(Candidate.HEAD, 0, 20, 1), cell(Candidate.SWEEP, 0, 80, 40), cell(Candidate.DEFAULT, 0, 50, 12)));

        FitTable.Line line = table.lines().get(0);

        assertThat(line.best()).isEqualTo("sweep");
        assertThat(line.interval()).isCloseTo(8.9818, within(1e-3));
        assertThat(line.cost()).isNaN();
        assertThat(line.behind()).isTrue();
        assertThat(table.toString()).contains("1 draws", "-30.00 points", "beyond the interval: 1");
    }

    @Test
    void lines_withoutTheDefaultOrAnother_areLeftOut() {
        assertThat(new FitTable(List.of(cell(Candidate.PLAIN, 0, 80, 10))).lines())
                .isEmpty();
        assertThat(new FitTable(List.of(cell(Candidate.DEFAULT, 0, 80, 10))).lines())
                .isEmpty();
    }

    private static Cell cell(Candidate candidate, int from, int to, double seconds) {
        BitSet right = new BitSet();
        right.set(from, to);
        return new Cell(DRAW, candidate.key(), TESTED, right, seconds, "");
    }
}
