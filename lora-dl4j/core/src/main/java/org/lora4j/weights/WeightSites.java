/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.host.HostParameter;
import org.lora4j.internal.host.RepeatedLayers;
import org.lora4j.internal.host.TrainedParameters;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Finds the weights that an adapter means, and everything in which the two do not fit: what the adapter has and the base
 * lacks, what the base has and the adapter should have, and what differs in shape.
 */
final class WeightSites {

    private static final String WEIGHT = ".weight";

    /** {@code torch.nn.MultiheadAttention} keeps the weights of query, key and value in one parameter of its own. */
    private static final String IN_PROJECTION = ".in_proj_weight";

    private static final String IN_PROJECTION_BIAS = ".in_proj_bias";

    private static final String OUT_PROJECTION = ".base_layer.out_proj";

    private final ModelWeights base;
    private final Adapter adapter;
    private final AdapterConfig config;
    private final Problems problems;
    private final List<WeightSite> sites = new ArrayList<>();

    private WeightSites(ModelWeights base, Adapter adapter, Problems problems) {
        this.base = base;
        this.adapter = adapter;
        this.config = adapter.config();
        this.problems = problems;
    }

    /** The weights of all updates; what does not fit is added to the problems. */
    static List<WeightSite> find(ModelWeights base, Adapter adapter, Problems problems) {
        WeightSites search = new WeightSites(base, adapter, problems);
        // Copies of a layer share its weights in the files, so two updates cannot both be in them.
        RepeatedLayers.refuse(search.config, "checkpoint", problems);
        search.findUpdates();
        search.checkTokens();
        search.checkSaved();
        search.checkExpected();
        return search.sites;
    }

    /** The weights of all updates of an adapter that fits this base and was not made on another one. */
    static List<WeightSite> require(String call, ModelWeights base, Adapter adapter) throws IncompatibleBaseException {
        Problems misfits = new Problems();
        List<WeightSite> sites = find(base, adapter, misfits);
        if (!misfits.isEmpty()) {
            throw new IncompatibleBaseException(misfits.message(call)
                    + ". The adapter was made for another base model, or parameters go by other names here.");
        }
        WeightMerge.requireSameBase(base, adapter, sites);
        return sites;
    }

    private void findUpdates() {
        Map<String, Map<String, Map<String, INDArray>>> ofParameters = new TreeMap<>();
        adapter.modules().forEach((path, tensors) -> {
            if (tensors.keySet().equals(Set.of(PeftTensor.TOKEN_ROWS.suffix()))) {
                return;
            }
            if (config.selects(PeftKeys.wrapperOf(path))) {
                findWeight(path, tensors);
            } else {
                ofParameters
                        .computeIfAbsent(PeftKeys.withoutWrappers(path), owner -> new TreeMap<>())
                        .put(path, tensors);
            }
        });
        ofParameters.forEach(this::findParameters);
    }

    private void findWeight(String path, Map<String, INDArray> tensors) {
        String plain = PeftKeys.withoutWrappers(path);
        boolean inProjection =
                !base.names().contains(plain + WEIGHT) && base.names().contains(plain + IN_PROJECTION);
        String weight = plain + (inProjection ? IN_PROJECTION : WEIGHT);
        String bias = plain + (inProjection ? IN_PROJECTION_BIAS : ".bias");
        if (!base.names().contains(weight)) {
            problems.add("module \"" + path + "\" of the adapter has no weight \"" + weight + "\" in the base"
                    + ClosestNames.hint(weight, base.names()));
            return;
        }
        String owner = PeftKeys.wrapperOf(path);
        int rank = config.rankOf(owner);
        AdapterMethod method = AdapterMethods.of(config, owner);
        ShapeFit.Wanted wanted = new ShapeFit.Wanted(method, tensors, rank);
        Optional<ShapeFit> fit = wanted.ofWeight(base.shape(weight), layout(weight, bias));
        fit.ifPresentOrElse(
                found -> {
                    method.of(found.shape())
                            .misfits(found.shape(), tensors)
                            .forEach(problem -> problems.add("module \"" + path + "\": " + problem));
                    sites.add(new WeightSite(
                            path,
                            weight,
                            base.names().contains(bias) ? bias : null,
                            found.shape(),
                            found.transposed(),
                            rank,
                            config.scalingOf(owner),
                            method.of(found.shape())));
                },
                () -> misfit(path, tensors, weight));
    }

