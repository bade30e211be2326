/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import org.lora4j.image.LabeledImage;

/**
 * An image of a file, with its label.
 *
 * @param name the path of the file, for people
 * @param labeled the image and its label
 */
record ImageExample(String name, LabeledImage labeled) {

    String label() {
        return labeled.labels().get(0);
    }
}
