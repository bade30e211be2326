/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;

/**
 * What an executor gives back of a training.
 *
 * @param files what was learned, as the plain trainer writes it
 * @param facts what is known of it besides
 * @param problem why nothing was learned; null if it was
 */
record TrainedFiles(SavedFiles files, Facts facts, String problem) implements Serializable {

    private static final long serialVersionUID = 1;

    static TrainedFiles failed(String problem) {
        return new TrainedFiles(SavedFiles.NONE, Facts.NONE, problem);
    }
}