    /**
     * Which way round a weight may lie. Where PEFT's config of a method has no flag for it, PEFT adapts no layer with inputs first, and
     * only a bias as long as the second axis says that this is one; models have outputs first.
     */
    private ShapeFit.Layout layout(String weight, String bias) {
        if (base.isHosted()) {
            return ShapeFit.Layout.STRAIGHT;
        }
        if (config.toBuilder().fields().stream().anyMatch(field -> field.name().equals("fanInFanOut"))) {
            return config.fanInFanOut() ? ShapeFit.Layout.TURNED_FIRST : ShapeFit.Layout.STRAIGHT_FIRST;
        }
        long[] shape = base.shape(weight);
        boolean turned = shape.length == 2
                && shape[0] != shape[1]
                && base.names().contains(bias)
                && Arrays.equals(base.shape(bias), new long[] {shape[1]});
        return turned ? ShapeFit.Layout.TURNED_FIRST : ShapeFit.Layout.STRAIGHT;
    }

    private void misfit(String path, Map<String, INDArray> tensors, String weight) {
        problems.add(
                "module \"" + path + "\" has " + shapes(tensors) + ", but \"" + weight + "\" of the base has shape "
                        + Arrays.toString(base.shape(weight)) + "; expected factors of that weight");
    }

    private static String shapes(Map<String, INDArray> tensors) {
        return tensors.entrySet().stream()
                .map(tensor -> tensor.getKey() + " "
                        + Arrays.toString(tensor.getValue().shape()))
                .collect(Collectors.joining(", "));
    }

    /**
     * PEFT wraps a module once for each of its target parameters, the first in order of registration innermost, and does
     * not write which is which: shapes decide, and where they do not, the order of the config, which people write as the
     * model has it. Files of weights are sorted by name and tell no order.
     */
    private void findParameters(String owner, Map<String, Map<String, INDArray>> updates) {
        List<String> parameters = base.names().stream()
                .filter(config::selectsParameter)
                .filter(name -> moduleOf(name).equals(owner))
                .sorted(Comparator.comparingInt(this::placeInConfig))
                .collect(Collectors.toCollection(ArrayList::new));
        // Most wrappers first, as the order of registration.
        List<String> paths = updates.keySet().stream()
                .sorted((a, b) -> b.length() - a.length())
                .toList();
        if (parameters.size() != paths.size()) {
            problems.add("module \"" + owner + "\" of the adapter has " + paths.size()
                    + " updates of parameters, but the config (" + config.targetParameters() + ") and the base give "
                    + Problems.quoted(parameters));
            return;
        }
        Map<String, WeightSite> matched = new LinkedHashMap<>();
        // Stacks that are the mirror image of one another fit both ways: only a model that says so has its own turned.
        if (match(paths, 0, parameters, updates, false, matched)
                || match(paths, 0, parameters, updates, true, matched)) {
            sites.addAll(matched.values());
        } else {
            paths.forEach(path -> problems.add("module \"" + path + "\" has " + shapes(updates.get(path))
                    + ", which fit none of the parameters " + Problems.quoted(parameters)
                    + " of the base; expected factors of "
                    + parameters.stream()
                            .map(name -> Arrays.toString(base.shape(name)))
                            .collect(Collectors.joining(" or "))));
        }
    }

    private int placeInConfig(String parameter) {
        List<String> targets = config.targetParameters();
        return IntStream.range(0, targets.size())
                .filter(i -> ("." + parameter).endsWith("." + targets.get(i)))
                .findFirst()
                .orElse(targets.size());
    }

    private boolean match(
            List<String> paths,
            int at,
            List<String> free,
            Map<String, Map<String, INDArray>> updates,
            boolean turned,
            Map<String, WeightSite> matched) {
        if (at == paths.size()) {
            return true;
        }
        String path = paths.get(at);
        for (String parameter : List.copyOf(free)) {
            int rank = config.rankOf(parameter);
            AdapterMethod method = AdapterMethods.of(config, parameter);
            Optional<ShapeFit> fit = new ShapeFit.Wanted(method, updates.get(path), rank)
                    .ofParameter(base.shape(parameter))
                    .filter(found -> turned || !found.transposed());
            if (fit.isPresent()) {
                free.remove(parameter);
                matched.put(
                        path,
                        new WeightSite(
                                path,
                                parameter,
                                null,
                                fit.get().shape(),
                                fit.get().transposed(),
                                rank,
                                config.scalingOf(parameter),
                                method));
                if (match(paths, at + 1, free, updates, turned, matched)) {
                    return true;
                }
                matched.remove(path);
                free.add(parameter);
            }
        }
        return false;
    }

