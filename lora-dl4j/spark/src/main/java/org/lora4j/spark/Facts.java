/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;
import java.util.List;

/**
 * What is known of a model besides its weights.
 *
 * @param labels what the indices of predictions mean; empty for models that give no index
 * @param textLabels whether the label column held texts, so that indices are ours
 */
record Facts(List<String> labels, boolean textLabels) implements Serializable {

    private static final long serialVersionUID = 1;

    /** Of models without labels. */
    static final Facts NONE = new Facts(List.of(), false);

    Facts {
        labels = List.copyOf(labels);
    }
}
