/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.host.FactorMemory;
import org.lora4j.internal.host.PerModule;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.quant.StoredWeights;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.LiveAdapter.Copy;
import org.lora4j.samediff.LiveAdapter.Live;
import org.lora4j.samediff.LiveAdapter.Part;
import org.lora4j.samediff.LiveAdapter.Tokens;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes the adapters of one graph, fresh ones and imported ones. */
final class LiveAdapters {

    private final SameDiff base;
    private final GraphSelection.Scope scope;
    private final BaseHashes hashes;
    private final Map<String, Supplier<INDArray>> values = new LinkedHashMap<>();

    LiveAdapters(SameDiff base, GraphModules graph, List<GraphParameter> parameters) {
        this.base = base;
        this.scope = new GraphSelection.Scope(
                base, graph, parameters, new TargetParameters(base, parameters), SpareModules.of(base, graph));
        Map<String, Supplier<INDArray>> exact = new LinkedHashMap<>();
        Map<String, String> variables = new HashMap<>();
        Collection<String> stored = StoredWeights.names(base);
        for (GraphParameter parameter : parameters) {
            values.put(parameter.path(), () -> parameter.toPeft(array(parameter.variable())));
            if (!stored.contains(parameter.variable())) {
                exact.put(parameter.path(), values.get(parameter.path()));
                variables.put(parameter.path(), parameter.variable());
            }
        }
        this.hashes = new BaseHashes(exact, path -> array(variables.get(path)));
    }

    BaseHashes hashes() {
        return hashes;
    }

    /** How to get each parameter of the base, by path, in the layout of adapter files. */
    Map<String, Supplier<INDArray>> values() {
        return Collections.unmodifiableMap(values);
    }

    /** Makes a fresh adapter; {@code taken} are the variables of the other adapters. */
    LiveAdapter fresh(String name, AdapterConfig config, long seed, Set<String> taken) {
        return fresh(name, config, seed, taken, null);
    }

    /** Makes a fresh adapter that starts where it is told. */
    LiveAdapter started(String name, StartedAdapter start, Set<String> taken) {
        Set<String> meant = new LinkedHashSet<>();
        targets(start.config()).forEach(target -> meant.add(target.path()));
        if (!meant.equals(start.factors().keySet())) {
            throw new IllegalArgumentException("startAdapter " + MessageText.name(name) + ": the start is one of "
                    + Problems.quoted(start.factors().keySet()) + "; expected the targets of its config on this graph, "
                    + Problems.quoted(meant) + ". Add it to the model that it was made for.");
        }
        return fresh(name, start.config(), 0, taken, start);
    }

    /** What a config of an adapter means here. */
    List<Target> targets(AdapterConfig config) {
        return GraphSelection.checked(config, scope).targets();
    }

    private LiveAdapter fresh(String name, AdapterConfig config, long seed, Set<String> taken, StartedAdapter given) {
        GraphSelection selection = GraphSelection.checked(config, scope);
        List<GraphModule> modules =
                selection.targets().stream().map(Target::module).toList();
        checkDropout("adapter \"" + name + "\"", config, modules);
        Making making = new Making(name, PeftFile.of(config), taken);
        PerModule refused = new PerModule();
        Map<String, ModuleShape> shapes = new LinkedHashMap<>();
        selection.targets().forEach(target -> shapes.put(target.path(), shapeOf(target.module())));
        Map<String, long[]> shared = AdapterMethods.shared(config, shapes);
        if (given == null) {
            FactorMemory.require(name, config, shapes, shared);
        }
        for (Target target : selection.targets()) {
            if (given != null) {
                making.add(
                        target,
                        given.factors().get(target.path()),
                        given.givenUp().getOrDefault(target.path(), Map.of()),
                        1);
                continue;
            }
            ModuleShape shape = shapes.get(target.path());
            FactorStart start = start(config, target, shape, seed, shared);
            refused.of(target.path(), () -> requireOwnBias(target).method().initialize(start))
                    .ifPresent(factors ->
                            making.add(target, factors, target.method().given(start, factors), groups(shape)));
        }
        refused.throwIfAny(name);
        for (ReplacedTokenRows<GraphModule> rows : selection.tokens()) {
            making.add(rows, startOf(rows));
        }
        for (GraphParameter parameter : selection.parameters()) {
            requireOneGroup(config, parameter);
            making.add(parameter, parameter.toPeft(array(parameter.variable())));
        }
        return making.done();
    }

