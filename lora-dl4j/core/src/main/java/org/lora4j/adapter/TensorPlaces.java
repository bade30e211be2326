/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.BoftConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdaLoraMethod;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.BoftMethod;
import org.lora4j.method.FactorTrait;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Puts the tensors of a file in their places and checks that they make an adapter. */
final class TensorPlaces {

    /** More dimensions than an ND4J array can have are refused before one is made. */
    private static final int MOST_DIMENSIONS = 32;

    private PeftFile config;
    private final Path path;
    private final AdapterLoader how;
    private final Map<String, Map<String, INDArray>> modules = new TreeMap<>();
    private final Map<PeftTensor, INDArray> shared = new LinkedHashMap<>();
    private final Map<String, INDArray> saved = new TreeMap<>();
    private final Map<String, String> copies = new HashMap<>();
    private final Set<String> keys = new HashSet<>();
    private final Problems problems = new Problems();
    private long zeros;

    /** Elements of all triplets that no file holds: a tensor of no bytes says how many, and 30 billion parameters have fewer. */
    private static final long MOST_ZEROS = 1L << 26;

    TensorPlaces(PeftFile config, Path path, AdapterLoader how) {
        this.config = config;
        this.path = path;
        this.how = how;
    }

    Adapter read(TensorFile file) throws IOException {
        for (TensorEntry entry : file.tensors().values()) {
            boolean integers = PeftKeys.isInteger(how.mapped(entry.name()));
            Optional<ElementCodec> codec =
                    integers ? ElementCodec.ofIntegers(entry.dtype()) : ElementCodec.of(entry.dtype());
            if (codec.isEmpty() || entry.shape().length > MOST_DIMENSIONS) {
                problems.add(
                        "tensor " + entry + ", expected " + (integers ? "U8, I16, I32 or I64" : "F64, F32, F16 or BF16")
                                + " and at most " + MOST_DIMENSIONS + " dimensions");
            } else if (PeftKeys.parse(how.mapped(entry.name())) instanceof PeftKey.Factor factor
                    && config.config() instanceof AdaLoraConfig adaLora
                    && adaLora.keepsNoneOf(factor.modulePath())) {
                placeZeros(entry, factor, codec.get());
            } else if (entry.byteCount() == 0) {
                problems.add("tensor " + entry + " has no elements, expected at least one");
            } else {
                place(file, entry, codec.get());
            }
        }
        how.given().forEach((key, array) -> place(key, "", () -> array));
        modules.entrySet()
                .removeIf(module -> !shared.isEmpty() && isOfAnotherAdapter(module.getKey(), module.getValue()));
        SharedTensors.distribute(shared, modules, problems);
        SharedTensors.unite(config.config(), modules, problems);
        if (hasOneFactor()) {
            config = PeftConfigJson.withOneFactor(config);
        }
        config = withModulesByEnding();
        checkGiven();
        copies.forEach((key, parameter) -> problems.check(
                saved.containsKey(parameter),
                "key \"" + key + "\" is a copy of \"" + parameter + "\", which is missing"));
        AdapterChecks checks = new AdapterChecks(config, problems);
        if (how.isLenient()) {
            problems.addAll(checks.removeUnsound(modules, saved));
            how.report(path, problems.list());
            problems.clear();
        }
        problems.check(
                !modules.isEmpty() || !saved.isEmpty(),
                "holds no tensors of an adapter, expected "
                        + AdapterMethods.entry(config.config().peftType())
                                .map(method -> method.suffixes().distinct().toList())
                                .orElse(List.of())
                        + " or whole parameters of " + config.config());
        checks.check(modules, saved);
        if (!problems.isEmpty()) {
            throw new AdapterFormatException(
                    problems.message(path.toString())
                            + ". The adapter is damaged, incomplete or not what its config says; save it again where it was made.");
        }
        return new Adapter(
                config, modules, saved, SetMetadata.baseHashes(file.metadata()), SetMetadata.isOfPeft(file.metadata()));
    }

    /**
     * PEFT trains every module whose path ends with a name of {@code modules_to_save}, within a word as well: {@code
     * classifier} means DistilBERT's {@code pre_classifier}, too. Here a name is one of whole segments, so that what the file
     * holds is named.
     */
    private PeftFile withModulesByEnding() {
        List<String> names = config.config().modulesToSave();
        Set<String> meant = new LinkedHashSet<>(names);
        for (String parameter : saved.keySet()) {
            String module = PeftKeys.moduleOf(parameter);
            if (!AdapterConfig.contains(module, names) && names.stream().anyMatch(module::endsWith)) {
                meant.add(module);
            }
        }
        return meant.size() == names.size()
                ? config
                : new PeftFile(
                        config.config().toBuilder()
                                .modulesToSave(List.copyOf(meant))
                                .build(),
                        config.extras());
    }

    /**
     * Whether a module holds nothing but copies of what all share. PEFT writes them with every module that any adapter of the
     * model has, while the factors of a module are in the file of its own adapter.
     */
    private boolean isOfAnotherAdapter(String module, Map<String, INDArray> tensors) {
        AdapterMethod method = AdapterMethods.of(config.config(), module);
        boolean copies = tensors.entrySet().stream()
                .allMatch(tensor -> method.traits().is(tensor.getKey(), FactorTrait.SHARED)
                        && method.traits().is(tensor.getKey(), FactorTrait.REPEATED)
                        && PeftTensor.ofSuffix(tensor.getKey())
                                .map(shared::get)
                                .filter(array -> ArrayBytes.same(array, tensor.getValue()))
                                .isPresent());
        try {
            return copies && !config.config().selects(PeftKeys.wrapperOf(module));
        } catch (CostlyExpressionException e) {
            // The checks tell.
            return false;
        }
    }

