/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.host.Folding;
import org.lora4j.internal.host.Folding.Update;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.FactorStart;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Merges adapters into plain weights: what PEFT's {@code merge_and_unload} leaves in the model.
 *
 * <p><b>State.</b> The base and the adapters are only read.
 *
 * @apiNote Status: stable
 */
public final class WeightMerge {

    private final ModelWeights base;
    private final Map<String, Supplier<INDArray>> changed = new LinkedHashMap<>();

    private WeightMerge(ModelWeights base) {
        this.base = base;
    }

    /**
     * Merges adapters, one after the other.
     *
     * <p>Parameters that an adapter holds in full replace the base's, then token rows are put in, in the table itself and in
     * tables that are tied to it, which means equal to it in every value; then all updates are added, as they are while the
     * adapters act.
     *
     * @param base the weights of the base model
     * @param adapters the adapters
     * @return the parameters that change, by name, in the base's layout and data type
     * @throws IncompatibleBaseException if an adapter does not fit the base: the message
     *     lists what one of them has and the other lacks and what differs in shape; or if two adapters hold the same
     *     parameter in full or the same token row, or an update has no place in the weight (convolutions in groups),
     *     or its start value cannot be had of the weight
     */
    public static Map<String, INDArray> merged(ModelWeights base, List<Adapter> adapters)
            throws IncompatibleBaseException {
        Map<String, INDArray> merged = new LinkedHashMap<>();
        planned(base, adapters).forEach((name, value) -> merged.put(name, value.get()));
        return merged;
    }

