/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.lora4j.exec.plan.Arena;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The shapes of all leaves of a graph, and of all variables that outputs depend on, for given inputs. */
final class ShapeTrace {

    private ShapeTrace() {}

    static Map<String, long[]> of(
            Engine engine, SameDiff graph, Map<String, INDArray> placeholders, Collection<String> outputs) {
        Map<String, long[]> shapes = new HashMap<>();
        placeholders.forEach((name, array) -> shapes.put(name, array.shape()));
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE) {
                shapes.put(v.name(), v.getArr().shape());
            }
        }
        Session session = engine.session(graph, new Arena());
        shapes.putAll(session.shapes(placeholders, outputs));
        // Memory that waits for the garbage collector is memory that training does not get.
        session.release();
        return shapes;
    }
}
