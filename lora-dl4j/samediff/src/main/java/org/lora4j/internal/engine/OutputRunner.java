/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.engine.plan.Arena;
import org.lora4j.internal.engine.plan.InputKey;
import org.lora4j.internal.engine.plan.KnownShapes;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Runs a graph for certain outputs, with all that the engine does to a gradient graph: values round as they do there. */
final class OutputRunner {

    private final SameDiff prepared;
    private final List<String> outputs;
    private final Engine engine;
    private final Arena arena;
    private final boolean tracing;
    private final List<Finished> graphs = new ArrayList<>();
    private final Map<String, Session> byShapes = new HashMap<>();
    private Session unfinished;
    private boolean ofValues = true;

    private record Finished(RequestedShapes asked, Session session) {}

    private OutputRunner(SameDiff prepared, List<String> outputs, Engine engine, Arena arena, boolean tracing) {
        this.prepared = prepared;
        this.outputs = outputs;
        this.engine = engine;
        this.arena = arena;
        this.tracing = tracing;
    }

    /** For a frozen prefix, of which the shapes are always found out, if it must be by a run. */
    static OutputRunner ofPrefix(SameDiff prepared, List<String> outputs, Engine engine) {
        return new OutputRunner(prepared, outputs, engine, new Arena(), true);
    }

    /** For outputs, which are computed op by op where shapes are not known without a run. */
    static OutputRunner of(SameDiff prepared, List<String> outputs, Engine engine, Arena arena) {
        return new OutputRunner(prepared, outputs, engine, arena, false);
    }

    Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        // Nothing is known of its shapes, whatever the inputs.
        if (unfinished != null) {
            return unfinished.run(placeholders, outputs);
        }
        return byShapes.computeIfAbsent(InputKey.of(placeholders, ofValues), key -> session(placeholders))
                .run(placeholders, outputs);
    }

    private Session session(Map<String, INDArray> placeholders) {
        Optional<KnownShapes> shapes = tracing
                ? Optional.of(ShapeTrace.of(engine, prepared, placeholders, outputs))
                : ShapeTrace.known(engine, prepared, placeholders, outputs);
        return shapes.map(this::finished).orElseGet(this::unfinished);
    }

    private Session finished(KnownShapes found) {
        ofValues = found.ofValues();
        Map<String, long[]> shapes = found.shapes();
        for (Finished known : graphs) {
            if (known.asked().answersAreTheSameFor(shapes)) {
                return known.session();
            }
        }
        RequestedShapes asked = new RequestedShapes(shapes);
        SameDiff finished = engine.finish(engine.fuse(prepared, asked, outputs, false), asked, outputs);
        Finished graph = new Finished(asked.frozen(), engine.session(finished, arena));
        graphs.add(graph);
        return graph.session();
    }

    private Session unfinished() {
        unfinished = engine.session(engine.forOutputs(prepared), arena);
        return unfinished;
    }
}
