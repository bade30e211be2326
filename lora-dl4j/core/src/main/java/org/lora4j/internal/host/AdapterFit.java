/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.model.AdaptableModule;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Whether an adapter fits a model: every tensor finds its place, and every adapted module its tensors.
 *
 * @apiNote Status: internal
 */
public final class AdapterFit {

    private AdapterFit() {}

    /**
     * Checks an adapter.
     *
     * @throws IllegalArgumentException if it does not fit; the message lists every problem
     */
    public static <M extends AdaptableModule, P extends HostParameter> Selection<M, P> require(
            String name, Adapter adapter, Selection.Choice<M, P> choice) {
        Problems problems = new Problems();
        Selection<M, P> expected = Selection.of(adapter.config(), choice, adapter.modules(), problems);
        checkModules(adapter, choice, expected, problems);
        checkSaved(adapter, choice, expected, problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("adapter " + MessageText.name(name) + " on this " + choice.where())
                            + ". The adapter was made for another base model, or modules go by other names here: compare"
                            + " with " + choice.list() + ".");
        }
        return expected;
    }

    private static <M extends AdaptableModule, P extends HostParameter> void checkModules(
            Adapter adapter, Selection.Choice<M, P> choice, Selection<M, P> expected, Problems problems) {
        AdapterConfig config = adapter.config();
        Map<String, M> known = new LinkedHashMap<>();
        choice.modules().forEach(module -> known.put(module.path(), module));
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        adapter.modules().forEach((path, tensors) -> factors.put(path, ReplacedTokenRows.without(tensors)));
        factors.forEach((path, tensors) -> {
            M module = known.get(path);
            if (TokenRowsMethod.original(config, path, adapter.modules()).isPresent()) {
                return;
            }
            if (module == null) {
                problems.add("module \"" + path + "\" of the adapter is not in the " + choice.where()
                        + ClosestNames.hint(path, known.keySet()));
            } else if (!tensors.isEmpty()) {
                ModuleShape shape = expected.shapeOf(module);
                int rank = config.rankOf(expected.named(path));
                AdapterMethod method = AdapterMethods.of(config, path, shape);
                PerModule.of(path, () -> method.factors(shape, rank), problems)
                        .ifPresent(wanted ->
                                checkFactors(path, method, shape, wanted, method.cut(shape, rank, tensors), problems));
            }
        });
        Stream.concat(
                        expected.modules().stream().map(AdaptableModule::path),
                        expected.weights().stream().map(HostParameter::module))
                .filter(path -> factors.getOrDefault(path, Map.of()).isEmpty())
                .forEach(path -> problems.add(
                        missing(path, AdapterMethods.of(config, path, expected.shapeOf(known.get(path))))));
        ReplacedTokenRows.checkFit(config, expected.tokens(), adapter.modules(), problems);
    }

    /** Words that an adapter has nothing for a module that its config adapts. */
    public static String missing(String path, AdapterMethod method) {
        return "module \"" + path + "\" is adapted by the config, but the adapter has no tensors for it; expected "
                + method.traits().suffixes();
    }

    /**
     * Compares the tensors of a module with what its method has.
     *
     * @param problems receives what is missing, superfluous, of another shape or of impossible values
     */
    public static void checkFactors(
            String path,
            AdapterMethod method,
            ModuleShape module,
            Map<String, long[]> expected,
            Map<String, INDArray> found,
            Problems problems) {
        Problems here = new Problems();
        checkShapes(path, expected, found, here);
        problems.addAll(here.list());
        if (here.isEmpty()) {
            method.misfits(module, found).forEach(problem -> problems.add("module \"" + path + "\": " + problem));
        }
    }

    private static void checkShapes(
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

    private static <M extends AdaptableModule, P extends HostParameter> void checkSaved(
            Adapter adapter, Selection.Choice<M, P> choice, Selection<M, P> expected, Problems problems) {
        Map<String, Supplier<long[]>> known = new LinkedHashMap<>();
        choice.parameters().forEach(parameter -> known.put(parameter.path(), parameter::peftShape));
        checkSaved(
                adapter,
                known,
                expected.parameters().stream().map(HostParameter::path).toList(),
                choice.where(),
                problems);
    }

    /**
     * Compares the parameters that an adapter holds in full with those of a model.
     *
     * @param known the shapes of the model's parameters in adapter files, by path
     * @param expected paths of the parameters that the config trains fully
     * @param problems receives what is missing, unknown or of another shape
     */
    public static void checkSaved(
            Adapter adapter,
            Map<String, Supplier<long[]>> known,
            List<String> expected,
            String where,
            Problems problems) {
        adapter.savedParameters().forEach((path, tensor) -> {
            Supplier<long[]> shape = known.get(path);
            if (shape == null) {
                problems.add("parameter \"" + path + "\" of the adapter is not in the " + where
                        + ClosestNames.hint(path, known.keySet()));
                return;
            }
            problems.check(
                    Arrays.equals(shape.get(), tensor.shape()),
                    "parameter \"" + path + "\" has shape " + Arrays.toString(tensor.shape()) + "; expected "
                            + Arrays.toString(shape.get()));
        });
        expected.forEach(path -> problems.check(
                adapter.savedParameters().containsKey(path),
                "parameter \"" + path + "\" is trained fully by the config, but the adapter has no tensor for it"
                        + expectedShape(known.get(path))));
    }

    private static String expectedShape(Supplier<long[]> shape) {
        return shape == null ? "" : "; expected shape " + Arrays.toString(shape.get());
    }
}