    /** A bias that is added behind the op is changed for all who read it. */
    private Target requireOwnBias(Target target) {
        boolean changes = target.method().traits().biasEffect() == BiasEffect.CHANGES;
        if (changes && BiasReaders.isBehind(base, target.module()) && !BiasReaders.areOwn(base, target.module())) {
            throw new IllegalArgumentException(target.method().traits().name() + " changes the bias "
                    + MessageText.name(target.module().bias())
                    + ", which another part of the graph reads, too, or which not every use of the"
                    + " module adds; expected a bias of its own. Exclude the module.");
        }
        return target;
    }

    /** The shape of a module; of a convolution that a graph spells as a dense one with its groups, as PEFT sees it. */
    private ModuleShape shapeOf(GraphModule module) {
        ModuleShape shape = module.shape();
        long groups = Grouped.groups(base, module);
        long[] kernel = shape.kernel().stream().mapToLong(Long::longValue).toArray();
        return groups == 1 ? shape : ModuleShape.groupedConvolution(shape.inputs(), shape.outputs(), groups, kernel);
    }

    private static long groups(ModuleShape shape) {
        return shape.isGrouped() ? shape.parts() : 1;
    }

    /** What learns in full would fill the zeros between groups. */
    private void requireOneGroup(AdapterConfig config, GraphParameter parameter) {
        GraphModule module = parameter.weightOf();
        if (module != null && shapeOf(module).isGrouped()) {
            throw new IllegalArgumentException(config.getClass().getSimpleName() + ": \"" + parameter.path()
                    + "\" is the weight of a convolution over " + groups(shapeOf(module))
                    + " groups of channels, which would not stay apart; expected other modulesToSave. Adapt it through"
                    + " targetModules.");
        }
    }

    private FactorStart start(
            AdapterConfig config, Target target, ModuleShape shape, long seed, Map<String, long[]> shared) {
        GraphModule module = target.module();
        return new FactorStart(
                shape,
                target.rank(),
                target.scaling(),
                config.initialization(),
                RandomStreams.of(seed, module.path()),
                base.getVariable(module.weight()).dataType(),
                shared,
                () -> module.weightLayout().toPeft(array(module.weight()), module.shape()));
    }

    private INDArray startOf(ReplacedTokenRows<GraphModule> rows) {
        GraphModule module = rows.module();
        return new TokenRowsMethod(rows.rows())
                .of(module.weightLayout().toPeft(array(module.weight()), module.shape()));
    }

    /** Refuses dropout where there is no activation to drop. */
    static void checkDropout(String where, AdapterConfig config, Iterable<GraphModule> modules) {
        Set<String> impossible = new LinkedHashSet<>();
        modules.forEach(module -> {
            if (module.fedByWeight()) {
                impossible.add(module.path());
            }
        });
        if (config.dropout() > 0 && !impossible.isEmpty()) {
            throw new IllegalArgumentException(where + ": dropout = " + config.dropout()
                    + " with projections inside an attention op (" + Problems.quoted(impossible)
                    + "); expected 0, because the adapter is added to the weight there and sees no activation."
                    + " Set dropout to 0 or exclude these modules.");
        }
    }

