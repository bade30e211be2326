/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.plan.Arena;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Runs a frozen prefix with all that the engine does to a gradient graph, so that its values round as they do there. */
final class PrefixRunner {

    private final SameDiff prefix;
    private final List<String> outputs;
    private final Engine engine;
    private final Arena arena = new Arena();
    private final List<Finished> graphs = new ArrayList<>();
    private final Map<String, Finished> byShapes = new HashMap<>();

    private record Finished(AskedShapes asked, Session session) {}

    PrefixRunner(SameDiff prefix, List<String> outputs, Engine engine) {
        this.prefix = prefix;
        this.outputs = outputs;
        this.engine = engine;
    }

    Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        Finished graph = byShapes.computeIfAbsent(Inputs.shapeKey(placeholders), key -> finish(placeholders));
        return graph.session().run(placeholders, outputs);
    }

    private Finished finish(Map<String, INDArray> placeholders) {
        Map<String, long[]> shapes = ShapeTrace.of(engine, prefix, placeholders, outputs);
        for (Finished known : graphs) {
            if (known.asked().answersAreTheSameFor(shapes)) {
                return known;
            }
        }
        AskedShapes asked = new AskedShapes(shapes);
        SameDiff finished = engine.finish(prefix, asked, outputs);
        Finished graph = new Finished(asked.frozen(), engine.session(finished, arena));
        graphs.add(graph);
        return graph;
    }
}
