/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.Objects;

/**
 * What a frozen base makes of examples, and what they are: the vectors before its head, from any host.
 *
 * @param features a row for each example, all of the same length; not copied, not to be written to
 * @param labels the label of each
 * @apiNote Status: experimental
 */
public record LabeledFeatures(float[][] features, List<String> labels) {

    /** No examples, where a part of the data is not there. */
    public static final LabeledFeatures NONE = new LabeledFeatures(new float[0][], List.of());

    /**
     * Takes rows and labels.
     *
     * @param features as in the record
     * @param labels as in the record
     */
    public LabeledFeatures {
        Objects.requireNonNull(features, "LabeledFeatures: features is null; expected rows");
        Objects.requireNonNull(labels, "LabeledFeatures: labels is null; expected a label for each row");
    }

    /** How many there are, and how long a row is. */
    @Override
    public String toString() {
        return "LabeledFeatures[" + features.length + " rows of "
                + (features.length == 0 || features[0] == null ? 0 : features[0].length) + "]";
    }
}
