/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes batches whose rows have different adapters. Safe for any number of threads. */
interface MixedModel {

    /** Computes the outputs of a base; {@code adapters} has one for each row. The arrays belong to the caller. */
    Map<String, INDArray> output(Map<String, INDArray> inputs, List<ServedAdapter> adapters);

    /** Gives the memory between batches back. Batches under way end as they would have. */
    void close();
}
