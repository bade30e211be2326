/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.internal.samediff.form.ModuleSites;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.samediff.GraphModule;
import org.lora4j.serve.ServedUpdate.Part;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The graph of a base in which modules have an update of their own for each row. Factors come in as placeholders {@code
 * [rows, rank, in]} and {@code [rows, rank, out]}, with the rank of the largest adapter in the batch and zeros below the
 * smaller ones; {@code [rows, in, out]} and {@code [rows, 1, out]} for what is saved in full.
 */
final class MixedGraph implements MixedModel {

    /** Of every placeholder that is added. */
    static final String PREFIX = "lora4j.serve.";

    private static final String ROWS = PREFIX + "rows";

    private final Map<String, Set<Part>> parts;
    private final List<String> outputs;
    private final Map<String, GraphModule> modules = new LinkedHashMap<>();
    private final RunnerPool<GraphExecutor> executors;
    /** Not if all modules that adapters change are shared by the rows. */
    private final boolean takesRows;

    /**
     * Builds the graph.
     *
     * @param threads share the rows of one batch
     */
    MixedGraph(
            SameDiff base, ServableModules servable, List<String> outputs, Map<String, Set<Part>> parts, int threads) {
        this.parts = parts;
        this.outputs = outputs;
        GraphCopy copy = GraphCopy.of(base);
        Map<Long, SDVariable> shapes = new LinkedHashMap<>();
        Map<String, List<SharedUpdate>> taken = new LinkedHashMap<>();
        parts.forEach((path, needed) -> {
            GraphModule module = servable.get(path);
            modules.put(path, module);
            for (Site site : ModuleSites.of(module)) {
                SharedInput shared = servable.shared(site);
                if (shared == null) {
                    copy.rewrite(
                            site.op(), context -> List.of(new Rewrite(context, site, path, needed, shapes).emit()));
                } else {
                    String x = GraphOrder.inputs(base.getOps().get(site.op())).get(site.dataInput());
                    shared.places()
                            .forEach(place -> taken.computeIfAbsent(place.gather(), op -> new ArrayList<>())
                                    .add(new SharedUpdate(x, place.factor(), path, needed)));
                }
            }
        });
        taken.forEach((op, updates) -> copy.rewrite(op, context -> List.of(SharedUpdate.emit(context, updates))));
        // The prototype never runs, so that copies of it can be made at any time.
        GraphExecutor prototype =
                ParallelExecutor.of(SameDiffExecutor.forInference(copy.build()).withKernels(), threads);
        this.executors = new RunnerPool<>(prototype::fork, GraphExecutor::release);
        this.takesRows = !shapes.isEmpty();
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> inputs, List<ServedAdapter> adapters) {
        return executors.with(executor -> {
            Map<String, INDArray> factors = new LinkedHashMap<>();
            try {
                fill(adapters, factors);
                Map<String, INDArray> all = new LinkedHashMap<>(inputs);
                all.putAll(factors);
                // Batches are computed side by side, each with the threads that it was given.
                return NativeThreads.one(() -> executor.output(all, outputs));
            } finally {
                factors.values().forEach(INDArray::close);
            }
        });
    }

    @Override
    public void close() {
        executors.close();
    }

    /** How many executors wait for work. */
    int idle() {
        return executors.idle();
    }

    private void fill(List<ServedAdapter> adapters, Map<String, INDArray> factors) {
        if (takesRows) {
            factors.put(ROWS, Nd4j.zeros(DataType.FLOAT, adapters.size()));
        }
        parts.forEach((path, needed) -> fill(path, needed, adapters, factors));
    }

    private void fill(String path, Set<Part> needed, List<ServedAdapter> adapters, Map<String, INDArray> placeholders) {
        long in = modules.get(path).shape().inputs();
        long out = modules.get(path).shape().outputs();
        List<ServedUpdate> updates =
                adapters.stream().map(adapter -> adapter.update(path)).toList();
        if (needed.contains(Part.LOW_RANK)) {
            int rank = Math.max(
                    1,
                    updates.stream().mapToInt(update -> update.rank(in)).max().orElse(1));
            placeholders.put(name(path, "down"), stack(updates, ServedUpdate::down, rank, in));
            placeholders.put(name(path, "up"), stack(updates, ServedUpdate::up, rank, out));
        }
        if (needed.contains(Part.WEIGHT)) {
            placeholders.put(name(path, "weight"), stack(updates, ServedUpdate::weight, in, out));
        }
        if (needed.contains(Part.BIAS)) {
            placeholders.put(name(path, "bias"), stack(updates, ServedUpdate::bias, 1, out));
        }
    }

