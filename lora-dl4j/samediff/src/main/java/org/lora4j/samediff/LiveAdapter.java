/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.host.HostAdapter;
import org.lora4j.internal.host.HostPart;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter within a graph: its factors and full copies as the live arrays that graphs share and training updates.
 *
 * @param name the adapter's name
 * @param file what it was made from, with the fields of its file that are only carried along
 * @param modules factors by path of the module in the graph
 * @param tokens replaced rows by path of the embedding
 * @param shared tensors that modules share, as files hold them, by suffix in PEFT's layout
 * @param copies fully trained parameters by parameter path
 * @param gates how much parts of the rank count, or null if all count alike
 */
record LiveAdapter(
        String name,
        PeftFile file,
        Map<String, Part> modules,
        Map<String, Tokens> tokens,
        Map<String, INDArray> shared,
        Map<String, Copy> copies,
        Gates gates)
        implements HostAdapter {

    /** One live array; {@code variable} is its name in every graph. */
    record Live(String variable, INDArray array) {}

    /**
     * The factors of one target by suffix.
     *
     * @param start the factors whose update the base has given up; empty unless the start of training moves the base
     * @param groups groups of channels that B is split into, 1 but for grouped convolutions
     */
    record Part(Target target, Map<String, Live> factors, Map<String, Live> start, long groups) implements HostPart {

        @Override
        public GraphModule module() {
            return target.module();
        }

        @Override
        public int rank() {
            return target.rank();
        }

        @Override
        public AdapterMethod method() {
            return target.method();
        }

        double scaling() {
            return target.scaling();
        }

        /** The factors that learn when the adapter does. */
        Map<String, Live> trained() {
            Map<String, Live> trained = new LinkedHashMap<>(factors);
            trained.keySet().removeIf(suffix -> method().traits().is(suffix, FactorTrait.FIXED));
            return trained;
        }

        /** Copies of the factors in PEFT's layout. */
        Map<String, INDArray> toPeft() {
            return toPeft(factors);
        }

        /** Copies of the start in PEFT's layout. */
        Map<String, INDArray> startToPeft() {
            return toPeft(start);
        }

        private Map<String, INDArray> toPeft(Map<String, Live> arrays) {
            Map<String, INDArray> peft = new LinkedHashMap<>();
            arrays.forEach(
                    (suffix, live) -> peft.put(suffix, target.layout(suffix).toPeft(live.array(), module().shape())));
            return peft;
        }

        @Override
        public long parameters() {
            return trained().values().stream()
                    .mapToLong(live -> live.array().length())
                    .sum();
        }
    }

    /** Rows of an embedding that take the place of the base's; the array is [rows, size] in every layout. */
    record Tokens(ReplacedTokenRows<GraphModule> rows, Live live) {

        GraphModule module() {
            return rows.module();
        }
    }

    /** A parameter of the base, trained fully. */
    record Copy(GraphParameter parameter, Live live) {}

    @Override
    public boolean touches(String modulePath) {
        return modules.containsKey(modulePath) || tokens.containsKey(modulePath);
    }

    @Override
    public Set<String> tablesWithRows() {
        return weights(tokens.values().stream().map(Tokens::module));
    }

    @Override
    public Set<String> changedWeights() {
        return weights(modules.values().stream().map(Part::module));
    }

    private static Set<String> weights(Stream<GraphModule> modules) {
        return modules.map(GraphModule::weight).collect(Collectors.toSet());
    }

    @Override
    public boolean hasGivenStart() {
        return !config().movesBase()
                && modules.values().stream().anyMatch(part -> !part.start().isEmpty());
    }

    @Override
    public LiveAdapter withFile(PeftFile other) {
        return new LiveAdapter(name, other, modules, tokens, shared, copies, gates);
    }

    @Override
    public Map<String, Map<String, String>> parameterNames() {
        Map<String, Map<String, String>> names = new LinkedHashMap<>();
        modules.values().forEach(part -> {
            Map<String, String> own = new LinkedHashMap<>();
            part.trained().forEach((suffix, live) -> own.put(suffix, live.variable()));
            names.put(part.target().path(), own);
        });
        return names;
    }

    /** The same adapter with other arrays in the place of the full copies. */
    LiveAdapter withCopies(Map<String, Copy> others) {
        return new LiveAdapter(name, file, modules, tokens, shared, others, gates);
    }

    /** The same adapter with a gate. */
    LiveAdapter withGates(Gates others) {
        return new LiveAdapter(name, file, modules, tokens, shared, copies, others);
    }

    /** The same adapter with the very factors and gates of another one, under this one's names of variables. */
    LiveAdapter sharing(LiveAdapter owner) {
        Map<String, Part> parts = new LinkedHashMap<>();
        modules.forEach((path, part) -> {
            Part theirs = owner.modules().get(path);
            parts.put(
                    path,
                    new Part(
                            part.target(),
                            arrays(part.factors(), theirs.factors()),
                            arrays(part.start(), theirs.start()),
                            part.groups()));
        });
        LiveAdapter same = new LiveAdapter(name, file, parts, tokens, shared, copies, null);
        // The variables of a gate are named after the adapter and the module, which are the same.
        return same.withGates(owner.gates());
    }

    private static Map<String, Live> arrays(Map<String, Live> names, Map<String, Live> arrays) {
        Map<String, Live> live = new LinkedHashMap<>();
        names.forEach((suffix, one) ->
                live.put(suffix, new Live(one.variable(), arrays.get(suffix).array())));
        return live;
    }

    /** Why this adapter cannot have the factors of another one; nothing is added if it can. */
    void checkSharing(LiveAdapter owner, Problems problems) {
        Set<String> missing = new LinkedHashSet<>(owner.modules().keySet());
        missing.removeAll(modules.keySet());
        problems.check(missing.isEmpty(), "this model does not adapt " + Problems.quoted(missing) + ", the other does");
        Set<String> more = new LinkedHashSet<>(modules.keySet());
        more.removeAll(owner.modules().keySet());
        problems.check(more.isEmpty(), "this model adapts " + Problems.quoted(more) + ", the other does not");
        modules.forEach((path, part) -> {
            Part theirs = owner.modules().get(path);
            part.factors().forEach((suffix, live) -> {
                INDArray other =
                        theirs == null ? null : theirs.factors().get(suffix).array();
                boolean fits = other == null
                        || (other.dataType() == live.array().dataType()
                                && Arrays.equals(other.shape(), live.array().shape()));
                problems.check(
                        fits,
                        "module \"" + path + "\": " + suffix + " lies as "
                                + live.array().dataType()
                                + Arrays.toString(live.array().shape())
                                + " here and as "
                                + (other == null ? null : other.dataType() + Arrays.toString(other.shape()))
                                + " in the other model");
            });
        });
    }

    @Override
    public Adapter snapshot(PeftFile as) {
        Map<String, Map<String, INDArray>> filed = factors();
        filed.replaceAll((path, tensors) -> AdapterMethods.of(as.config(), path).filed(tensors));
        return Adapter.of(as.config(), as.extras(), filed, saved());
    }

    @Override
    public Map<String, Part> partsByModule() {
        return modules;
    }

    @Override
    public Set<String> targetPaths() {
        Set<String> paths = new LinkedHashSet<>();
        for (Part part : modules.values()) {
            if (!part.module().isParameter()) {
                paths.add(part.target().path());
            }
        }
        return paths;
    }

    @Override
    public Map<String, INDArray> factors(String module) {
        return modules.get(module).toPeft();
    }

    @Override
    public Map<String, INDArray> start(String module) {
        return modules.values().stream()
                .filter(part -> part.target().path().equals(module))
                .findFirst()
                .map(Part::startToPeft)
                .orElse(Map.of());
    }

    @Override
    public Set<String> savedPaths() {
        return copies.keySet();
    }

    @Override
    public List<String> replacedRows() {
        List<String> rows = new ArrayList<>();
        tokens.forEach(
                (path, part) -> part.rows().rows().forEach(row -> rows.add("row " + row + " of \"" + path + "\"")));
        return rows;
    }

    @Override
    public long parameters() {
        return trainable().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }

    /** Copies of factors and rows by path in the adapter. */
    Map<String, Map<String, INDArray>> factors() {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        modules.values().forEach(part -> {
            Map<String, INDArray> peft = part.toPeft();
            peft.replaceAll(shared::getOrDefault);
            factors.put(part.target().path(), peft);
        });
        tokens.forEach((path, rows) -> factors.computeIfAbsent(path, p -> new LinkedHashMap<>())
                .put(PeftTensor.TOKEN_ROWS.suffix(), rows.live().array().dup('c')));
        return factors;
    }

    /** Copies of the fully trained parameters. */
    Map<String, INDArray> saved() {
        Map<String, INDArray> saved = new LinkedHashMap<>();
        copies.forEach((path, copy) ->
                saved.put(path, copy.parameter().toPeft(copy.live().array())));
        return saved;
    }

    /** Names of all variables that this adapter brings to a graph, those that do not learn included. */
    Set<String> variables() {
        Set<String> variables = new LinkedHashSet<>();
        trainable().forEach(parameter -> variables.add(parameter.name()));
        modules.values()
                .forEach(part -> Stream.concat(part.factors().values().stream(), part.start().values().stream())
                        .forEach(live -> variables.add(live.variable())));
        return variables;
    }

    /** Everything that learns when this adapter does. */
    List<TrainableParameter> trainable() {
        List<TrainableParameter> parameters = new ArrayList<>();
        modules.forEach((path, part) -> part.trained().forEach((suffix, live) -> {
            Kind kind = part.method().traits().is(suffix, FactorTrait.BIAS_OR_GAIN) ? Kind.BIAS_OR_NORM : Kind.FACTOR;
            parameters.add(new TrainableParameter(
                    live.variable(), path, kind, live.array(), part.target().lowRank(suffix)));
        }));
        tokens.forEach((path, rows) -> parameters.add(new TrainableParameter(
                rows.live().variable(), path, Kind.WEIGHT, rows.live().array())));
        copies.values()
                .forEach(copy -> parameters.add(new TrainableParameter(
                        copy.live().variable(),
                        copy.parameter().module(),
                        copy.parameter().isVector(copy.live().array()) ? Kind.BIAS_OR_NORM : Kind.WEIGHT,
                        copy.live().array())));
        if (gates != null) {
            parameters.addAll(gates.trainable());
        }
        return parameters;
    }
}
