/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.array.RandomStreams;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.samediff.LiveAdapter.Copy;
import org.lora4j.samediff.LiveAdapter.Live;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes the adapters of one graph, fresh ones and imported ones. */
final class LiveAdapters {

    private final SameDiff base;
    private final GraphModules graph;
    private final List<GraphParameter> parameters;

    LiveAdapters(SameDiff base, GraphModules graph, List<GraphParameter> parameters) {
        this.base = base;
        this.graph = graph;
        this.parameters = parameters;
    }

    /** Makes a fresh adapter; {@code taken} are the variables of the other adapters. */
    LiveAdapter fresh(String name, LoraConfig config, long seed, Set<String> taken) {
        Selection.checkThatAllMatch(config, graph, parameters);
        Selection selection = Selection.of(config, graph, parameters);
        checkDropout("adapter \"" + name + "\"", config, selection.modules());
        AdapterMethod method = AdapterMethods.of(config);
        GraphRecipes.of(method);
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        for (GraphModule module : selection.modules()) {
            FactorStart start = new FactorStart(
                    module.shape(),
                    config.rankOf(module.path()),
                    config.scalingOf(module.path()),
                    config.initialization(),
                    RandomStreams.of(seed, module.path()),
                    array(module.weight()).dataType(),
                    () -> module.weightLayout().toPeft(array(module.weight()), module.shape()));
            factors.put(module.path(), method.initialize(start));
        }
        Map<String, INDArray> saved = new LinkedHashMap<>();
        selection
                .parameters()
                .forEach(parameter -> saved.put(parameter.path(), parameter.toPeft(array(parameter.variable()))));
        return live(name, PeftFile.of(config), factors, saved, taken);
    }

    /** Refuses dropout where there is no activation to drop. */
    static void checkDropout(String where, LoraConfig config, Iterable<GraphModule> modules) {
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
        LoraConfig config = adapter.config();
        AdapterMethod method = AdapterMethods.of(config);
        GraphRecipes.of(method);
        Selection expected = Selection.of(config, graph, parameters);
        Problems problems = new Problems();
        checkModules(config, method, adapter, expected, problems);
        checkSaved(adapter, expected, problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("adapter \"" + name + "\" on this graph")
                    + ". The adapter was made for another base model, or modules go by other names here: compare with"
                    + " Lora.modules(graph), and name modules where they differ.");
        }
        PeftFile file = new PeftFile(config, adapter.extras());
        return live(name, file, adapter.modules(), adapter.savedParameters(), taken);
    }

    private void checkModules(
            LoraConfig config, AdapterMethod method, Adapter adapter, Selection expected, Problems problems) {
        adapter.modules().forEach((path, tensors) -> {
            GraphModule module = graph.get(path);
            if (module == null) {
                problems.add("module \"" + path + "\" of the adapter is not in the graph"
                        + ClosestNames.hint(path, graph.paths()));
            } else {
                checkFactors(path, method.factors(module.shape(), config.rankOf(path)), tensors, problems);
            }
        });
        for (GraphModule module : expected.modules()) {
            problems.check(
                    adapter.modules().containsKey(module.path()),
                    "module \"" + module.path() + "\" is adapted by the config, but the adapter has no tensors for it");
        }
    }

    private static void checkFactors(
            String path, Map<String, long[]> expected, Map<String, INDArray> found, Problems problems) {
        expected.forEach((suffix, shape) -> {
            INDArray tensor = found.get(suffix);
            if (tensor == null) {
                problems.add("module \"" + path + "\" has no " + suffix + "; expected shape " + Arrays.toString(shape));
            } else if (!Arrays.equals(shape, tensor.shape())) {
                problems.add("module \"" + path + "\": " + suffix + " has shape " + Arrays.toString(tensor.shape())
                        + "; expected " + Arrays.toString(shape));
            }
        });
        found.keySet().stream()
                .filter(suffix -> !expected.containsKey(suffix))
                .forEach(suffix -> problems.add(
                        "module \"" + path + "\" has the tensor " + suffix + "; expected only " + expected.keySet()));
    }

    private void checkSaved(Adapter adapter, Selection expected, Problems problems) {
        Map<String, GraphParameter> known = byPath();
        adapter.savedParameters().forEach((path, tensor) -> {
            GraphParameter parameter = known.get(path);
            if (parameter == null) {
                problems.add("parameter \"" + path + "\" of the adapter is not in the graph"
                        + ClosestNames.hint(path, known.keySet()));
                return;
            }
            long[] shape = parameter.peftShape(array(parameter.variable()));
            problems.check(
                    Arrays.equals(shape, tensor.shape()),
                    "parameter \"" + path + "\" has shape " + Arrays.toString(tensor.shape()) + "; expected "
                            + Arrays.toString(shape));
        });
        for (GraphParameter parameter : expected.parameters()) {
            problems.check(
                    adapter.savedParameters().containsKey(parameter.path()),
                    "parameter \"" + parameter.path()
                            + "\" is trained fully by the config, but the adapter has no tensor for it");
        }
    }

    private Map<String, GraphParameter> byPath() {
        Map<String, GraphParameter> byPath = new HashMap<>();
        parameters.forEach(parameter -> byPath.put(parameter.path(), parameter));
        return byPath;
    }

    private LiveAdapter live(
            String name,
            PeftFile file,
            Map<String, Map<String, INDArray>> factors,
            Map<String, INDArray> saved,
            Set<String> takenByOthers) {
        LoraConfig config = file.config();
        Set<String> taken = new HashSet<>(takenByOthers);
        taken.addAll(base.getVariables().keySet());
        // A variable that is called like an op computes to null in SameDiff M2.1.
        taken.addAll(base.getOps().keySet());
        Map<String, Part> parts = new LinkedHashMap<>();
        factors.forEach((path, tensors) -> {
            GraphModule module = graph.get(path);
            Map<String, Live> live = new LinkedHashMap<>();
            tensors.forEach((suffix, tensor) -> {
                INDArray array = module.factorLayout()
                        .factorFromPeft(tensor.castTo(array(module.weight()).dataType()));
                live.put(suffix, new Live(free(taken, variable(path, suffix, name)), array));
            });
            parts.put(path, new Part(module, config.rankOf(path), config.scalingOf(path), live));
        });
        Map<String, GraphParameter> known = byPath();
        Map<String, Copy> copies = new LinkedHashMap<>();
        saved.forEach((path, tensor) -> {
            GraphParameter parameter = known.get(path);
            INDArray original = array(parameter.variable());
            INDArray array = parameter.fromPeft(tensor.castTo(original.dataType()), original.shape());
            String variable =
                    parameter.exclusive() ? parameter.variable() : free(taken, path + ".modules_to_save." + name);
            copies.put(path, new Copy(parameter, new Live(variable, array)));
        });
        return new LiveAdapter(name, file, AdapterMethods.of(config), parts, copies);
    }

    // As PEFT has it in memory: the adapter's name behind the factor's.
    private static String variable(String path, String suffix, String adapter) {
        return path + "." + suffix.replaceAll("\\.weight$", "") + "." + adapter;
    }

    private static String free(Set<String> taken, String wanted) {
        String name = wanted;
        for (int i = 2; !taken.add(name); i++) {
            name = wanted + "." + i;
        }
        return name;
    }

    private INDArray array(String variable) {
        return base.getVariable(variable).getArr();
    }
}