    private void checkTokens() {
        adapter.modules().forEach((path, tensors) -> {
            INDArray rows = tensors.get(PeftTensor.TOKEN_ROWS.suffix());
            if (rows == null) {
                return;
            }
            String weight = path + WEIGHT;
            if (!base.names().contains(weight) && isTiedTo(path, rows)) {
                return;
            }
            if (!base.names().contains(weight)) {
                problems.add("module \"" + path + "\" of the adapter has no weight \"" + weight + "\" in the base"
                        + ClosestNames.hint(weight, base.names()));
                return;
            }
            long[] table = base.shape(weight);
            List<Integer> indices = config.tokenRows(path);
            boolean fits = table.length == 2
                    && rows.size(1) == table[1]
                    && indices.stream().allMatch(index -> index < table[0]);
            problems.check(
                    fits,
                    "module \"" + path + "\": " + PeftTensor.TOKEN_ROWS.suffix() + " of rows " + indices + " has shape "
                            + Arrays.toString(rows.shape())
                            + ", but \"" + weight + "\" of the base has shape " + Arrays.toString(table)
                            + "; expected rows of that table");
        });
    }

    /**
     * Whether the rows are those of a table that the base has. A tied head is left out of checkpoints, being the table of
     * tokens, and PEFT writes its rows all the same.
     */
    private boolean isTiedTo(String path, INDArray rows) {
        return adapter.modules().entrySet().stream()
                .anyMatch(other -> base.names().contains(other.getKey() + WEIGHT)
                        && rows.equals(other.getValue().get(PeftTensor.TOKEN_ROWS.suffix())));
    }

    private void checkSaved() {
        adapter.savedParameters().forEach((path, array) -> {
            if (!base.names().contains(path)) {
                problems.add("parameter \"" + path + "\" of the adapter is not in the base"
                        + ClosestNames.hint(path, base.names()));
            } else if (!isEmbedding(path)) {
                problems.check(
                        Arrays.equals(base.shape(path), array.shape()),
                        "parameter \"" + path + "\" has shape " + Arrays.toString(array.shape()) + ", expected "
                                + Arrays.toString(base.shape(path)) + " as in the base");
            }
        });
    }

    /** Tables of embeddings may have got more rows before training. */
    private boolean isEmbedding(String path) {
        INDArray array = adapter.savedParameters().get(path);
        long[] shape = base.shape(path);
        return !config.savesFully(path) && array.rank() == 2 && shape.length == 2 && array.size(1) == shape[1];
    }

    private void checkExpected() {
        Map<String, Boolean> weights = new LinkedHashMap<>();
        base.names().forEach(name -> weights.put(name, isMatrix(name)));
        TrainedParameters.requireNormalizations(config, weights, problems);
        for (String name : base.names()) {
            if (base.isFloatingPoint(name)) {
                checkAdapted(name);
                problems.check(
                        !isSavedInFull(name) || adapter.savedParameters().containsKey(name),
                        "parameter \"" + name + "\" is trained in full by the config, but the adapter has no tensor for"
                                + " it; expected shape " + Arrays.toString(base.shape(name)));
            }
        }
    }

    private void checkAdapted(String name) {
        String table = HostParameter.module(name);
        problems.check(
                !isMatrix(name)
                        || !config.trainsRowsOf(table)
                        || adapter.modules().getOrDefault(table, Map.of()).containsKey(PeftTensor.TOKEN_ROWS.suffix()),
                "rows of \"" + table + "\" are trained by the config, but the adapter has none for it; expected "
                        + PeftTensor.TOKEN_ROWS.suffix() + " of "
                        + config.tokenRows(table).size() + " rows");
        if (config.selectsParameter(name)) {
            expect(name, moduleOf(name));
        } else if (name.endsWith(IN_PROJECTION)) {
            String module = name.substring(0, name.length() - IN_PROJECTION.length());
            if (isSelected(module)) {
                expect(name, module);
                expect(module + ".out_proj" + WEIGHT, module + OUT_PROJECTION);
            }
        } else if (name.endsWith(WEIGHT) && base.shape(name).length >= 2) {
            String module = name.substring(0, name.length() - WEIGHT.length());
            if (isSelected(module) && !base.names().contains(moduleOf(module) + IN_PROJECTION)) {
                expect(name, module);
            }
        }
    }

    /** All-linear is for a host to resolve, which knows its linear modules. */
    private boolean isSelected(String module) {
        return !(config.targetModules() instanceof ModuleSelector.AllLinear) && config.selects(module);
    }

    private void expect(String weight, String path) {
        problems.check(
                adapter.modules().containsKey(path),
                "\"" + weight + "\" is adapted by the config, but the adapter has no tensors \"" + path
                        + "\"; expected "
                        + AdapterMethods.of(config, PeftKeys.wrapperOf(path))
                                .traits()
                                .suffixes());
    }

    private static String moduleOf(String parameter) {
        return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
    }

    private boolean isSavedInFull(String name) {
        return TrainedParameters.include(
                config,
                name,
                isMatrix(name),
                module -> sites.stream()
                        .anyMatch(site -> HostParameter.module(site.weight()).equals(module)));
    }

    private boolean isMatrix(String name) {
        return name.endsWith(WEIGHT) && base.shape(name).length >= 2;
    }
}
