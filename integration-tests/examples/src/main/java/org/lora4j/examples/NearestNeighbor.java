/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A classifier that learns nothing: the label of the most similar example, by the cosine. */
public final class NearestNeighbor {

    private NearestNeighbor() {}

    /**
     * Answers.
     *
     * @param asked the vectors that are asked for
     * @param known the vectors of the examples
     * @param labels the label of each example
     * @return a label for each that is asked for
     */
    public static List<String> labels(float[][] asked, float[][] known, List<String> labels) {
        INDArray references = Nd4j.createFromArray(known);
        references.diviColumnVector(references.norm2(1));
        return Arrays.stream(Nd4j.createFromArray(asked)
                        .mmul(references.transpose())
                        .argMax(1)
                        .toIntVector())
                .mapToObj(labels::get)
                .toList();
    }
}
