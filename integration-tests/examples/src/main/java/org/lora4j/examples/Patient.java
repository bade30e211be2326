/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * A row of the Wisconsin table of breast cancer: ten measures of cell nuclei, as the mean over an image and as the worst of it.
 *
 * @param mean ten means
 * @param worst the same ten measures of the worst nuclei
 * @param label {@code malignant} or {@code benign}
 */
public record Patient(double[] mean, double[] worst, String label) {

    /** What is measured, in the order of the columns. */
    public static final List<String> MEASURES = List.of(
            "radius",
            "texture",
            "perimeter",
            "area",
            "smoothness",
            "compactness",
            "concavity",
            "concave points",
            "symmetry",
            "fractal dimension");

    /** What a patient may have. */
    public static final List<String> LABELS = List.of("malignant", "benign");

    /** Where it is from; it may be used from there only, so it does not come with the examples. */
    public static final DataFile FILE = new DataFile(
            "breast-cancer",
            "breast_cancer.csv",
            "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
            "Debian's python3-sklearn 1.4.2, sklearn/datasets/data/breast_cancer.csv");

    /**
     * Reads the table.
     *
     * @param file {@link #FILE} as it was found
     * @return its rows
     * @throws IOException if it cannot be read
     */
    public static List<Patient> read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.subList(1, lines.size()).stream().map(Patient::of).toList();
    }

    /** Ten columns of means, ten of standard errors, ten of the worst, and the class. */
    private static Patient of(String line) {
        double[] row =
                Arrays.stream(line.split(",")).mapToDouble(Double::parseDouble).toArray();
        int measures = MEASURES.size();
        return new Patient(
                Arrays.copyOfRange(row, 0, measures),
                Arrays.copyOfRange(row, 2 * measures, 3 * measures),
                LABELS.get((int) row[3 * measures]));
    }

    /**
     * Measures as a network gets them: in standard deviations from the means of those that it learned from.
     *
     * @param patients whose measures
     * @param columns {@link #mean} or {@link #worst}
     * @param known those that it learned from, by their {@link #mean}
     * @return a row for each
     */
    public static float[][] rows(List<Patient> patients, Function<Patient, double[]> columns, List<Patient> known) {
        float[][] rows = new float[patients.size()][MEASURES.size()];
        for (int j = 0; j < MEASURES.size(); j++) {
            int measure = j;
            double[] values = known.stream()
                    .mapToDouble(patient -> patient.mean()[measure])
                    .toArray();
            double mean = Arrays.stream(values).average().orElseThrow();
            double variance = Arrays.stream(values)
                    .map(value -> (value - mean) * (value - mean))
                    .average()
                    .orElseThrow();
            for (int i = 0; i < rows.length; i++) {
                rows[i][j] = (float) ((columns.apply(patients.get(i))[j] - mean) / Math.sqrt(variance));
            }
        }
        return rows;
    }
}
