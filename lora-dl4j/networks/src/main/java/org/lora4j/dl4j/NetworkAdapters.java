/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.dl4j.NetworkAdapter.Copy;
import org.lora4j.dl4j.NetworkAdapter.Part;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.StackedModules;
import org.lora4j.internal.host.AdapterFit;
import org.lora4j.internal.host.FactorMemory;
import org.lora4j.internal.host.PerModule;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.internal.host.Selection;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the adapters of one network, fresh ones and imported ones. */
final class NetworkAdapters {

    private static final Logger LOG = LoggerFactory.getLogger(NetworkAdapters.class);

    private final NetworkModules modules;
    private final Map<String, NetworkParameter> parameters = new HashMap<>();
    private final Map<String, List<INDArray>> baseHistory;
    private final BaseHashes hashes;
    private final Map<String, Supplier<INDArray>> values = new LinkedHashMap<>();
    private int next;

    /** {@code baseHistory} is what the base's updater remembers, by {@code layer/name}. */
    NetworkAdapters(NetworkModules modules, Map<String, List<INDArray>> baseHistory) {
        this.modules = modules;
        this.baseHistory = baseHistory;
        modules.parameters().forEach(parameter -> {
            parameters.put(parameter.path(), parameter);
            values.put(parameter.path(), parameter::peftValue);
        });
        this.hashes = new BaseHashes(values, path -> parameters.get(path).value());
    }

    BaseHashes hashes() {
        return hashes;
    }

    /** How to get each parameter of the base, by path, in the layout of adapter files. */
    Map<String, Supplier<INDArray>> values() {
        return Collections.unmodifiableMap(values);
    }

    NetworkParameter parameter(String path) {
        return parameters.get(path);
    }

    NetworkAdapter fresh(String name, AdapterConfig config, long seed) {
        Selection<NetworkModule, NetworkParameter> selection = Selection.checked(config, modules.choice());
        requireMethod(name, config, selection.modules());
        Map<String, Map<String, INDArray>> tensors = new LinkedHashMap<>();
        Map<String, ModuleShape> shapes = new LinkedHashMap<>();
        selection.modules().forEach(module -> shapes.put(module.path(), module.shape()));
        Map<String, long[]> shared = AdapterMethods.shared(config, shapes);
        FactorMemory.require(name, config, shapes, shared);
        PerModule refused = new PerModule();
        Stream.concat(selection.modules().stream(), selection.weights().stream().map(NetworkParameter::weightOf))
                .forEach(module -> refused.of(
                                module.path(),
                                () -> method(config, module).initialize(start(config, selection, module, seed, shared)))
                        .ifPresent(factors -> tensors.put(module.path(), new LinkedHashMap<>(factors))));
        refused.throwIfAny(name);
        for (ReplacedTokenRows<NetworkModule> rows : selection.tokens()) {
            NetworkModule module = rows.module();
            tensors.computeIfAbsent(module.path(), path -> new LinkedHashMap<>())
                    .putAll(new TokenRowsMethod(rows.rows())
                            .initialize(start(config, selection, module, seed, Map.of())));
        }
        Map<String, INDArray> saved = new LinkedHashMap<>();
        selection.parameters().forEach(parameter -> saved.put(parameter.path(), parameter.peftValue()));
        reportUnmergeable(
                name,
                selection.modules().stream()
                        .filter(module -> method(config, module).traits().biasEffect() == BiasEffect.ADDS)
                        .toList());
        PeftFile file = stacked(selection.modules()).in(PeftFile.of(config));
        return possible(adapter(name, file, seed, selection, tensors, saved), true);
    }

    // Allowed, as in PEFT, which warns as well.
    private void reportUnmergeable(String name, List<NetworkModule> chosen) {
        List<String> without = chosen.stream()
                .filter(module -> modules.biasOf(module).isEmpty())
                .map(NetworkModule::path)
                .toList();
        if (!without.isEmpty()) {
            LOG.warn(
                    "adapter \"{}\" can be trained and used but not merged: loraBias gives the updates of {} a bias, and"
                            + " these modules have none that it could be added to",
                    name,
                    Problems.quoted(without));
        }
    }

