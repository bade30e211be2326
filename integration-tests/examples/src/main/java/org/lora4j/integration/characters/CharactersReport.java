/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.integration.demonstration.ReportFile;

/** The figures of a run, as a table and as {@code report.json}. */
record CharactersReport(List<Row> rows, Facts facts) {

    /**
     * One network in one state.
     *
     * @param name what it is
     * @param shakespeare loss of a symbol of held-out Shakespeare in nats
     * @param java loss of a symbol of held-out Java source in nats
     * @param trainable number of values that learned, 0 for none
     * @param stepSeconds median duration of a batch in training, 0 for none
     * @param savedBytes size of what has to be kept beside the base, 0 for nothing
     */
    record Row(String name, double shakespeare, double java, long trainable, double stepSeconds, long savedBytes) {

        String line() {
            return String.format(
                    Locale.ROOT,
                    "%-24s %11.4f %11.4f %12s %9s %12s%n",
                    name,
                    shakespeare,
                    java,
                    trainable == 0 ? "" : String.format(Locale.ROOT, "%,d", trainable),
                    stepSeconds == 0 ? "" : String.format(Locale.ROOT, "%.0f", 1000 * stepSeconds),
                    savedBytes == 0 ? "" : String.format(Locale.ROOT, "%,d", savedBytes));
        }
    }

    /**
     * What holds besides the losses.
     *
     * @param offEqualsBase whether the outputs with the adapter off are the base's in every bit
     * @param loadedEqualsTrained whether the outputs of the saved and loaded adapter are those of the trained one
     * @param mergeDifference largest difference of a probability that merging makes
     * @param stepRatio median of the durations of a LoRA batch over those of the full batch beside it
     * @param baseParameters number of values of the base
     * @param seed the seed of the run
     */
    record Facts(
            boolean offEqualsBase,
            boolean loadedEqualsTrained,
            double mergeDifference,
            double stepRatio,
            long baseParameters,
            long seed) {}

    String table() {
        String head = String.format(
                Locale.ROOT,
                "%-24s %11s %11s %12s %9s %12s%n",
                "nats a symbol",
                "Shakespeare",
                "Java",
                "trainable",
                "ms/batch",
                "bytes");
        return head + rows.stream().map(Row::line).collect(Collectors.joining());
    }

    void write(Path file) throws IOException {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("rows", rows);
        figures.put("facts", facts);
        ReportFile.write(file, figures);
    }
}
