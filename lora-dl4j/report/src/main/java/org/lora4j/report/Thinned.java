/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.report.ReportBlock.Series;

/** Long lines as the means of as many pieces as a chart can show. */
final class Thinned {

    private static final int MOST = 300;

    private Thinned() {}

    /** What a line is called: says so if its points are means. */
    static String name(String name, int count) {
        int step = step(count);
        return step == 1 ? name : name + " (means of " + step + ")";
    }

    private static int step(int count) {
        return (count + MOST - 1) / MOST;
    }

    /** A line over 1, 2, 3, ..., or, of a long one, over the middle of each piece. */
    static Series of(String name, List<Double> values) {
        List<Double> x = new ArrayList<>();
        for (int i = 1; i <= values.size(); i++) {
            x.add((double) i);
        }
        return of(name, Series.Style.LINE, x, values);
    }

    /** A line, or the means of its pieces. */
    static Series of(String name, Series.Style style, List<Double> x, List<Double> y) {
        int step = Math.max(1, step(y.size()));
        if (step == 1) {
            return new Series(name, style, x, y);
        }
        List<Double> meansOfX = new ArrayList<>();
        List<Double> meansOfY = new ArrayList<>();
        for (int from = 0; from < y.size(); from += step) {
            int to = Math.min(y.size(), from + step);
            meansOfX.add(mean(x.subList(from, to)));
            meansOfY.add(mean(y.subList(from, to)));
        }
        return new Series(name(name, y.size()), style, meansOfX, meansOfY);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElse(Double.NaN);
    }
}
