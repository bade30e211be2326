/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The default fit beside the best of the other candidates, draw by draw. */
final class FitTable {

    /** Of a normal distribution: 95 % lie within so many standard deviations. */
    private static final double WITHIN = 1.96;

    private static final double POINTS_BEYOND = 2;

    private final Map<Cell.Draw, Map<String, Cell>> draws = new LinkedHashMap<>();

    /**
     * A draw on which the default fit and another candidate were measured.
     *
     * @param difference accuracy of the default fit less that of the best of the others, in points
     * @param interval half the paired 95 % interval of the difference
     * @param cost processor time of the default fit over that of the plain setting; NaN without one
     */
    record Line(Cell.Draw draw, String best, double difference, double interval, double cost) {

        /** Whether the default fit is behind by more than chance and two points explain. */
        boolean behind() {
            return -difference > interval + POINTS_BEYOND;
        }
    }

    FitTable(List<Cell> cells) {
        for (Cell cell : cells) {
            draws.computeIfAbsent(cell.draw(), draw -> new LinkedHashMap<>()).put(cell.candidate(), cell);
        }
    }

    List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        draws.forEach((draw, candidates) -> {
            Map<String, Cell> others = new LinkedHashMap<>(candidates);
            Cell own = others.remove(Candidate.DEFAULT.key());
            if (own != null && !others.isEmpty()) {
                lines.add(line(draw, own, others));
            }
        });
        return lines;
    }

    private static Line line(Cell.Draw draw, Cell own, Map<String, Cell> others) {
        Cell best = null;
        for (Cell other : others.values()) {
            best = best == null || other.accuracy() > best.accuracy() ? other : best;
        }
        Cell plain = others.get(Candidate.PLAIN.key());
        return new Line(
                draw,
                best.candidate(),
                100 * (own.accuracy() - best.accuracy()),
                interval(own, best),
                plain == null ? Double.NaN : own.seconds() / plain.seconds());
    }

    /** Texts that both tell right, or wrong, say nothing of the difference. */
    private static double interval(Cell own, Cell best) {
        BitSet wins = (BitSet) own.right().clone();
        wins.andNot(best.right());
        BitSet losses = (BitSet) best.right().clone();
        losses.andNot(own.right());
        double n = own.tested();
        double discordant = (wins.cardinality() + losses.cardinality()) / n;
        double mean = (wins.cardinality() - losses.cardinality()) / n;
        return 100 * WITHIN * Math.sqrt((discordant - mean * mean) / n);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("| set | examples | seed |");
        for (Candidate candidate : Candidate.values()) {
            text.append(' ').append(candidate.label()).append(" |");
        }
        text.append(" default - best | 95 % | cost |\n|---|---|---|")
                .append("---|".repeat(Candidate.values().length))
                .append("---|---|---|\n");
        List<Line> lines = lines();
        for (Line line : lines) {
            Cell.Draw draw = line.draw();
            text.append(String.format(Locale.ROOT, "| %s | %d | %d |", draw.set(), draw.size(), draw.seed()));
            for (Candidate candidate : Candidate.values()) {
                Cell cell = draws.get(draw).get(candidate.key());
                text.append(cell == null ? " |" : String.format(Locale.ROOT, " %.1f |", 100 * cell.accuracy()));
            }
            text.append(String.format(
                    Locale.ROOT, " %+.1f | ± %.1f | %.2f |%n", line.difference(), line.interval(), line.cost()));
        }
        return text.append(summary(lines)).toString();
    }

    private static String summary(List<Line> lines) {
        double difference =
                lines.stream().mapToDouble(Line::difference).average().orElse(Double.NaN);
        List<Double> costs =
                lines.stream().map(Line::cost).filter(cost -> !cost.isNaN()).toList();
        return String.format(
                Locale.ROOT,
                "%n%d draws. Default - best: %+.2f points in the mean; more than %.0f points beyond the interval: %d."
                        + " Cost of the default fit over that of the plain setting: %.2f in the mean, %.2f at most.%n",
                lines.size(),
                difference,
                POINTS_BEYOND,
                lines.stream().filter(Line::behind).count(),
                costs.stream().mapToDouble(cost -> cost).average().orElse(Double.NaN),
                costs.stream().mapToDouble(cost -> cost).max().orElse(Double.NaN));
    }
}