    private static StackedModules stacked(List<NetworkModule> chosen) {
        Map<String, Integer> parts = new LinkedHashMap<>();
        for (NetworkModule module : chosen) {
            if (module.shape().kind() == ModuleShape.Kind.EXPERTS
                    && module.shape().parts() > 1) {
                parts.put(module.path(), Math.toIntExact(module.shape().parts()));
            }
        }
        return new StackedModules(parts);
    }

    private static AdapterMethod method(AdapterConfig config, NetworkModule module) {
        return AdapterMethods.of(config, module.path(), module.shape());
    }

    private FactorStart start(
            AdapterConfig config,
            Selection<NetworkModule, NetworkParameter> selection,
            NetworkModule module,
            long seed,
            Map<String, long[]> shared) {
        String named = selection.named(module.path());
        INDArray weight = parameter(module.path() + ".weight").value();
        return new FactorStart(
                selection.shapeOf(module),
                config.rankOf(named),
                config.scalingOf(named),
                config.initialization(),
                RandomStreams.of(seed, named),
                weight.dataType(),
                shared,
                () -> module.weight().toPeft(weight));
    }

    NetworkAdapter imported(String name, Adapter given) {
        Adapter adapter = withVectors(given);
        requireMethod(
                name,
                adapter.config(),
                adapter.modules().entrySet().stream()
                        .filter(module ->
                                !ReplacedTokenRows.without(module.getValue()).isEmpty())
                        .map(module -> modules.get(module.getKey()))
                        .filter(Objects::nonNull)
                        .toList());
        Selection<NetworkModule, NetworkParameter> selection = AdapterFit.require(name, adapter, modules.choice());
        hashes.require(name, adapter);
        PeftFile file = new PeftFile(adapter.config(), adapter.extras());
        return possible(adapter(name, file, 0, selection, adapter.modules(), adapter.savedParameters()), false);
    }

    /** Files of earlier versions have gains of features as rows, as layers have them. */
    private Adapter withVectors(Adapter adapter) {
        Map<String, INDArray> vectors = new LinkedHashMap<>();
        adapter.savedParameters().forEach((path, value) -> {
            NetworkParameter parameter = parameter(path);
            if (parameter != null
                    && parameter.isVector()
                    && value.rank() > 1
                    && Arrays.equals(value.shape(), parameter.value().shape())) {
                vectors.put(path, value.reshape(parameter.peftShape()));
            }
        });
        if (vectors.isEmpty()) {
            return adapter;
        }
        Map<String, INDArray> saved = new LinkedHashMap<>(adapter.savedParameters());
        saved.putAll(vectors);
        return Adapter.of(adapter.config(), adapter.extras(), adapter.modules(), saved)
                .withBaseHashes(adapter.baseHashes());
    }

    /** Further adapters get numbers above this one. */
    void reserve(int index) {
        next = Math.max(next, Math.addExact(index, 1));
    }

    private void requireMethod(String name, AdapterConfig config, List<NetworkModule> chosen) {
        List<NetworkModule> without = chosen.stream()
                .filter(module -> !modules.has(module, method(config, module)))
                .toList();
        if (!without.isEmpty()) {
            List<String> modulesAndKinds = without.stream()
                    .map(module -> module.path() + " (" + module.kind() + ")")
                    .toList();
            AdapterMethod method = method(config, without.get(0));
            String asked = method.traits()
                    .option()
                    .map(option -> option + " = true")
                    .orElse(method.traits().name());
            throw new IllegalArgumentException("adapter " + MessageText.name(name) + ": " + asked + " with modules "
                    + Problems.quoted(modulesAndKinds) + ", whose kinds of layers have no "
                    + method.traits().name()
                    + "; expected modules of "
                    + LayerKinds.namesWithEveryMethod() + ". Exclude these modules, or use plain LoRA.");
        }
    }

