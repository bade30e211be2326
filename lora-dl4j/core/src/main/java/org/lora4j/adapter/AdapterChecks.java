/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.internal.format.peft.StackedModules;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.TokenRowsMethod;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What makes an adapter sound in itself, without knowing any base model. */
final class AdapterChecks {

    /** Names under which PEFT saves whole embeddings unasked, because they were resized or are themselves adapted. */
    private static final Set<String> EMBEDDINGS = Set.of(
            "embed_tokens", "lm_head", "word_embeddings", "wte", "shared", "embed_in", "embed_out", "tok_embeddings");

    private static final Set<String> CLASSIFICATION_TASKS = Set.of("SEQ_CLS", "TOKEN_CLS");

    private static final Set<String> CLASSIFICATION_HEADS = Set.of("classifier", "score");

    private static final int MOST_DIMENSIONS_OF_A = 5;

    private final AdapterConfig config;
    private final StackedModules stacked;
    private final Problems problems;

    AdapterChecks(PeftFile file, Problems problems) {
        this(file.config(), StackedModules.of(file, problems), problems);
    }

    private AdapterChecks(AdapterConfig config, StackedModules stacked, Problems problems) {
        this.config = config;
        this.stacked = stacked;
        this.problems = problems;
    }

    void check(Map<String, Map<String, INDArray>> modules, Map<String, INDArray> saved) {
        try {
            checkAll(modules, saved);
        } catch (CostlyExpressionException e) {
            problems.add(e.getMessage());
        }
    }

    private void checkAll(Map<String, Map<String, INDArray>> modules, Map<String, INDArray> saved) {
        modules.forEach(this::checkModule);
        modules.keySet()
                .forEach(path -> problems.check(
                        config.targetUse() != TargetUse.ROWS
                                || config.targetModules() instanceof ModuleSelector.None
                                || config.trainsRowsOf(path)
                                || TokenRowsMethod.original(config, path, modules)
                                        .isPresent(),
                        "module \"" + path + "\" has rows but is not selected by the config (" + config + ")"));
        Set<String> adapted = plain(modules);
        saved.forEach((path, array) -> checkSaved(path, array, adapted));
        boolean headIsThere = saved.keySet().stream().anyMatch(path -> config.savesFully(PeftKeys.moduleOf(path)));
        problems.check(
                config.modulesToSave().isEmpty() || headIsThere || isNamedByPeftAlone(),
                "no parameter of the fully trained modules " + config.modulesToSave() + ", expected at least one");
        boolean rowsAreThere =
                modules.values().stream().anyMatch(tensors -> tensors.containsKey(PeftTensor.TOKEN_ROWS.suffix()));
        problems.check(
                config.trainableTokens().isEmpty() || rowsAreThere,
                "no rows of the trained tokens " + config.trainableTokens() + ", expected "
                        + PeftTensor.TOKEN_ROWS.suffix() + " of at least one module");
    }

    /** For classification tasks PEFT names these unasked, whether the model has them or not. */
    private boolean isNamedByPeftAlone() {
        return CLASSIFICATION_TASKS.contains(String.valueOf(config.taskType()))
                && CLASSIFICATION_HEADS.containsAll(config.modulesToSave());
    }

    /** Takes out what is not sound in itself and tells why. */
    List<String> removeUnsound(Map<String, Map<String, INDArray>> modules, Map<String, INDArray> saved) {
        Problems found = new Problems();
        AdapterChecks single = new AdapterChecks(config, stacked, found);
        List<String> reasons = new ArrayList<>();
        modules.entrySet().removeIf(module -> {
            single.checkModule(module.getKey(), module.getValue());
            return drain(found, reasons);
        });
        Set<String> adapted = plain(modules);
        saved.entrySet().removeIf(parameter -> {
            single.checkSaved(parameter.getKey(), parameter.getValue(), adapted);
            return drain(found, reasons);
        });
        return reasons;
    }

    private static boolean drain(Problems found, List<String> reasons) {
        reasons.addAll(found.list());
        boolean any = !found.isEmpty();
        found.clear();
        return any;
    }

    private static Set<String> plain(Map<String, Map<String, INDArray>> modules) {
        return modules.keySet().stream().map(PeftKeys::withoutWrappers).collect(Collectors.toSet());
    }

    private void checkSaved(String path, INDArray array, Set<String> adapted) {
        checkElements("parameter \"" + path + "\"", array);
        checkDeclared(path, adapted);
    }