    /**
     * As {@link #merged}, without computing a value before it is asked for: whoever writes one parameter after the other never
     * has two of them in memory.
     *
     * @param base the weights of the base model; to be open while values are asked for
     * @param adapters the adapters
     * @return what gives each parameter that changes, by name; a new array each time
     * @throws IncompatibleBaseException as for {@link #merged}
     */
    public static Map<String, Supplier<INDArray>> planned(ModelWeights base, List<Adapter> adapters)
            throws IncompatibleBaseException {
        Problems problems = new Problems();
        Map<Adapter, List<WeightSite>> sites = new LinkedHashMap<>();
        for (Adapter adapter : adapters) {
            sites.put(adapter, WeightSites.find(base, adapter, problems));
        }
        checkConflicts(adapters, problems);
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(problems.message("WeightMerge")
                    + ". The adapter was made for another base model, or parameters go by other names here.");
        }
        for (Adapter adapter : adapters) {
            requireSameBase(base, adapter, sites.get(adapter));
        }
        WeightMerge merge = new WeightMerge(base);
        merge.putSaved(adapters);
        merge.putTokens(adapters);
        merge.putUpdates(sites);
        return merge.changed;
    }

    /**
     * Merges adapters and writes the whole checkpoint, each parameter in the element type it had.
     *
     * @param base the weights of the base model, {@link ModelWeights#open opened} from files
     * @param adapters the adapters
     * @param file the file to write, such as {@code model.safetensors}; replaced in one step once it is complete
     * @return the names of the parameters that changed
     * @throws IncompatibleBaseException as for {@link #merged}
     * @throws IOException if reading or writing fails; nothing is left behind then
     * @throws IllegalArgumentException if the base is not of files, or a merged value is beyond the range of its element
     *     type
     */
    public static Set<String> write(ModelWeights base, List<Adapter> adapters, Path file) throws IOException {
        TensorFile source = base.file();
        if (source == null) {
            throw new IllegalArgumentException("WeightMerge.write: the base is in memory or renamed; expected weights"
                    + " opened from files, which have element types. Use ModelWeights.open.");
        }
        Map<String, INDArray> changed = merged(base, adapters);
        List<TensorSource> tensors = new ArrayList<>();
        Problems problems = new Problems();
        for (TensorEntry entry : source.tensors().values()) {
            INDArray array = changed.get(entry.name());
            if (array == null) {
                tensors.add(TensorCopy.of(source, entry));
            } else {
                ElementCodec codec = ElementCodec.of(entry.dtype()).orElseThrow();
                problems.check(
                        ArrayBytes.firstNotFinite(array, codec) < 0,
                        "parameter \"" + entry.name() + "\" has a merged value beyond the range of " + entry.dtype());
                tensors.add(ArrayBytes.source(entry.name(), array, codec));
            }
        }
        problems.throwIfAny("WeightMerge.write");
        TensorCopy.writeWhole(file, tensors);
        return changed.keySet();
    }

    /** Compares the weights that get an update, which have to be read anyway. */
    static void requireSameBase(ModelWeights base, Adapter adapter, List<WeightSite> sites)
            throws IncompatibleBaseException {
        Map<String, Supplier<INDArray>> values = new LinkedHashMap<>();
        sites.stream()
                .filter(site -> site.weight().equals(site.module() + ".weight") && base.isExact(site.weight()))
                .forEach(site -> values.put(site.weight(), () -> site.turned(base.get(site.weight()))));
        try {
            new BaseHashes(values).require("of " + adapter.modules().size() + " modules", adapter);
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException("WeightMerge: " + e.getMessage(), e);
        }
    }

    private static void checkConflicts(List<Adapter> adapters, Problems problems) {
        Set<String> saved = new HashSet<>();
        Set<String> rows = new HashSet<>();
        for (Adapter adapter : adapters) {
            adapter.savedParameters()
                    .keySet()
                    .forEach(path -> problems.check(
                            saved.add(path), "two adapters hold the parameter \"" + path + "\" in full, expected one"));
            adapter.modules().forEach((path, tensors) -> {
                if (tensors.containsKey(PeftTensor.TOKEN_ROWS.suffix())) {
                    adapter.config()
                            .tokenRows(path)
                            .forEach(row -> problems.check(
                                    rows.add(path + " " + row),
                                    "two adapters hold row " + row + " of \"" + path + "\", expected one"));
                }
            });
        }
    }

    private void putSaved(List<Adapter> adapters) {
        for (Adapter adapter : adapters) {
            adapter.savedParameters().forEach((path, array) -> changed.put(path, () -> ArrayBytes.ownCopy(array)));
        }
    }

    /** All updates of a weight together, so that their sum is rounded once. */
    private void putUpdates(Map<Adapter, List<WeightSite>> sites) throws IncompatibleBaseException {
        Folding folding = new Folding(IntStream.rangeClosed(1, sites.size())
                .mapToObj(number -> "adapter " + number)
                .toList());
        Map<String, List<Update>> ofWeights = new LinkedHashMap<>();
        Map<String, List<Update>> ofBiases = new LinkedHashMap<>();
        for (Map.Entry<Adapter, List<WeightSite>> entry : sites.entrySet()) {
            for (WeightSite site : entry.getValue()) {
                Update update = update(entry.getKey(), site);
                ofWeights
                        .computeIfAbsent(site.weight(), name -> new ArrayList<>())
                        .add(update);
                if (site.bias() != null) {
                    ofBiases.computeIfAbsent(site.bias(), name -> new ArrayList<>())
                            .add(update);
                }
            }
        }
        ofWeights.forEach((name, updates) -> {
            Supplier<INDArray> current = current(name);
            changed.put(name, () -> {
                INDArray before = current.get();
                return folding.weight(name, before, before, updates);
            });
        });
        // Biases are small: whether they change at all is seen by computing them.
        ofBiases.forEach((name, updates) -> {
            Supplier<INDArray> current = current(name);
            if (folding.bias(name, current.get(), updates).isPresent()) {
                changed.put(
                        name, () -> folding.bias(name, current.get(), updates).orElseThrow());
            }
        });
    }

    private Update update(Adapter adapter, WeightSite site) throws IncompatibleBaseException {
        if (site.shape().isGrouped()) {
            throw new IncompatibleBaseException("WeightMerge: module \"" + site.module()
                    + "\" is a convolution in groups; the update sees all input channels and has no place in the"
                    + " weight. Keep this adapter beside the weights instead of merging it.");
        }
        if (!site.method().changesWeight(site.shape())) {
            throw new IncompatibleBaseException("WeightMerge: module \"" + site.module() + "\": "
                    + site.method().traits().name()
                    + " on a window above 1 is no change of the weight, as in PEFT; expected a window"
                    + " of 1. Keep this adapter beside the weights instead of merging it.");
        }
        if (site.bias() == null && site.method().traits().biasEffect() == BiasEffect.ADDS) {
            throw new IncompatibleBaseException("WeightMerge: module \"" + site.module()
                    + "\" has a bias on B, but the base has no bias to add it to; expected one beside \""
                    + site.weight()
                    + "\". Keep this adapter beside the weights instead of merging it.");
        }
        // A weight that the adapter brings along has been moved already.
        boolean moved =
                adapter.config().movesBase() && !adapter.savedParameters().containsKey(site.weight());
        return new Update(
                site.method(),
                site.shape(),
                updateOf(adapter.modules().get(site.module())),
                moved ? start(base, adapter.config(), site) : Map.of(),
                site.scaling(),
                site::turned,
                (peft, weight) -> site.turned(peft));
    }

    private void putTokens(List<Adapter> adapters) {
        for (Adapter adapter : adapters) {
            adapter.modules().forEach((path, tensors) -> {
                INDArray rows = tensors.get(PeftTensor.TOKEN_ROWS.suffix());
                // Those of a tied head that the base leaves out are put into its table.
                if (rows != null && base.names().contains(path + ".weight")) {
                    putRows(path + ".weight", adapter.config().tokenRows(path), rows);
                }
            });
        }
    }

    /** The tensors of an update, without rows that are trained beside it. */
    static Map<String, INDArray> updateOf(Map<String, INDArray> tensors) {
        Map<String, INDArray> factors = new TreeMap<>(tensors);
        factors.remove(PeftTensor.TOKEN_ROWS.suffix());
        return factors;
    }

    /** The factors of what PEFT took off the base when the adapter was made. */
    static Map<String, INDArray> start(ModelWeights base, AdapterConfig config, WeightSite site)
            throws IncompatibleBaseException {
        INDArray weight = site.turned(base.get(site.weight()));
        FactorStart start = new FactorStart(
                site.shape(),
                site.rank(),
                site.scaling(),
                config.initialization(),
                RandomStreams.of(0, site.module()),
                weight.dataType(),
                () -> weight);
        try {
            return site.method().given(start, site.method().initialize(start));
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(
                    "WeightMerge: module \"" + site.module() + "\" cannot have started as its config says: "
                            + e.getMessage(),
                    e);
        }
    }

    private void putRows(String weight, List<Integer> indices, INDArray rows) {
        INDArray table = base.get(weight);
        for (String name : base.names()) {
            boolean tied = base.isFloatingPoint(name)
                    && Arrays.equals(base.shape(name), table.shape())
                    && (name.equals(weight) || ArrayBytes.same(table, base.get(name)));
            if (tied) {
                Supplier<INDArray> current = current(name);
                changed.put(name, () -> new TokenRowsMethod(indices).replaced(ArrayBytes.ownCopy(current.get()), rows));
            }
        }
    }

    private Supplier<INDArray> current(String name) {
        Supplier<INDArray> array = changed.get(name);
        return array == null ? () -> base.get(name) : array;
    }
}
