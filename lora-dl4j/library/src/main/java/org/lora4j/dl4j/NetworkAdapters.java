/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.BaseHashes;
import org.lora4j.array.RandomStreams;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.dl4j.NetworkAdapter.Copy;
import org.lora4j.dl4j.NetworkAdapter.Part;
import org.lora4j.dl4j.layer.LayerKinds;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.format.peft.StackedModules;
import org.lora4j.host.AdapterFit;
import org.lora4j.host.Selection;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.ModuleShape;
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
    private int next;

    /** {@code baseHistory} is what the base's updater remembers, by {@code layer/name}. */
    NetworkAdapters(NetworkModules modules, Map<String, List<INDArray>> baseHistory) {
        this.modules = modules;
        this.baseHistory = baseHistory;
        Map<String, Supplier<INDArray>> values = new HashMap<>();
        modules.parameters().forEach(parameter -> {
            parameters.put(parameter.path(), parameter);
            values.put(parameter.path(), parameter::peftValue);
        });
        this.hashes = new BaseHashes(values);
    }

    BaseHashes hashes() {
        return hashes;
    }

    NetworkParameter parameter(String path) {
        return parameters.get(path);
    }

    NetworkAdapter fresh(String name, AdapterConfig config, long seed) {
        requireSupported(name, config);
        Selection.requireMatches(config, modules.choice());
        Selection<NetworkModule, NetworkParameter> selection = Selection.of(config, modules.choice());
        requireMethod(name, config, selection.modules());
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        selection.modules().forEach(module -> factors.put(module.path(), start(config, module, seed)));
        Map<String, INDArray> saved = new LinkedHashMap<>();
        selection.parameters().forEach(parameter -> saved.put(parameter.path(), parameter.peftValue()));
        reportUnmergeable(
                name,
                selection.modules().stream()
                        .filter(module -> method(config, module).biasEffect() == BiasEffect.ADDS)
                        .toList());
        PeftFile file = stacked(selection.modules()).in(PeftFile.of(config));
        return possible(adapter(name, file, seed, factors, saved), true);
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

    private Map<String, INDArray> start(AdapterConfig config, NetworkModule module, long seed) {
        INDArray weight = parameter(module.path() + ".weight").value();
        FactorStart start = new FactorStart(
                module.shape(),
                config.rankOf(module.path()),
                config.scalingOf(module.path()),
                config.initialization(),
                RandomStreams.of(seed, module.path()),
                weight.dataType(),
                () -> module.weight().toPeft(weight));
        return method(config, module).initialize(start);
    }

    NetworkAdapter imported(String name, Adapter adapter) {
        requireSupported(name, adapter.config());
        requireMethod(
                name,
                adapter.config(),
                adapter.modules().keySet().stream()
                        .map(modules::get)
                        .filter(Objects::nonNull)
                        .toList());
        AdapterFit.require(name, adapter, modules.choice());
        hashes.require(name, adapter);
        PeftFile file = new PeftFile(adapter.config(), adapter.extras());
        return possible(adapter(name, file, 0, adapter.modules(), adapter.savedParameters()), false);
    }

    /** Further adapters get numbers above this one. */
    void reserve(int index) {
        next = Math.max(next, Math.addExact(index, 1));
    }

    private static void requireSupported(String name, AdapterConfig config) {
        Problems problems = new Problems();
        problems.check(
                config.targetParameters().isEmpty(),
                "targetParameters = " + config.targetParameters() + ", expected none");
        problems.check(
                config.trainableTokens().equals(TrainableTokens.none()),
                "trainableTokens = " + config.trainableTokens() + ", expected none");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("adapter " + MessageText.name(name) + " on a network of Deeplearning4j")
                            + ". Change the config, or use a SameDiff graph.");
        }
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
            String asked = method.option().map(option -> option + " = true").orElse(method.name());
            throw new IllegalArgumentException("adapter " + MessageText.name(name) + ": " + asked + " with modules "
                    + Problems.quoted(modulesAndKinds) + ", whose kinds of layers have no " + method.name()
                    + "; expected modules of "
                    + LayerKinds.namesWithEveryMethod() + ". Exclude these modules, or use plain LoRA.");
        }
    }

    private NetworkAdapter adapter(
            String name,
            PeftFile file,
            long seed,
            Map<String, Map<String, INDArray>> factors,
            Map<String, INDArray> saved) {
        Map<String, Part> parts = new LinkedHashMap<>();
        // In the order of the network, whatever the order of the file: two directions must agree in it.
        for (NetworkModule module : modules.modules()) {
            if (factors.containsKey(module.path())) {
                parts.put(module.path(), part(file, module, seed, factors.get(module.path()), saved.keySet()));
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
        return new NetworkAdapter(name, next++, file, seed, parts, copies, history);
    }

    private Part part(
            PeftFile file, NetworkModule module, long seed, Map<String, INDArray> tensors, Set<String> saved) {
        DataType type = parameter(module.path() + ".weight").value().dataType();
        Map<String, INDArray> own = new LinkedHashMap<>();
        tensors.forEach((suffix, tensor) -> own.put(suffix, tensor.castTo(type).dup('c')));
        // A file that brings the weight of a module brings what was left of it.
        boolean moved = file.config().initialization().movesBase() && !saved.contains(module.path() + ".weight");
        Map<String, INDArray> start = moved ? start(file.config(), module, seed) : Map.of();
        return new Part(module, method(file.config(), module), file.config().rankOf(module.path()), own, start);
    }

    /** Refuses now what no network could be built for later. */
    private NetworkAdapter possible(NetworkAdapter adapter, boolean learns) {
        Problems problems = new Problems();
        List<Site> learners = new ArrayList<>();
        for (Site site : modules.sites()) {
            List<LoraSlot> slots = adapter.parts().values().stream()
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
