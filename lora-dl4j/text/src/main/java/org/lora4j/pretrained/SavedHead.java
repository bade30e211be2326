/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lora4j.internal.encoder.HeadForm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The head that a checkpoint was saved with.
 *
 * @param task what it is for
 * @param graph what it computes
 * @param tensors by the names of the Python class, from input to output; weights of linear modules are {@code [in, out]}
 * @param given names of the outputs, if the config has them
 * @param problemType {@code problem_type} of the config, if there is one
 */
record SavedHead(
        HeadForm.Task task,
        HeadGraph graph,
        Map<String, INDArray> tensors,
        List<String> given,
        Optional<String> problemType) {

    SavedHead converted(DataType type) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        tensors.forEach((name, array) -> copies.put(name, array.dataType() == type ? array.dup() : array.castTo(type)));
        return new SavedHead(task, graph.with(copies), copies, given, problemType);
    }

    int outputs() {
        return graph.outputs();
    }

    /** A name for each output, as Transformers makes them where the config has none. */
    List<String> labels() {
        return given.size() == outputs()
                ? given
                : IntStream.range(0, outputs()).mapToObj(i -> "LABEL_" + i).toList();
    }
}