    private static INDArray stack(
            List<ServedUpdate> updates, Function<ServedUpdate, float[]> part, long height, long width) {
        long size = Math.multiplyExact(height, width);
        long[] shape = {updates.size(), height, width};
        boolean full = updates.stream().map(part).allMatch(values -> values != null && values.length == size);
        INDArray stacked =
                full ? Nd4j.createUninitialized(DataType.FLOAT, shape, 'c') : Nd4j.create(DataType.FLOAT, shape, 'c');
        try (DenseArray rows = DenseArray.toBeWritten(stacked)) {
            for (int row = 0; row < updates.size(); row++) {
                float[] values = part.apply(updates.get(row));
                if (values != null) {
                    rows.write(row * size, values, values.length);
                }
            }
            rows.flush();
        }
        return stacked;
    }

    private static String name(String path, String part) {
        return PREFIX + path + "." + part;
    }

    /** What adapters add to rows {@code [rows, positions, in]}; null if nothing. */
    private static SDVariable update(OpContext context, String path, Set<Part> parts, SDVariable x, SDVariable like) {
        SameDiff graph = context.graph();
        SDVariable update = null;
        if (parts.contains(Part.LOW_RANK)) {
            SDVariable thin = graph.mmul(x, context.placeholder(name(path, "down"), like), false, true, false);
            update = graph.mmul(thin, context.placeholder(name(path, "up"), like));
        }
        if (parts.contains(Part.WEIGHT)) {
            SDVariable whole = graph.mmul(x, context.placeholder(name(path, "weight"), like));
            update = update == null ? whole : update.add(whole);
        }
        return update;
    }

    /**
     * What the adapters of rows add to rows that all share, where they are taken.
     *
     * @param x what goes into the module
     * @param factor what its output is multiplied by before it is taken
     */
    private record SharedUpdate(String x, double factor, String path, Set<Part> parts) {

        /** Emits the place with what all its modules add. */
        static SDVariable emit(OpContext context, List<SharedUpdate> updates) {
            SDVariable taken = context.original().get(0);
            for (SharedUpdate one : updates) {
                SDVariable like = context.input(0);
                SDVariable update = null;
                if (one.parts.contains(Part.LOW_RANK) || one.parts.contains(Part.WEIGHT)) {
                    SDVariable rows = context.graph().gather(context.graph().getVariable(one.x), context.input(1), 0);
                    update = update(context, one.path, one.parts, rows, like);
                }
                if (one.parts.contains(Part.BIAS)) {
                    SDVariable bias = context.placeholder(name(one.path, "bias"), like);
                    update = update == null ? bias : update.add(bias);
                }
                taken = taken.add(one.factor == 1 ? update : update.mul(one.factor));
            }
            return taken;
        }
    }

    /** Emits one use of a module with its update. */
    private record Rewrite(OpContext context, Site site, String path, Set<Part> parts, Map<Long, SDVariable> shapes) {

        SDVariable emit() {
            SameDiff graph = context.graph();
            List<SDVariable> inputs = context.inputs();
            SDVariable output = site.form().base(context, inputs);
            SDVariable x = perRow(inputs.get(site.dataInput()), site.shape().inputs());
            SDVariable update = update(context, path, parts, x, inputs.get(site.dataInput()));
            if (parts.contains(Part.BIAS)) {
                SDVariable sum = update == null ? perRow(output, site.shape().outputs()) : update;
                update = sum.add(placeholder("bias"));
                if (parts.size() == 1) {
                    return site.form().finish(context, graph.reshape(update, graph.shape(output)));
                }
            }
            return site.form().finish(context, output.add(graph.reshape(update, graph.shape(output))));
        }

        private SDVariable placeholder(String part) {
            return context.placeholder(name(path, part), context.inputs().get(site.dataInput()));
        }

        // [rows, positions, width], whatever the graph makes of rows and positions.
        private SDVariable perRow(SDVariable value, long width) {
            SameDiff graph = context.graph();
            SDVariable shape = shapes.computeIfAbsent(width, w -> {
                SDVariable rows = context.placeholder(ROWS, context.inputs().get(site.dataInput()));
                SDVariable rest = context.leaf(
                        PREFIX + "shape." + w, VariableType.CONSTANT, Nd4j.createFromArray(-1L, w.longValue()));
                return graph.concat(0, graph.shape(rows), rest);
            });
            return graph.reshape(value, shape);
        }
    }
}
