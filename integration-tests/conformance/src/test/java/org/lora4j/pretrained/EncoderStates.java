/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.List;
import java.util.Optional;

/** What the harness of golden cases sees of an encoder besides what users see. */
public final class EncoderStates {

    private EncoderStates() {}

    /** Names of what goes into each layer. */
    public static List<String> of(EncoderGraph encoder) {
        return encoder.states();
    }

    /** What the head of a file is for. */
    public static Optional<String> task(PretrainedEncoder model) {
        return model.head().map(head -> head.task().name());
    }
}
