/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.List;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What an encoder makes of texts without an adapter, for routers and other arithmetic. */
public final class FrozenVectors {

    private FrozenVectors() {}

    /**
     * Computes them, in silence.
     *
     * @param encoder the encoder
     * @param texts the texts
     * @return a row for each
     */
    public static INDArray of(TextEncoder encoder, List<String> texts) {
        return Nd4j.createFromArray(encoder.embed(texts, Progress.none()));
    }
}
