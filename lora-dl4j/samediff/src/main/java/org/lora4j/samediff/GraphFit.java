/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.host.AdapterFit;
import org.lora4j.internal.host.PerModule;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Whether an adapter fits a graph: what it has and the graph lacks, what its config asks for and it lacks, and what has
 * another shape.
 */
final class GraphFit {

    private final SameDiff base;
    private final GraphSelection.Scope scope;
    private final Adapter adapter;
    private final Problems problems;
    private final GraphSelection expected;
    private final Map<String, Target> targets = new LinkedHashMap<>();
    private final Map<String, Long> groups = new LinkedHashMap<>();

    /** Compares; {@code problems} receives every difference. */
    GraphFit(SameDiff base, GraphSelection.Scope scope, Adapter adapter, Problems problems) {
        this.base = base;
        this.scope = scope;
        this.adapter = adapter;
        this.problems = problems;
        this.expected = GraphSelection.of(adapter.config(), scope, adapter.modules(), problems);
        expected.targets().forEach(target -> targets.put(target.path(), target));
        adapter.modules().forEach(this::checkModule);
        checkComplete();
        checkSaved();
    }

    /** The targets by path in the adapter. */
    Map<String, Target> targets() {
        return targets;
    }

    /** The rows that the adapter replaces. */
    List<ReplacedTokenRows<GraphModule>> tokens() {
        return expected.tokens();
    }

    /** The groups of B of a target, 1 but for grouped convolutions. */
    long groups(String path) {
        return groups.getOrDefault(path, 1L);
    }

    private void checkModule(String path, Map<String, INDArray> all) {
        Map<String, INDArray> tensors = new TreeMap<>(all);
        tensors.remove(PeftTensor.TOKEN_ROWS.suffix());
        boolean isKnown = scope.graph().get(path) != null || targets.containsKey(path);
        if (TokenRowsMethod.original(adapter.config(), path, adapter.modules()).isPresent()) {
            return;
        }
        if (!isKnown) {
            Set<String> known = new LinkedHashSet<>(scope.graph().paths());
            known.addAll(targets.keySet());
            problems.add("module \"" + path + "\" of the adapter is not in the graph"
                    + (SpareModules.isPooler(path)
                            ? ": " + SpareModules.absence(path)
                            : ClosestNames.hint(path, known)));
            return;
        }
        if (!tensors.isEmpty()) {
            AdapterConfig config = adapter.config();
            Target target = targets.computeIfAbsent(
                    path, p -> GraphSelection.target(config, scope.graph().get(p)));
            PerModule.of(path, () -> target.method().cut(target.module().shape(), target.rank(), tensors), problems)
                    .ifPresent(own -> PerModule.of(path, () -> expectedFactors(path, target, own), problems)
                            .ifPresent(shapes -> AdapterFit.checkFactors(
                                    path, target.method(), target.module().shape(), shapes, own, problems)));
        }
    }

    private Map<String, long[]> expectedFactors(String path, Target target, Map<String, INDArray> tensors) {
        ModuleShape shape = target.module().shape();
        INDArray b = tensors.get(LoraMethod.B);
        boolean grouped = shape.kind() == ModuleShape.Kind.CONVOLUTION
                && b != null
                && b.rank() > 2
                && b.size(1) > 0
                && b.size(1) < target.rank()
                && target.rank() % b.size(1) == 0;
        long parts = grouped ? target.rank() / b.size(1) : 1;
        if (parts == 1 || shape.inputs() % parts != 0 || shape.outputs() % parts != 0) {
            return target.method().factors(shape, target.rank());
        }
        groups.put(path, parts);
        problems.check(
                Grouped.isBlockDiagonal(weight(target.module()), parts),
                "module \"" + path + "\": " + LoraMethod.B + " has shape " + Arrays.toString(b.shape()) + " for "
                        + parts + " groups of channels, but the weight in the graph is not split into " + parts
                        + " groups");
        long[] kernel = shape.kernel().stream().mapToLong(Long::longValue).toArray();
        return target.method()
                .factors(ModuleShape.groupedConvolution(shape.inputs(), shape.outputs(), parts, kernel), target.rank());
    }

    private INDArray weight(GraphModule module) {
        return module.weightLayout().toPeft(StoredWeights.value(base, module.weight()), module.shape());
    }

    private void checkComplete() {
        for (Target target : expected.targets()) {
            Map<String, INDArray> found = adapter.modules().get(target.path());
            boolean none = found == null || found.keySet().equals(Set.of(PeftTensor.TOKEN_ROWS.suffix()));
            problems.check(!none, AdapterFit.missing(target.path(), target.method()));
        }
        ReplacedTokenRows.checkFit(adapter.config(), expected.tokens(), adapter.modules(), problems);
    }

    private void checkSaved() {
        Map<String, Supplier<long[]>> known = new LinkedHashMap<>();
        scope.parameters()
                .forEach(parameter -> known.put(
                        parameter.path(), () -> parameter.peftShape(StoredWeights.value(base, parameter.variable()))));
        AdapterFit.checkSaved(
                adapter,
                known,
                expected.parameters().stream().map(GraphParameter::path).toList(),
                "graph",
                problems);
    }
}
