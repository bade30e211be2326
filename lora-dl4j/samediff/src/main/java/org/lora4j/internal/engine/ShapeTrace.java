/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.engine.plan.Arena;
import org.lora4j.internal.engine.plan.KnownShapes;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The shapes of all leaves of a graph, and of all variables that outputs depend on, for given inputs. */
final class ShapeTrace {

    private ShapeTrace() {}

    /** By a run, where they are not known without. */
    static KnownShapes of(
            Engine engine, SameDiff graph, Map<String, INDArray> placeholders, Collection<String> outputs) {
        Session session = engine.session(graph, new Arena());
        KnownShapes shapes =
                session.knownShapes(placeholders, outputs).orElseGet(() -> session.tracedShapes(placeholders, outputs));
        return withLeaves(shapes, graph, placeholders);
    }

    /** Empty if they are not known without a run. */
    static Optional<KnownShapes> known(
            Engine engine, SameDiff graph, Map<String, INDArray> placeholders, Collection<String> outputs) {
        return engine.session(graph, new Arena())
                .knownShapes(placeholders, outputs)
                .map(shapes -> withLeaves(shapes, graph, placeholders));
    }

    private static KnownShapes withLeaves(KnownShapes computed, SameDiff graph, Map<String, INDArray> placeholders) {
        Map<String, long[]> shapes = new HashMap<>(computed.shapes());
        placeholders.forEach((name, array) -> shapes.put(name, array.shape()));
        for (SDVariable v : graph.variables()) {
            if (v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE) {
                shapes.put(v.name(), v.getArr().shape());
            }
        }
        return new KnownShapes(shapes, computed.ofValues());
    }
}
