/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.integration.demonstration.ReportFile;

/**
 * The figures of a run, as text and as {@code report.json}.
 *
 * @param rows the base, then each adapter
 * @param checks for each adapter
 * @param switched whether both adapters on one base are each what it was alone, and neither is the base
 * @param baseUntouched whether the base's parameters have the bits that they had before
 * @param seed the seed of the run
 */
record DigitsReport(List<Row> rows, List<Checks> checks, boolean switched, boolean baseUntouched, long seed) {

    /**
     * A network.
     *
     * @param name what it is
     * @param accuracy share of the held-out digits told right, by look
     * @param parameters values that it consists of or, for an adapter, that learned
     * @param bytes size on disk
     * @param seconds duration of the training, 0 for none
     */
    record Row(String name, Map<String, Double> accuracy, long parameters, long bytes, double seconds) {

        private String line(long base) {
            String accuracies = accuracy.values().stream()
                    .map(share -> String.format(Locale.ROOT, " %9.2f", 100 * share))
                    .collect(Collectors.joining());
            return String.format(
                    Locale.ROOT,
                    "%-20s%s %,11d %9.2f %,9d %9.0f%n",
                    name,
                    accuracies,
                    parameters,
                    100.0 * parameters / base,
                    bytes,
                    seconds);
        }
    }

    /**
     * What holds of an adapter besides its accuracy.
     *
     * @param adapter its name
     * @param offEqualsBase whether every output with the adapter off has the bits of the base's
     * @param loadedEqualsTrained whether every output after saving and loading has the bits of before
     * @param mergeDifference largest difference of a probability that merging makes
     * @param mergedAccuracy share of the held-out digits told right after merging
     */
    record Checks(
            String adapter,
            boolean offEqualsBase,
            boolean loadedEqualsTrained,
            double mergeDifference,
            double mergedAccuracy) {

        private String line() {
            return String.format(
                    Locale.ROOT,
                    "%s: off %s, loaded %s, merged %.2f %% (largest difference of a probability %.1e)%n",
                    adapter,
                    offEqualsBase ? "equals the base bit for bit" : "DIFFERS FROM THE BASE",
                    loadedEqualsTrained ? "equals trained bit for bit" : "DIFFERS FROM TRAINED",
                    100 * mergedAccuracy,
                    mergeDifference);
        }
    }

    String text() {
        Row base = rows.get(0);
        String looks = base.accuracy().keySet().stream()
                .map(look -> String.format(Locale.ROOT, " %9s", look))
                .collect(Collectors.joining());
        return String.format(
                        Locale.ROOT,
                        "%-20s%s %11s %9s %9s %9s%n",
                        "% told right",
                        looks,
                        "parameters",
                        "% of base",
                        "bytes",
                        "s")
                + rows.stream().map(row -> row.line(base.parameters())).collect(Collectors.joining())
                + checks.stream().map(Checks::line).collect(Collectors.joining())
                + "two adapters on one base, switched: "
                + (switched ? "each as alone, the base without them" : "NOT as alone")
                + String.format(Locale.ROOT, "%nthe base's parameters: %s%n", baseUntouched ? "untouched" : "CHANGED");
    }

    void write(Path file) throws IOException {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("rows", rows);
        figures.put("checks", checks);
        figures.put("switched", switched);
        figures.put("baseUntouched", baseUntouched);
        figures.put("seed", seed);
        ReportFile.write(file, figures);
    }
}
