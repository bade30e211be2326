/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.host.Folding;
import org.lora4j.internal.host.HostAdapter;
import org.lora4j.internal.host.HostPart;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.TokenRowsMethod;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter beside a network. While it is active a network has copies of its values, which are collected from there.
 *
 * @param name its name
 * @param index its number in this model, never given twice
 * @param file what it was made from
 * @param seed source of dropout
 * @param parts factors by module path
 * @param tokens replaced rows by path of the embedding
 * @param shared tensors that modules share, as files hold them, by suffix
 * @param copies fully trained parameters by parameter path
 * @param history what the updater remembers, by name of a factor or path of a parameter
 */
record NetworkAdapter(
        String name,
        int index,
        PeftFile file,
        long seed,
        Map<String, Part> parts,
        Map<String, Part> tokens,
        Map<String, INDArray> shared,
        Map<String, Copy> copies,
        Map<String, List<INDArray>> history)
        implements HostAdapter {

    /**
     * The factors of one module by suffix, as its layer has them.
     *
     * @param named the path by which the config knows what is adapted: of the module, or of its weight as a parameter
     * @param factors written to when values are collected
     * @param start what the start took off the base; empty if it took nothing
     */
    record Part(
            NetworkModule module,
            String named,
            AdapterMethod method,
            int rank,
            Map<String, INDArray> factors,
            Map<String, INDArray> start)
            implements HostPart {

        /** Whether a table was named as a parameter, of which files hold the factors of a matrix. */
        private boolean isMatrix() {
            return module.shape().kind() == ModuleShape.Kind.EMBEDDING && !named.equals(module.path());
        }

        /** The factors in PEFT's layout. */
        Map<String, INDArray> filed(Map<String, INDArray> own) {
            return isMatrix()
                    ? turned(own, LoraMethod.EMBEDDING_A, LoraMethod.EMBEDDING_B, LoraMethod.A, LoraMethod.B)
                    : own;
        }

        /** The same part with factors in PEFT's layout in the place of its own. */
        Part of(Map<String, INDArray> filed, Map<String, INDArray> filedStart) {
            return isMatrix()
                    ? new Part(module, named, method, rank, ofTable(filed), ofTable(filedStart))
                    : new Part(module, named, method, rank, filed, filedStart);
        }

        private static Map<String, INDArray> ofTable(Map<String, INDArray> filed) {
            return turned(filed, LoraMethod.A, LoraMethod.B, LoraMethod.EMBEDDING_A, LoraMethod.EMBEDDING_B);
        }

        /** B A of a matrix is (A' B')' of a table: each factor takes the place of the other one. */
        private static Map<String, INDArray> turned(
                Map<String, INDArray> factors, String a, String b, String otherA, String otherB) {
            Map<String, INDArray> turned = new LinkedHashMap<>();
            if (!factors.isEmpty()) {
                turned.put(otherA, factors.get(b).transpose().dup('c'));
                turned.put(otherB, factors.get(a).transpose().dup('c'));
            }
            return turned;
        }

        @Override
        public long parameters() {
            return factors.keySet().stream()
                    .filter(suffix -> !method.traits().is(suffix, FactorTrait.FIXED))
                    .mapToLong(suffix -> factors.get(suffix).length())
                    .sum();
        }
    }

    /** A parameter of the base, trained fully, in the layout of its layer; written to when values are collected. */
    record Copy(NetworkParameter parameter, INDArray value) {}

    @Override
    public Adapter snapshot(PeftFile as) {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        all().forEach(part -> factors.computeIfAbsent(part.module().path(), path -> new LinkedHashMap<>())
                .putAll(part.filed(part.factors())));
        factors.values().forEach(tensors -> tensors.replaceAll(shared::getOrDefault));
        factors.replaceAll(
                (path, tensors) -> AdapterMethods.of(as.config(), path).filed(tensors));
        Map<String, INDArray> saved = new LinkedHashMap<>();
        copies.forEach((path, copy) -> saved.put(path, copy.parameter().toPeft(copy.value())));
        return Adapter.of(as.config(), as.extras(), factors, saved);
    }

    @Override
    public NetworkAdapter withFile(PeftFile other) {
        return new NetworkAdapter(name, index, other, seed, parts, tokens, shared, copies, history);
    }

    @Override
    public Map<String, Map<String, String>> parameterNames() {
        Map<String, Map<String, String>> names = new LinkedHashMap<>();
        parts.forEach((path, part) -> {
            Map<String, String> own = new LinkedHashMap<>();
            part.factors().keySet().stream()
                    .filter(suffix -> !part.method().traits().is(suffix, FactorTrait.FIXED))
                    .forEach(suffix -> own.put(suffix, trainedName(path + "." + suffix)));
            names.put(path, own);
        });
        return names;
    }

    /** What a training loop calls a factor or a parameter of this adapter: as in a graph of SameDiff. */
    String trainedName(String path) {
        return path.replaceAll("\\.weight$", "") + "." + name;
    }

    /** Factors and rows. */
    List<Part> all() {
        return Stream.concat(parts.values().stream(), tokens.values().stream()).toList();
    }

    @Override
    public Map<String, Part> partsByModule() {
        return parts;
    }

    @Override
    public Map<String, INDArray> factors(String module) {
        return parts.get(module).filed(parts.get(module).factors());
    }

    @Override
    public Map<String, INDArray> start(String module) {
        return parts.get(module).filed(parts.get(module).start());
    }

    @Override
    public boolean touches(String module) {
        return parts.containsKey(module) || tokens.containsKey(module);
    }

    @Override
    public Set<String> targetPaths() {
        return parts.values().stream()
                .filter(part -> part.named().equals(part.module().path()))
                .map(Part::named)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    @Override
    public List<String> replacedRows() {
        return tokens.values().stream()
                .flatMap(part -> rows(part).stream()
                        .map(row -> "row " + row + " of \"" + part.module().path() + "\""))
                .toList();
    }

    private static List<Integer> rows(Part part) {
        return part.method() instanceof TokenRowsMethod method ? method.rows() : List.of();
    }

    @Override
    public Set<String> tablesWithRows() {
        return tokens.keySet();
    }

    /** What folds factors or rows of a module into its weight and bias. */
    Folding.Update update(Part part, NetworkParameter weight) {
        return new Folding.Update(
                part.method(),
                part.module().shape(),
                part.factors(),
                part.start(),
                config().scalingOf(part.named()),
                weight::toPeft,
                (peft, like) -> weight.fromPeft(peft));
    }

    /** What the start of a module took off the base's weight, in the layout of the layer. */
    INDArray taken(Part part, INDArray weight) {
        ModuleShape shape = part.module().shape();
        LayerWeight kind = part.module().weight();
        double scaling = config().scalingOf(part.named());
        INDArray delta = part.method().deltaWeight(shape, kind.toPeft(weight), part.start(), scaling);
        return kind.layout().fromPeft(delta, kind.part(weight).shape());
    }

    @Override
    public Set<String> savedPaths() {
        return copies.keySet();
    }

    @Override
    public long parameters() {
        return all().stream().mapToLong(Part::parameters).sum()
                + copies.values().stream()
                        .mapToLong(copy -> copy.value().length())
                        .sum();
    }

    /** This adapter with the number, the source of dropout and the updater's memory that it had when it was saved. */
    NetworkAdapter continued(int savedIndex, long savedSeed, Map<String, List<INDArray>> memory) {
        Map<String, Long> lengths = new LinkedHashMap<>();
        all().forEach(part -> part.factors()
                .forEach((suffix, value) -> lengths.put(part.module().path() + "." + suffix, value.length())));
        copies.forEach((path, copy) -> lengths.put(path, copy.value().length()));
        Problems problems = new Problems();
        memory.forEach((parameter, arrays) -> {
            boolean fits = arrays.stream()
                    .allMatch(array -> Long.valueOf(array.length()).equals(lengths.get(parameter)));
            problems.check(
                    fits,
                    "the updater's memory of \"" + parameter + "\" is for no parameter of this length, expected one");
        });
        problems.throwIfAny("adapter \"" + name + "\"");
        return new NetworkAdapter(
                name, savedIndex, file, savedSeed, parts, tokens, shared, copies, new LinkedHashMap<>(memory));
    }

    /** The slot of a module in its layer. */
    LoraSlot slot(Part part, boolean learns) {
        String path = part.module().path();
        return new LoraSlot(
                index,
                part.module().weight().name(),
                part.rank(),
                config().scalingOf(part.named()),
                config().dropout(),
                learns,
                part.method().traits().biasEffect() == BiasEffect.ADDS,
                config().initialization(),
                RandomStreams.of(seed, path).nextLong(),
                part.method().traits().id(),
                rows(part));
    }
}