    /** Checks an adapter and copies its values; {@code taken} are the variables of the other adapters. */
    LiveAdapter imported(String name, Adapter adapter, Set<String> taken) {
        AdapterConfig config = adapter.config();
        Problems problems = new Problems();
        GraphFit fit = new GraphFit(base, scope, adapter, problems);
        fit.targets().values().forEach(target -> PerModule.of(target.path(), () -> requireOwnBias(target), problems));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("adapter " + MessageText.name(name) + " on this graph")
                    + ". The adapter was made for another base model, or modules go by other names here: compare with"
                    + " Lora.modules(graph), and name modules where they differ.");
        }
        hashes.require(name, adapter);
        Making making = new Making(name, new PeftFile(config, adapter.extras()), taken);
        adapter.modules().forEach((path, tensors) -> {
            Map<String, INDArray> factors = new LinkedHashMap<>(tensors);
            factors.remove(PeftTensor.TOKEN_ROWS.suffix());
            if (!factors.isEmpty()) {
                Target target = fit.targets().get(path);
                making.add(target, factors, startOf(adapter, target), fit.groups(path));
            }
        });
        for (ReplacedTokenRows<GraphModule> rows : fit.tokens()) {
            making.add(rows, adapter.modules().get(rows.module().path()).get(PeftTensor.TOKEN_ROWS.suffix()));
        }
        for (GraphParameter parameter : scope.parameters()) {
            INDArray saved = adapter.savedParameters().get(parameter.path());
            if (saved != null) {
                making.add(parameter, saved);
            }
        }
        return making.done();
    }

    // A file that brings the weight of a target brings what was left of it.
    private Map<String, INDArray> startOf(Adapter adapter, Target target) {
        AdapterConfig config = adapter.config();
        boolean moved = config.movesBase()
                && !adapter.savedParameters().containsKey(target.module().weightPath());
        return moved ? given(target, start(config, target, target.module().shape(), 0, Map.of())) : Map.of();
    }

    private static Map<String, INDArray> given(Target target, FactorStart start) {
        return target.method().given(start, target.method().initialize(start));
    }

    private INDArray array(String variable) {
        return StoredWeights.value(base, variable);
    }

    /** One adapter in the making. */
    private final class Making {
        private final String name;
        private final PeftFile file;
        private final Set<String> taken;
        private final Map<String, Part> parts = new LinkedHashMap<>();
        private final Map<String, Tokens> tokens = new LinkedHashMap<>();
        private final Map<String, INDArray> shared = new LinkedHashMap<>();
        private final Map<String, Copy> copies = new LinkedHashMap<>();

        Making(String name, PeftFile file, Set<String> takenByOthers) {
            this.name = name;
            this.file = file;
            taken = new HashSet<>(takenByOthers);
            taken.addAll(base.getVariables().keySet());
            // A variable that is called like an op computes to null in SameDiff M2.1.
            taken.addAll(base.getOps().keySet());
        }

        void add(Target target, Map<String, INDArray> factors, Map<String, INDArray> start, long groups) {
            factors.forEach((suffix, tensor) -> {
                if (target.method().traits().is(suffix, FactorTrait.SHARED)) {
                    shared.putIfAbsent(
                            suffix,
                            tensor.castTo(array(target.module().weight()).dataType()));
                }
            });
            Map<String, INDArray> own = target.method().cut(target.module().shape(), target.rank(), factors);
            Part part = new Part(target, live(target, own, ""), live(target, start, ".start"), groups);
            parts.put(target.module().path(), part);
        }

        private Map<String, Live> live(Target target, Map<String, INDArray> tensors, String ending) {
            GraphModule module = target.module();
            Map<String, Live> live = new LinkedHashMap<>();
            tensors.forEach((suffix, tensor) -> {
                boolean integers = PeftTensor.ofSuffix(suffix)
                        .filter(PeftTensor::isInteger)
                        .isPresent();
                DataType type = base.getVariable(module.weight()).dataType();
                INDArray array = target.layout(suffix).factorFromPeft(integers ? tensor : tensor.castTo(type));
                live.put(suffix, new Live(free(variable(module.path(), suffix) + ending), array));
            });
            return live;
        }

        void add(ReplacedTokenRows<GraphModule> rows, INDArray values) {
            String path = rows.module().path();
            INDArray array =
                    values.castTo(array(rows.module().weight()).dataType()).dup('c');
            tokens.put(path, new Tokens(rows, new Live(free(variable(path, PeftTensor.TOKEN_ROWS.suffix())), array)));
        }

        void add(GraphParameter parameter, INDArray tensor) {
            INDArray original = array(parameter.variable());
            INDArray array = parameter.fromPeft(tensor.castTo(original.dataType()), original.shape());
            String variable =
                    parameter.exclusive() ? parameter.variable() : free(parameter.path() + ".modules_to_save." + name);
            copies.put(parameter.path(), new Copy(parameter, new Live(variable, array)));
        }

        // As PEFT has it in memory: the adapter's name behind the factor's.
        private String variable(String path, String suffix) {
            return path + "." + suffix.replaceAll("\\.weight$", "") + "." + name;
        }

        private String free(String wanted) {
            String free = wanted;
            for (int i = 2; !taken.add(free); i++) {
                free = wanted + "." + i;
            }
            return free;
        }

        LiveAdapter done() {
            return new LiveAdapter(name, file, parts, tokens, shared, copies, null);
        }
    }
}
