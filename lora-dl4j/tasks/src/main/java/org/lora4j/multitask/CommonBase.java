/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModule;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Whether the graphs of several tasks are over one base: modules of one name, heads apart, have the same weights. */
record CommonBase(Map<String, Task> tasks, Map<String, AdaptedSameDiff> models) {

    /** Notes the modules whose weights differ. */
    void check(Problems problems) {
        Map<String, String> owners = new LinkedHashMap<>();
        Map<String, INDArray> weights = new LinkedHashMap<>();
        models.forEach((name, model) -> {
            List<String> differing = new ArrayList<>();
            for (GraphModule module : model.modules()) {
                if (isHead(tasks.get(name), module.path())) {
                    continue;
                }
                INDArray weight = model.base().getVariable(module.weight()).getArr();
                INDArray known = weights.putIfAbsent(module.path(), weight);
                owners.putIfAbsent(module.path(), name);
                if (known != null && !same(known, weight)) {
                    differing.add(module.path());
                }
            }
            problems.check(
                    differing.isEmpty(),
                    "task \"" + name + "\" has other weights than task \""
                            + (differing.isEmpty() ? "" : owners.get(differing.get(0))) + "\" in "
                            + Problems.quoted(differing));
        });
    }

    private static boolean isHead(Task task, String path) {
        return task.head().stream()
                .anyMatch(head -> path.equals(head) || path.endsWith("." + head) || path.startsWith(head + "."));
    }

    private static boolean same(INDArray one, INDArray other) {
        return one == other
                || one.data() == other.data() && one.offset() == other.offset() && one.equalShapes(other)
                || ArrayBytes.same(ArrayBytes.ownCopy(one), ArrayBytes.ownCopy(other));
    }
}