    private NetworkAdapter adapter(
            String name,
            PeftFile file,
            long seed,
            Selection<NetworkModule, NetworkParameter> selection,
            Map<String, Map<String, INDArray>> tensors,
            Map<String, INDArray> saved) {
        Map<String, Part> parts = new LinkedHashMap<>();
        Map<String, Part> tokens = new LinkedHashMap<>();
        Map<String, INDArray> shared = new LinkedHashMap<>();
        // In the order of the network, whatever the order of the file: two directions must agree in it.
        for (NetworkModule module : modules.modules()) {
            String path = module.path();
            Map<String, INDArray> own = tensors.getOrDefault(path, Map.of());
            Map<String, INDArray> factors = ReplacedTokenRows.without(own);
            if (!factors.isEmpty()) {
                Part part = part(file, module, selection, seed, factors, saved.keySet());
                parts.put(path, part);
                Map<String, INDArray> whole = new LinkedHashMap<>(factors);
                whole.keySet()
                        .removeIf(suffix ->
                                !part.method().traits().is(suffix, FactorTrait.SHARED) || shared.containsKey(suffix));
                shared.putAll(copies(module, whole));
            }
            if (own.size() > factors.size()) {
                INDArray rows = own.get(TokenRowsMethod.ROWS);
                AdapterMethod method = new TokenRowsMethod(file.config().tokenRows(path));
                int count = Math.toIntExact(rows.size(0));
                Map<String, INDArray> fresh = copies(module, Map.of(TokenRowsMethod.ROWS, rows));
                tokens.put(path, new Part(module, path, method, count, fresh, Map.of()));
            }
        }
        Map<String, Copy> copies = new LinkedHashMap<>();
        Map<String, List<INDArray>> history = new HashMap<>();
        for (NetworkParameter parameter : modules.parameters()) {
            INDArray tensor = saved.get(parameter.path());
            if (tensor != null) {
                INDArray value =
                        parameter.fromPeft(tensor.castTo(parameter.value().dataType()));
                copies.put(parameter.path(), new Copy(parameter, value));
                List<INDArray> known = baseHistory.get(parameter.layer() + "/" + parameter.name());
                if (known != null) {
                    history.put(parameter.path(), known);
                }
            }
        }
        return new NetworkAdapter(name, next++, file, seed, parts, tokens, shared, copies, history);
    }

    private Part part(
            PeftFile file,
            NetworkModule module,
            Selection<NetworkModule, NetworkParameter> selection,
            long seed,
            Map<String, INDArray> tensors,
            Set<String> saved) {
        AdapterConfig config = file.config();
        AdapterMethod method = method(config, module);
        // A file that brings the weight of a module brings what was left of it.
        boolean moved = config.movesBase() && !saved.contains(module.path() + ".weight");
        FactorStart from = start(config, selection, module, seed, Map.of());
        Map<String, INDArray> start = moved ? method.given(from, method.initialize(from)) : Map.of();
        String named = selection.named(module.path());
        int rank = config.rankOf(named);
        Map<String, INDArray> own = method.cut(selection.shapeOf(module), rank, tensors);
        return new Part(module, named, method, rank, Map.of(), Map.of()).of(copies(module, own), start);
    }

    private Map<String, INDArray> copies(NetworkModule module, Map<String, INDArray> tensors) {
        DataType type = parameter(module.path() + ".weight").value().dataType();
        Map<String, INDArray> own = new LinkedHashMap<>();
        tensors.forEach((suffix, tensor) -> own.put(suffix, tensor.castTo(type).dup('c')));
        return own;
    }

    /** Refuses now what no network could be built for later. */
    private NetworkAdapter possible(NetworkAdapter adapter, boolean learns) {
        Problems problems = new Problems();
        List<NetworkSite> learners = new ArrayList<>();
        for (NetworkSite site : modules.sites()) {
            List<LoraSlot> slots = adapter.all().stream()
                    .filter(part -> part.module().layer().equals(site.key()))
                    .map(part -> adapter.slot(part, learns))
                    .toList();
            List<String> learning = adapter.copies().values().stream()
                    .map(Copy::parameter)
                    .filter(parameter -> parameter.layer().equals(site.key()))
                    .map(NetworkParameter::name)
                    .toList();
            problems.addAll(site.problems(new LoraSettings(slots, learning, false)));
            if (learns && !(slots.isEmpty() && learning.isEmpty())) {
                learners.add(site);
            }
        }
        problems.addAll(UpdaterEpsilon.problems(modules.type(), learners));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("adapter " + MessageText.name(adapter.name()) + " on a network of Deeplearning4j")
                            + ". Nothing was attached: change what is targeted, or the base.");
        }
        return adapter;
    }
}
