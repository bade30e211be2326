/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.method.ModuleShape;

/**
 * The strongest directions of one weight with its update, and whether the weight had them before.
 *
 * @param path the module within the adapter
 * @param shape what the module is
 * @param singularValues the largest singular values of the weight with its update, falling; as many as were asked
 *     for, or as are not 0
 * @param cosines for the left singular vector of each of them its largest absolute cosine with a left singular
 *     vector of the weight without the update
 * @param intruders the indices, from 0, of those whose cosine is below epsilon
 * @apiNote Status: experimental
 */
public record ModuleIntruders(
        String path, ModuleShape shape, List<Double> singularValues, List<Double> cosines, List<Integer> intruders) {

    /**
     * Copies the lists.
     *
     * @param path the module
     * @param shape what it is
     * @param singularValues values of the weight with its update
     * @param cosines their largest cosine with a vector of the weight before
     * @param intruders indices of intruder dimensions
     */
    public ModuleIntruders {
        singularValues = List.copyOf(singularValues);
        cosines = List.copyOf(cosines);
        intruders = List.copyOf(intruders);
    }

    /** Numbers, texts and lists only. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("path", path);
        values.put("shape", shape.toString());
        values.put("singularValues", singularValues);
        values.put("cosines", cosines);
        values.put("intruders", intruders);
        return values;
    }
}
