/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a {@code config.json} says of an encoder and its head.
 *
 * @param shape the encoder
 * @param architecture the Python class that was saved, if the file names exactly one
 * @param classes number of a head's outputs, whether or not there is one
 * @param tiesWords whether a head for masked words multiplies by the table of words
 * @apiNote Status: internal
 */
public record EncoderDescription(EncoderShape shape, Optional<String> architecture, int classes, boolean tiesWords) {

    /** The task of the class that was saved; empty if the file does not say, or says another one. */
    public Optional<HeadForm.Task> task() {
        return architecture.flatMap(name -> Arrays.stream(HeadForm.Task.values())
                .filter(task -> name.endsWith(task.suffix()))
                .filter(task -> shape.family().head(task).isPresent())
                .filter(task -> tiesWords || task != HeadForm.Task.MASKED_WORDS)
                .findFirst());
    }
}