    private void checkModule(String path, Map<String, INDArray> tensors) {
        String where = "module \"" + path + "\"";
        tensors.forEach((suffix, array) -> {
            checkElements(where + ", " + suffix, array);
            Optional<PeftTensor> tensor = PeftTensor.ofSuffix(suffix);
            if (tensor.filter(this::isOfMethod).isEmpty()) {
                problems.add(where + " has the tensor \"" + suffix + "\", which "
                        + (tensor.isEmpty() ? "lora4j does not know" : "is none of " + config.peftType()));
            } else {
                tensor.get()
                        .partner()
                        .map(PeftTensor::suffix)
                        .ifPresent(partner -> problems.check(
                                tensors.containsKey(partner),
                                where + " has " + suffix + " without " + partner + ", expected both"));
            }
        });
        problems.check(
                !tensors.isEmpty(),
                where + " has no tensors, expected "
                        + AdapterMethods.of(config, path).traits().suffixes());
        if (config instanceof LoraConfig lora) {
            checkPair(lora, where, path, tensors);
        } else if (config.targetUse() == TargetUse.FACTORS) {
            requireSelected(where, path, false);
            Map<String, long[]> shapes = new TreeMap<>();
            tensors.forEach((suffix, array) -> shapes.put(suffix, array.shape()));
            AdapterMethods.of(config, path)
                    .problems(shapes, config.rankOf(path))
                    .forEach(problem -> problems.add(where + ": " + problem));
            if (config instanceof AdaLoraConfig adaLora && adaLora.keepsNoneOf(path)) {
                tensors.forEach((suffix, array) -> problems.check(
                        array.isEmpty() || array.amaxNumber().doubleValue() == 0,
                        where + ": " + suffix + " has values, but the config keeps no triplet of the module; expected"
                                + " zeros"));
            }
        }
        checkTokens(where, path, tensors.get(PeftTensor.TOKEN_ROWS.suffix()));
    }

    private boolean isOfMethod(PeftTensor tensor) {
        return tensor.peftType().equals(config.peftType())
                || tensor == PeftTensor.TOKEN_ROWS && config.targetUse() == TargetUse.ROWS;
    }

    private void requireSelected(String where, String path, boolean ofParameter) {
        problems.check(
                ofParameter || config.selects(path),
                where + " has factors but is not selected by the config (" + config + ")");
    }

    private void checkPair(LoraConfig lora, String where, String path, Map<String, INDArray> tensors) {
        boolean linear = tensors.containsKey(PeftTensor.LORA_A.suffix());
        boolean embedding = tensors.containsKey(PeftTensor.EMBEDDING_A.suffix());
        problems.check(
                !linear || !embedding,
                where + " has the factors of a linear module and of an embedding, expected one kind");
        if (linear || embedding) {
            checkUpdate(lora, where, path, tensors, linear ? PeftTensor.LORA_A : PeftTensor.EMBEDDING_A);
        }
        problems.check(
                linear || embedding || !tensors.containsKey(PeftTensor.MAGNITUDE.suffix()),
                where + " has " + PeftTensor.MAGNITUDE.suffix() + " without A and B");
    }

    private void checkUpdate(
            LoraConfig lora, String where, String path, Map<String, INDArray> tensors, PeftTensor tensorA) {
        String owner = PeftKeys.wrapperOf(path);
        boolean ofParameter = !config.selects(owner) && config.adaptsParametersOf(owner);
        requireSelected(where, owner, ofParameter);
        INDArray a = tensors.get(tensorA.suffix());
        INDArray b = tensors.get(tensorA.partner().orElseThrow().suffix());
        if (b == null) {
            return;
        }
        if (ofParameter) {
            checkStacked(lora, where, a, b);
        } else {
            checkPair(where, config.rankOf(owner), stacked.parts(owner), a, b, tensorA);
        }
        String beside = besides(tensorA.partner().orElseThrow().suffix(), b);
        checkVector(where, tensors, PeftTensor.MAGNITUDE, lora.dora(), "dora", magnitudes(b), beside);
        long[] diagonal = {config.rankOf(owner)};
        checkVector(where, tensors, PeftTensor.DIAGONAL, lora.kasa() != null, "kasa", diagonal, "");
        long[] biases = {b.rank() == 0 ? 1 : b.size(0)};
        checkVector(where, tensors, PeftTensor.LORA_B_BIAS, lora.loraBias(), "loraBias", biases, beside);
    }

    private void checkPair(String where, int rank, int parts, INDArray a, INDArray b, PeftTensor tensorA) {
        long rows = (long) rank * parts;
        String by = " (rank " + rank + " by the config" + (parts == 1 ? ")" : ", " + parts + " parts)");
        int most = tensorA == PeftTensor.LORA_A ? MOST_DIMENSIONS_OF_A : 2;
        problems.check(
                a.rank() >= 2 && a.rank() <= most && a.size(0) == rows,
                where + ": " + tensorA.suffix() + " has shape " + Arrays.toString(a.shape()) + ", expected [" + rows
                        + ", inputs]" + by);
        problems.check(
                b.rank() >= 2 && b.rank() == a.rank() && isPointwise(b) && fits(b, rows),
                where + ": " + tensorA.partner().orElseThrow().suffix() + " has shape " + Arrays.toString(b.shape())
                        + ", expected [outputs, " + rows + "]" + by + besides(tensorA.suffix(), a));
    }

