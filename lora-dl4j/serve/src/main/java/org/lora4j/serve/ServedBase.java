/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.serve.ServedUpdate.Part;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the server knows of a base: the one place where kinds of bases differ. Safe for any number of threads. */
interface ServedBase {

    /** The types of the inputs by name, sorted; {@link DataType#UNKNOWN} for one that is taken as it is. */
    Map<String, DataType> inputs();

    /** Names of what is computed, in order. */
    List<String> outputs();

    /** Notes what is wrong with inputs that have the right names and types: shapes, and ids beyond their tables. */
    void check(Map<String, INDArray> inputs, Problems problems);

    /** The modules by path. */
    Map<String, BaseModule> modules();

    /** In which forms the matrices of modules are kept. */
    Set<String> storedAs();

    /** The name of a form without scales of its own. */
    static String form(DataType type) {
        return switch (type) {
            case FLOAT -> "F32";
            case DOUBLE -> "F64";
            case HALF -> "F16";
            case BFLOAT16 -> "BF16";
            default -> type.name();
        };
    }

    /** What runs an adapter alone, for messages. */
    String host();

    /**
     * Checks an adapter as the host that would run it alone does.
     *
     * @return the adapter; where its start moved the base, its plain form
     */
    Adapter plain(String name, Adapter adapter);

    /** What computes batches of adapters that have these parts; the same object may serve all. */
    MixedModel model(Map<String, Set<Part>> parts);
}
