/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.adapter.Adapter;
import org.lora4j.array.RandomStreams;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.dl4j.NetworkAdapter.Copy;
import org.lora4j.dl4j.NetworkAdapter.Part;
import org.lora4j.dl4j.layer.LayerKinds;
import org.lora4j.dl4j.layer.SlotMethod;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.host.AdapterFit;
import org.lora4j.host.Selection;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes the adapters of one network, fresh ones and imported ones. */
final class NetworkAdapters {

    private final NetworkModules modules;
    private final Map<String, NetworkParameter> parameters = new HashMap<>();
    private final Map<String, List<INDArray>> baseHistory;
    private int next;

    /** {@code baseHistory} is what the base's updater remembers, by {@code layer/name}. */
    NetworkAdapters(NetworkModules modules, Map<String, List<INDArray>> baseHistory) {
        this.modules = modules;
        this.baseHistory = baseHistory;
        modules.parameters().forEach(parameter -> parameters.put(parameter.path(), parameter));
    }

    NetworkParameter parameter(String path) {
        return parameters.get(path);
    }

    NetworkAdapter fresh(String name, LoraConfig config, long seed) {
        requireSupported(name, config);
        Selection.requireMatches(config, modules.choice());
        Selection<NetworkModule, NetworkParameter> selection = Selection.of(config, modules.choice());
        requireMethod(name, config, selection.modules());
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        selection.modules().forEach(module -> factors.put(module.path(), start(config, module, seed)));
        Map<String, INDArray> saved = new LinkedHashMap<>();
        selection.parameters().forEach(parameter -> saved.put(parameter.path(), parameter.peftValue()));
        return adapter(name, PeftFile.of(config), seed, factors, saved);
    }

    private Map<String, INDArray> start(LoraConfig config, NetworkModule module, long seed) {
        INDArray weight = parameter(module.path() + ".weight").value();
        FactorStart start = new FactorStart(
                module.shape(),
                config.rankOf(module.path()),
                config.scalingOf(module.path()),
                config.initialization(),
                RandomStreams.of(seed, module.path()),
                weight.dataType(),
                () -> module.weight().toPeft(weight));
        return AdapterMethods.of(config).initialize(start);
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
        PeftFile file = new PeftFile(adapter.config(), adapter.extras());
        return adapter(name, file, 0, adapter.modules(), adapter.savedParameters());
    }

    private static void requireSupported(String name, LoraConfig config) {
        Problems problems = new Problems();
        problems.check(
                config.targetParameters().isEmpty(),
                "targetParameters = " + config.targetParameters() + ", expected none");
        problems.check(
                config.trainableTokens().equals(TrainableTokens.none()),
                "trainableTokens = " + config.trainableTokens() + ", expected none");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("adapter \"" + name + "\" on a network of Deeplearning4j")
                            + ". Change the config, or use a SameDiff graph.");
        }
    }

    private void requireMethod(String name, LoraConfig config, List<NetworkModule> chosen) {
        List<String> without = chosen.stream()
                .filter(module -> !modules.has(module, SlotMethod.of(config)))
                .map(module -> module.path() + " (" + module.kind() + ")")
                .toList();
        if (!without.isEmpty()) {
            throw new IllegalArgumentException("adapter \"" + name + "\": dora = true with modules "
                    + Problems.quoted(without) + ", whose kinds of layers have no DoRA; expected modules of "
                    + LayerKinds.namesWithDora() + ". Exclude these modules, or set dora to false.");
        }
    }

    private NetworkAdapter adapter(
            String name,
            PeftFile file,
            long seed,
            Map<String, Map<String, INDArray>> factors,
            Map<String, INDArray> saved) {
        Map<String, Part> parts = new LinkedHashMap<>();
        factors.forEach((path, tensors) -> {
            NetworkModule module = modules.get(path);
            INDArray weight = parameter(path + ".weight").value();
            Map<String, INDArray> own = new LinkedHashMap<>();
            tensors.forEach((suffix, tensor) ->
                    own.put(suffix, tensor.castTo(weight.dataType()).dup('c')));
            // A file that brings the weight of a module brings what was left of it.
            boolean moved = file.config().initialization().movesBase() && !saved.containsKey(path + ".weight");
            Map<String, INDArray> start = moved ? start(file.config(), module, seed) : Map.of();
            parts.put(path, new Part(module, file.config().rankOf(path), own, start));
        });
        Map<String, Copy> copies = new LinkedHashMap<>();
        Map<String, List<INDArray>> history = new HashMap<>();
        saved.forEach((path, tensor) -> {
            NetworkParameter parameter = parameter(path);
            INDArray value = parameter.fromPeft(tensor.castTo(parameter.value().dataType()));
            copies.put(path, new Copy(parameter, value));
            List<INDArray> known = baseHistory.get(parameter.layer() + "/" + parameter.name());
            if (known != null) {
                history.put(path, known);
            }
        });
        return new NetworkAdapter(name, next++, file, seed, parts, copies, history);
    }
}