    private static String besides(String suffix, INDArray array) {
        return " beside " + suffix + " " + Arrays.toString(array.shape());
    }

    /** A parameter may stack the weights of several experts, each with the rank of the config. */
    private void checkStacked(LoraConfig lora, String where, INDArray a, INDArray b) {
        boolean matrices = a.rank() == 2 && b.rank() == 2 && a.size(0) == b.size(1);
        boolean whole = matrices
                && Stream.concat(Stream.of(lora.rank()), lora.rankPattern().values().stream())
                        .anyMatch(rank -> a.size(0) % rank == 0);
        problems.check(
                whole,
                where + ": " + PeftTensor.LORA_A.suffix() + " has shape " + Arrays.toString(a.shape()) + " and "
                        + PeftTensor.LORA_B.suffix() + " " + Arrays.toString(b.shape())
                        + ", expected [k, inputs] and [outputs, k] with k a multiple of the rank " + lora.rank());
    }

    private void checkVector(
            String where,
            Map<String, INDArray> tensors,
            PeftTensor kind,
            boolean wanted,
            String option,
            long[] shape,
            String beside) {
        INDArray vector = tensors.get(kind.suffix());
        if (vector == null) {
            problems.check(!wanted, where + " has no " + kind.suffix() + ", expected one because of " + option);
        } else {
            problems.check(wanted, where + " has " + kind.suffix() + ", but the config does not set " + option);
            problems.check(
                    Arrays.equals(vector.shape(), shape),
                    where + ": " + kind.suffix() + " has shape " + Arrays.toString(vector.shape()) + ", expected "
                            + Arrays.toString(shape) + beside);
        }
    }

    private static long[] magnitudes(INDArray b) {
        long[] shape = new long[Math.max(1, b.rank() == 2 ? 1 : b.rank())];
        Arrays.fill(shape, 1);
        shape[b.rank() == 2 ? 0 : Math.min(1, shape.length - 1)] = b.rank() == 0 ? 1 : b.size(0);
        return shape;
    }

    private void checkTokens(String where, String path, INDArray rows) {
        if (rows == null) {
            return;
        }
        List<Integer> indices = config.tokenRows(path);
        problems.check(
                rows.rank() == 2 && rows.size(0) == indices.size(),
                where + ": " + PeftTensor.TOKEN_ROWS.suffix() + " has shape " + Arrays.toString(rows.shape())
                        + ", expected [" + indices.size() + ", dimension] by trainableTokens " + indices);
    }

    /** B of a grouped convolution has rank/groups inputs. */
    private static boolean fits(INDArray b, long rank) {
        long inputs = b.size(1);
        return inputs == rank || (b.rank() > 2 && inputs > 0 && rank % inputs == 0);
    }

    private static boolean isPointwise(INDArray b) {
        return Arrays.stream(b.shape()).skip(2).allMatch(size -> size == 1);
    }

    private void checkElements(String where, INDArray array) {
        checkElements(where, array, problems);
    }

    /** Refuses arrays without elements, and numbers that are not finite. */
    static void checkElements(String where, INDArray array, Problems problems) {
        if (array.isEmpty()) {
            problems.add(
                    where + " has shape " + Arrays.toString(array.shape()) + " and no elements, expected at least one");
            return;
        }
        long bad = ArrayBytes.firstNotFinite(array, ElementCodec.exactFor(array.dataType()));
        problems.check(
                bad < 0,
                where + ": element " + bad + " is "
                        + (bad < 0 ? 0 : array.data().getDouble(bad)) + ", expected finite numbers");
    }

    private void checkDeclared(String path, Set<String> adapted) {
        String module = PeftKeys.moduleOf(path);
        String name = path.substring(path.lastIndexOf('.') + 1);
        String moduleName = module.substring(module.lastIndexOf('.') + 1);
        // PEFT takes every parameter with "bias" anywhere in its path for bias "all".
        boolean isTrainedBias = (config.bias() == BiasTraining.ALL && path.contains("bias"))
                || (config.bias() == BiasTraining.ADAPTED_ONLY && name.contains("bias") && adapted.contains(module));
        problems.check(
                config.savesFully(module) || isTrainedBias || EMBEDDINGS.contains(moduleName),
                "parameter \"" + path + "\" is saved in full, but the config (modulesToSave " + config.modulesToSave()
                        + ", bias " + config.bias() + ") does not say so");
    }
}
