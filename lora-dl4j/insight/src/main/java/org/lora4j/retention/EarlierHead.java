/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A linear head that was trained on the features of the base for another task, and the right answers of the examples of a
 * probe: how much worse it gets when the features drift. Immutable.
 *
 * @apiNote Status: experimental
 */
public final class EarlierHead {

    private final String name;
    private final Matrix weight;
    private final double[] bias;
    private final int[] labels;

    private EarlierHead(String name, Matrix weight, double[] bias, int[] labels) {
        this.name = name;
        this.weight = weight;
        this.bias = bias;
        this.labels = labels.clone();
        Problems problems = new Problems();
        problems.check(bias.length == weight.rows(), bias.length + " biases for " + weight.rows() + " classes");
        IntStream.of(labels)
                .filter(label -> label < 0 || label >= weight.rows())
                .distinct()
                .forEach(label ->
                        problems.add("label " + label + ", expected 0 to " + (weight.rows() - 1) + ", a class each"));
        problems.throwIfAny("earlier head \"" + name + "\"");
    }

    /**
     * A head of a weight and a bias.
     *
     * @param name what reports call it
     * @param weight {@code [classes, width]}; copied
     * @param bias {@code [classes]}; copied
     * @param labels the right class of each example of the probe
     * @return a head
     * @throws IllegalArgumentException if the sizes differ, or a label is no class
     */
    public static EarlierHead linear(String name, INDArray weight, INDArray bias, int... labels) {
        if (weight.rank() != 2) {
            throw new IllegalArgumentException("earlier head " + MessageText.name(name) + ": weight has shape "
                    + Arrays.toString(weight.shape()) + "; expected [classes, width]. Transpose or reshape it.");
        }
        Matrix rows = Matrix.of(weight, Math.toIntExact(weight.size(0)));
        return new EarlierHead(name, rows, Matrix.of(bias, 1).row(0).clone(), labels);
    }

    /**
     * A head that needs no training: the class whose mean of features is nearest by cosine.
     *
     * @param name what reports call it
     * @param features features of labeled examples, computed with the base, {@code [examples, width]}
     * @param classes the class of each of them; every class from 0 on occurs
     * @param labels the right class of each example of the probe, which are others
     * @return a head
     * @throws IllegalArgumentException if sizes differ, a class has no example, or a label is no class
     */
    public static EarlierHead prototypes(String name, INDArray features, int[] classes, int... labels) {
        Matrix rows = Matrix.of(features, Math.toIntExact(features.size(0)));
        int count = IntStream.of(classes).max().orElse(-1) + 1;
        double[][] sums = new double[count][rows.columns()];
        int[] examples = new int[count];
        Problems problems = new Problems();
        problems.check(
                classes.length == rows.rows(),
                classes.length + " classes for " + rows.rows() + " examples, expected one for each");
        problems.check(IntStream.of(classes).allMatch(label -> label >= 0), "a class below 0");
        problems.throwIfAny("earlier head \"" + name + "\"");
        for (int i = 0; i < classes.length; i++) {
            double[] unit = FeatureRows.unit(rows.row(i));
            for (int j = 0; j < unit.length; j++) {
                sums[classes[i]][j] += unit[j];
            }
            examples[classes[i]]++;
        }
        for (int label = 0; label < count; label++) {
            problems.check(examples[label] > 0, "class " + label + " has no example, expected one or more");
            sums[label] = FeatureRows.unit(sums[label]);
        }
        problems.throwIfAny("earlier head \"" + name + "\"");
        return new EarlierHead(name, Matrix.ofRows(rows.columns(), sums), new double[count], labels);
    }

    /**
     * What reports call it.
     *
     * @return a name
     */
    public String name() {
        return name;
    }

    /** What does not fit a probe of so many examples and features; null if all does. */
    String problem(int examples, int width) {
        Problems problems = new Problems();
        problems.check(labels.length == examples, labels.length + " labels for " + examples + " examples");
        problems.check(weight.columns() == width, "made for " + weight.columns() + " features, expected " + width);
        return problems.isEmpty() ? null : problems.message("head \"" + name + "\"");
    }

    /** The share of examples whose largest logit, the first one of equals, is that of their class. */
    double accuracy(Matrix features) {
        Matrix logits = features.times(weight.transposed());
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            for (int label = 1; label < bias.length; label++) {
                if (logits.get(i, label) + bias[label] > logits.get(i, best) + bias[best]) {
                    best = label;
                }
            }
            right += best == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    @Override
    public String toString() {
        return "EarlierHead[" + MessageText.name(name) + ", " + weight.rows() + " classes of " + weight.columns()
                + " features]";
    }
}