    private void place(TensorFile file, TensorEntry entry, ElementCodec codec) throws IOException {
        String key = how.mapped(entry.name());
        place(
                key,
                key.equals(entry.name()) ? "" : " (\"" + entry.name() + "\" in the file)",
                () -> ArrayBytes.read(file, entry, codec));
    }

    /** A tensor of no triplet in the file is one of a triplet of zeros in the adapter. */
    private void placeZeros(TensorEntry entry, PeftKey.Factor factor, ElementCodec codec) {
        long[] shape = entry.shape();
        int axis = AdaLoraMethod.axisOfTriplets(factor.tensor().suffix());
        if (shape.length != 2 || shape[axis] != 0 || shape[1 - axis] == 0) {
            problems.add("tensor " + entry
                    + " of a module whose triplets rank_pattern leaves out, expected a size of 0 on axis " + axis);
            return;
        }
        shape[axis] = 1;
        if (shape[1 - axis] > MOST_ZEROS - zeros) {
            problems.add("tensor " + entry + " has no bytes and asks for " + shape[1 - axis]
                    + " zeros, expected at most " + MOST_ZEROS + " of all such tensors");
            return;
        }
        zeros += shape[1 - axis];
        place(how.mapped(entry.name()), "", () -> Nd4j.zeros(codec.arrayType(), shape));
    }

    /** Where an array comes from. */
    private interface Source<E extends Exception> {
        INDArray read() throws E;
    }

    private <E extends Exception> void place(String key, String origin, Source<E> source) throws E {
        if (!keys.add(key)) {
            problems.add(
                    "key \"" + key + "\"" + origin + " is there twice, after the key mapping or as a tensor given");
            return;
        }
        PeftKey meaning = PeftKeys.parse(key);
        if (meaning instanceof PeftKey.Factor factor) {
            modules.computeIfAbsent(factor.modulePath(), module -> new TreeMap<>())
                    .put(suffix(factor.tensor()), source.read());
        } else if (meaning instanceof PeftKey.Target target) {
            problems.check(
                    config.config().isTrainedTarget(PeftKeys.moduleOf(target.parameterPath())),
                    "key \"" + key + "\"" + origin + " is of a normalization that the config does not train");
            saved.put(target.parameterPath(), source.read());
        } else if (meaning instanceof PeftKey.Shared all) {
            shared.put(all.tensor(), source.read());
        } else if (meaning instanceof PeftKey.Saved parameter) {
            problems.check(
                    !config.config().isTrainedTarget(PeftKeys.moduleOf(parameter.parameterPath())),
                    "key \"" + key + "\"" + origin + " is of a target, expected \""
                            + PeftKeys.saved(config.config(), parameter.parameterPath(), Set.of()) + "\"");
            INDArray before = saved.put(parameter.parameterPath(), source.read());
            problems.check(before == null, "parameter \"" + parameter.parameterPath() + "\" is there twice");
        } else if (meaning instanceof PeftKey.Copy copy) {
            copies.put(key, copy.parameterPath());
        } else if (meaning instanceof PeftKey.Unknown unknown) {
            problems.add("key \"" + key + "\"" + origin + " " + unknown.reason());
        }
    }

    /** Whether all of BOFT's modules have one butterfly factor, which PEFT makes without CUDA whatever the config says. */
    private boolean hasOneFactor() {
        return config.config() instanceof BoftConfig boft
                && boft.butterflyFactors() > 1
                && !modules.isEmpty()
                && modules.values().stream()
                        .map(tensors -> tensors.get(BoftMethod.R))
                        .allMatch(r -> r != null && r.rank() == 4 && r.size(0) == 1);
    }

    /** Names the tensors that no file of such an adapter holds, and that were not given either. */
    private void checkGiven() {
        Set<String> missing = new TreeSet<>();
        modules.forEach((path, tensors) -> {
            AdapterMethod method = AdapterMethods.of(config.config(), path);
            method.traits().suffixes().stream()
                    .filter(suffix -> method.traits().is(suffix, FactorTrait.UNSAVED) && !tensors.containsKey(suffix))
                    .forEach(suffix -> missing.add(
                            PeftKeys.key(path, suffix, method.traits().is(suffix, FactorTrait.SHARED))));
        });
        problems.check(
                missing.isEmpty(),
                "no file of this adapter holds " + Problems.quoted(missing)
                        + ", which PyTorch's generator drew; expected them given: AdapterLoader.tensors");
    }

    /** Rows of tokens have one name in adapters and two in files. */
    private String suffix(PeftTensor tensor) {
        if (config.config().targetUse() != TargetUse.ROWS) {
            return tensor.suffix();
        }
        problems.check(
                tensor != PeftTensor.TOKEN_ROWS,
                "a key ends with " + tensor.suffix() + ", expected " + PeftTensor.TOKEN_ROWS_ALONE.suffix()
                        + " in files of " + config.config().peftType());
        return (tensor == PeftTensor.TOKEN_ROWS_ALONE ? PeftTensor.TOKEN_ROWS : tensor).suffix();
    }
}
