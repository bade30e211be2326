/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import java.util.Map;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.pretrained.EncodedBatch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a graph takes for a batch of texts. */
@FunctionalInterface
interface Inputs {

    /** The whole encoder takes token ids. */
    Inputs WHOLE = (batch, texts) -> batch.placeholders();

    /** The arrays by placeholder, labels included; {@code texts} are those that the batch was cut from. */
    Map<String, INDArray> of(EncodedBatch batch, List<LabeledText> texts);
}
