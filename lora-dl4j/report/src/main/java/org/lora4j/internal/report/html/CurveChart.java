/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportText;
import org.lora4j.internal.report.html.HtmlElement.Attribute;
import org.lora4j.internal.report.html.HtmlElement.Tag;

/** Lines and points over two axes. Colors and dashes are classes of the page's style; what lines do stands in words, too. */
final class CurveChart {

    /** How many looks of lines the style has. */
    static final int LOOKS = 8;

    private static final double WIDTH = 560;
    private static final double HEIGHT = 300;
    private static final double LEFT = 64;
    private static final double RIGHT = 24;
    private static final double TOP = 10;
    private static final double BOTTOM = 44;
    private static final double BASELINE = 4;
    private static final double MARGIN = 0.04;

    private final Curves curves;
    private final AxisScale x;
    private final AxisScale y;

    private CurveChart(Curves curves) {
        this.curves = curves;
        this.x = AxisScale.over(values(curves, true), curves.logarithmic(), 0);
        this.y = AxisScale.over(values(curves, false), false, MARGIN);
    }

    private static List<Double> values(Curves curves, boolean ofX) {
        List<Double> values = new ArrayList<>();
        for (Series series : curves.series()) {
            for (int i = 0; i < series.x().size(); i++) {
                if (isPoint(series, i, curves.logarithmic())) {
                    values.add(ofX ? series.x().get(i) : series.y().get(i));
                }
            }
        }
        return values;
    }

    private static boolean isPoint(Series series, int i, boolean logarithmic) {
        Double x = series.x().get(i);
        return x != null && series.y().get(i) != null && (!logarithmic || x > 0);
    }

    /** A drawing; a sentence in its place if there is not a single point. */
    static HtmlElement of(Curves curves) {
        HtmlElement figure =
                HtmlElement.of(Tag.FIGURE).add(HtmlElement.of(Tag.FIGCAPTION).add(curves.caption()));
        if (values(curves, true).isEmpty()) {
            return figure.add(HtmlElement.of(Tag.P).add("No points."));
        }
        return new CurveChart(curves).addTo(figure);
    }

    private HtmlElement addTo(HtmlElement figure) {
        String words = curves.series().stream()
                .filter(series -> series.style() != Series.Style.REFERENCE)
                .map(ReportText::inWords)
                .collect(Collectors.joining(". "));
        HtmlElement svg = HtmlElement.of(Tag.SVG, "chart")
                .with(Attribute.ROLE, "img")
                .with(Attribute.VIEW_BOX, "0 0 " + HtmlElement.number(WIDTH) + " " + HtmlElement.number(HEIGHT))
                .with(
                        Attribute.ARIA_LABEL,
                        curves.caption() + ". " + curves.y() + " over " + curves.x() + ". " + words);
        axes(svg);
        for (int i = 0; i < curves.series().size(); i++) {
            draw(curves.series().get(i), i, svg);
        }
        figure.add(ScrollBox.around(curves.caption(), svg));
        if (curves.series().size() > 1) {
            figure.add(legend());
        }
        return figure;
    }

    private double across(double value) {
        return LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
    }

    private double down(double value) {
        return HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
    }

    private void axes(HtmlElement svg) {
        HtmlElement axes = HtmlElement.of(Tag.G, "axes");
        for (double tick : y.ticks()) {
            axes.add(line(LEFT, down(tick), WIDTH - RIGHT, down(tick)));
            axes.add(label(LEFT - 6, down(tick) + BASELINE, "end", y.label(tick)));
        }
        for (double tick : x.ticks()) {
            axes.add(line(across(tick), TOP, across(tick), HEIGHT - BOTTOM));
            axes.add(label(across(tick), HEIGHT - BOTTOM + 18, "middle", x.label(tick)));
        }
        axes.add(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle", curves.x()));
        axes.add(label(0, 0, "middle", curves.y())
                .with(
                        Attribute.TRANSFORM,
                        "translate(14 " + HtmlElement.number((HEIGHT - BOTTOM + TOP) / 2) + ") rotate(-90)"));
        svg.add(axes);
    }

    private static HtmlElement line(double x1, double y1, double x2, double y2) {
        return HtmlElement.of(Tag.LINE)
                .with(Attribute.X1, x1)
                .with(Attribute.Y1, y1)
                .with(Attribute.X2, x2)
                .with(Attribute.Y2, y2);
    }

    static HtmlElement label(double x, double y, String anchor, String text) {
        return HtmlElement.of(Tag.TEXT)
                .with(Attribute.X, x)
                .with(Attribute.Y, y)
                .with(Attribute.TEXT_ANCHOR, anchor)
                .add(text);
    }

    private void draw(Series series, int index, HtmlElement svg) {
        String look = series.style() == Series.Style.REFERENCE ? "ref" : "s" + index % LOOKS;
        StringBuilder path = new StringBuilder();
        HtmlElement points = HtmlElement.of(Tag.G, "points " + look);
        boolean drawing = false;
        int count = (int) Stream.iterate(0, i -> i + 1)
                .limit(series.x().size())
                .filter(i -> isPoint(series, i, curves.logarithmic()))
                .count();
        // A line through few points says more with its points.
        boolean marked = series.style() == Series.Style.POINTS || series.style() == Series.Style.LINE && count <= 30;
        for (int i = 0; i < series.x().size(); i++) {
            if (!isPoint(series, i, curves.logarithmic())) {
                drawing = false;
                continue;
            }
            double right = across(series.x().get(i));
            double below = down(series.y().get(i));
            path.append(drawing ? 'L' : 'M')
                    .append(HtmlElement.number(right))
                    .append(' ')
                    .append(HtmlElement.number(below));
            drawing = true;
            if (marked) {
                points.add(HtmlElement.of(Tag.CIRCLE)
                        .with(Attribute.CX, right)
                        .with(Attribute.CY, below)
                        .with(Attribute.R, series.style() == Series.Style.POINTS ? 2.5 : 3));
            }
        }
        if (series.style() != Series.Style.POINTS) {
            svg.add(HtmlElement.of(Tag.PATH, "line " + look).with(Attribute.D, path.toString()));
        }
        if (!points.isEmpty()) {
            svg.add(points);
        }
    }

    private HtmlElement legend() {
        HtmlElement list = HtmlElement.of(Tag.UL, "legend");
        for (int i = 0; i < curves.series().size(); i++) {
            Series series = curves.series().get(i);
            String look = series.style() == Series.Style.REFERENCE ? "ref" : "s" + i % LOOKS;
            HtmlElement sample = HtmlElement.of(Tag.SVG, "key")
                    .with(Attribute.VIEW_BOX, "0 0 26 10")
                    .with(Attribute.ARIA_HIDDEN, "true");
            if (series.style() == Series.Style.POINTS) {
                sample.add(HtmlElement.of(Tag.G, "points " + look)
                        .add(HtmlElement.of(Tag.CIRCLE)
                                .with(Attribute.CX, 13)
                                .with(Attribute.CY, 5)
                                .with(Attribute.R, 3)));
            } else {
                sample.add(HtmlElement.of(Tag.PATH, "line " + look).with(Attribute.D, "M0 5L26 5"));
            }
            list.add(HtmlElement.of(Tag.LI)
                    .add(sample)
                    .add(HtmlElement.of(Tag.BDI).add(series.name())));
        }
        return list;
    }
}
