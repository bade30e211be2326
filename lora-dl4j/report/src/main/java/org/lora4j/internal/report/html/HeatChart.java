/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import java.util.List;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ShownNumber;
import org.lora4j.internal.report.ShownText;
import org.lora4j.internal.report.html.HtmlElement.Attribute;
import org.lora4j.internal.report.html.HtmlElement.Tag;

/** A matrix as colored cells. Small ones have their numbers in them; every cell tells its names and number when it is pointed at. */
final class HeatChart {

    /** How many steps of color the style has. */
    static final int STEPS = 10;

    private static final int LONGEST_NAME = 64;
    private static final double LETTER = 6.2;
    private static final double LARGE_CELL = 46;
    private static final double CELL = 26;
    private static final double SMALL_CELL = 13;
    private static final int LARGE = 12;
    private static final int MIDDLE = 30;
    private static final double DARK = 0.5;

    private final HeatGrid heat;
    private final double cell;
    private final double left;
    private final double top;

    private HeatChart(HeatGrid heat) {
        this.heat = heat;
        int most = Math.max(heat.rows().size(), heat.columns().size());
        this.cell = most <= LARGE ? LARGE_CELL : most <= MIDDLE ? CELL : SMALL_CELL;
        this.left = 30 + LETTER * longest(heat.rows());
        this.top = 30 + LETTER * 0.75 * longest(heat.columns());
    }

    private static String name(String name) {
        String flat = name.replaceAll("\\s+", " ");
        return flat.length() <= LONGEST_NAME ? flat : ShownText.of(flat, LONGEST_NAME);
    }

    private static int longest(List<String> names) {
        return names.stream().mapToInt(name -> name(name).length()).max().orElse(0);
    }

    static HtmlElement of(HeatGrid heat) {
        HtmlElement figure =
                HtmlElement.of(Tag.FIGURE).add(HtmlElement.of(Tag.FIGCAPTION).add(heat.caption()));
        if (heat.rows().isEmpty() || heat.columns().isEmpty()) {
            return figure.add(HtmlElement.of(Tag.P).add("Empty."));
        }
        return figure.add(ScrollBox.around(heat.caption(), new HeatChart(heat).drawing()));
    }

    private HtmlElement drawing() {
        double slant = LETTER * 0.7 * longest(heat.columns());
        double width = left + cell * heat.columns().size() + slant + 10;
        double height = top + cell * heat.rows().size() + 10;
        HtmlElement svg = HtmlElement.of(Tag.SVG, "heat")
                .with(Attribute.ROLE, "img")
                .with(Attribute.WIDTH, width)
                .with(Attribute.HEIGHT, height)
                .with(Attribute.VIEW_BOX, "0 0 " + HtmlElement.number(width) + " " + HtmlElement.number(height))
                .with(
                        Attribute.ARIA_LABEL,
                        heat.caption() + ". Rows: " + heat.rowTitle() + ", "
                                + heat.rows().size() + ". Columns: " + heat.columnTitle() + ", "
                                + heat.columns().size() + ". " + largest());
        HtmlElement names = HtmlElement.of(Tag.G, cell == SMALL_CELL ? "names small" : "names");
        for (int i = 0; i < heat.rows().size(); i++) {
            names.add(CurveChart.label(
                    left - 5,
                    top + cell * (i + 0.5) + 4,
                    "end",
                    name(heat.rows().get(i))));
        }
        for (int j = 0; j < heat.columns().size(); j++) {
            String place = HtmlElement.number(left + cell * (j + 0.5) + 3) + " " + HtmlElement.number(top - 5);
            names.add(CurveChart.label(0, 0, "start", name(heat.columns().get(j)))
                    .with(Attribute.TRANSFORM, "translate(" + place + ") rotate(-48)"));
        }
        names.add(CurveChart.label(0, 0, "middle", heat.rowTitle())
                .with(
                        Attribute.TRANSFORM,
                        "translate(12 "
                                + HtmlElement.number(top + cell * heat.rows().size() / 2) + ") rotate(-90)"));
        names.add(CurveChart.label(left, 13, "start", heat.columnTitle()));
        svg.add(HtmlElement.of(Tag.RECT, "sheet")
                .with(Attribute.X, left)
                .with(Attribute.Y, top)
                .with(Attribute.WIDTH, cell * heat.columns().size())
                .with(Attribute.HEIGHT, cell * heat.rows().size()));
        return svg.add(cells()).add(names);
    }

    private String largest() {
        double most = Double.NEGATIVE_INFINITY;
        String where = "";
        for (int i = 0; i < heat.rows().size(); i++) {
            for (int j = 0; j < heat.columns().size(); j++) {
                Double value = heat.values().get(i).get(j);
                if (value != null && value > most) {
                    most = value;
                    where = heat.rows().get(i) + ", " + heat.columns().get(j);
                }
            }
        }
        return where.isEmpty() ? "" : "Largest: " + ShownNumber.of(most) + " of " + where + ".";
    }

    private HtmlElement cells() {
        double most = heat.values().stream()
                .flatMap(List::stream)
                .mapToDouble(value -> value == null ? 0 : value)
                .max()
                .orElse(0);
        HtmlElement cells = HtmlElement.of(Tag.G, "cells");
        for (int i = 0; i < heat.rows().size(); i++) {
            double whole = heat.byRow()
                    ? heat.values().get(i).stream()
                            .mapToDouble(value -> value == null ? 0 : value)
                            .sum()
                    : most;
            for (int j = 0; j < heat.columns().size(); j++) {
                Double value = heat.values().get(i).get(j);
                // Counts of 0 are most of a confusion matrix.
                if (value != null && (value != 0 || !heat.byRow())) {
                    cell(i, j, value, whole <= 0 ? 0 : Math.max(0, Math.min(1, value / whole)), cells);
                }
            }
        }
        return cells;
    }

    private void cell(int row, int column, double value, double share, HtmlElement cells) {
        int step = Math.min(STEPS - 1, (int) Math.floor(share * STEPS));
        cells.add(HtmlElement.of(Tag.RECT, "h" + step)
                .with(Attribute.X, left + cell * column)
                .with(Attribute.Y, top + cell * row)
                .with(Attribute.WIDTH, cell - 1)
                .with(Attribute.HEIGHT, cell - 1)
                .add(HtmlElement.of(Tag.TITLE)
                        .add(name(heat.rows().get(row)) + ", "
                                + name(heat.columns().get(column)) + ": " + ShownNumber.of(value))));
        if (cell > SMALL_CELL) {
            String text = ShownNumber.of(value);
            if (text.length() * LETTER < cell) {
                cells.add(CurveChart.label(left + cell * (column + 0.5), top + cell * (row + 0.5) + 4, "middle", text)
                        .with(Attribute.CLASS, share >= DARK ? "on" : "off"));
            }
        }
    }
}
