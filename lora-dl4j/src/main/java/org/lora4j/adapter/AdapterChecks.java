/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftTensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What makes an adapter sound in itself, without knowing any base model. */
final class AdapterChecks {

    /** Names under which PEFT saves whole embeddings unasked, because they were resized or are themselves adapted. */
    private static final Set<String> EMBEDDINGS = Set.of(
            "embed_tokens", "lm_head", "word_embeddings", "wte", "shared", "embed_in", "embed_out", "tok_embeddings");

    private static final int MOST_DIMENSIONS_OF_A = 5;

    private final LoraConfig config;
    private final Problems problems;

    AdapterChecks(LoraConfig config, Problems problems) {
        this.config = config;
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
        saved.forEach((path, array) -> {
            checkElements("parameter \"" + path + "\"", array);
            checkDeclared(path, modules.keySet());
        });
        boolean headIsThere = saved.keySet().stream().anyMatch(path -> config.savesFully(moduleOf(path)));
        problems.check(
                config.modulesToSave().isEmpty() || headIsThere,
                "no parameter of the fully trained modules " + config.modulesToSave() + ", expected at least one");
    }

    private void checkModule(String path, Map<String, INDArray> tensors) {
        String where = "module \"" + path + "\"";
        problems.check(config.selects(path), where + " has factors but is not selected by the config (" + config + ")");
        tensors.forEach((suffix, array) -> {
            checkElements(where + ", " + suffix, array);
            Optional<PeftTensor> tensor = PeftTensor.ofSuffix(suffix);
            if (tensor.isEmpty()) {
                problems.add(where + " has the tensor \"" + suffix + "\", which lora4j does not know");
            } else if (!tensors.containsKey(tensor.get().partner().suffix())) {
                problems.add(where + " has " + suffix + " without "
                        + tensor.get().partner().suffix());
            }
        });
        checkPair(where, path, tensors, PeftTensor.LORA_A);
        checkPair(where, path, tensors, PeftTensor.EMBEDDING_A);
        problems.check(!tensors.isEmpty(), where + " has no tensors, expected A and B");
        problems.check(
                !tensors.containsKey(PeftTensor.LORA_A.suffix())
                        || !tensors.containsKey(PeftTensor.EMBEDDING_A.suffix()),
                where + " has the factors of a linear module and of an embedding, expected one kind");
    }

    private void checkPair(String where, String path, Map<String, INDArray> tensors, PeftTensor tensorA) {
        INDArray a = tensors.get(tensorA.suffix());
        INDArray b = tensors.get(tensorA.partner().suffix());
        if (a == null || b == null) {
            return;
        }
        int rank = config.rankOf(path);
        int most = tensorA == PeftTensor.LORA_A ? MOST_DIMENSIONS_OF_A : 2;
        problems.check(
                a.rank() >= 2 && a.rank() <= most && a.size(0) == rank,
                where + ": A has shape " + Arrays.toString(a.shape()) + ", expected [" + rank + ", inputs] (rank "
                        + rank + " by the config)");
        problems.check(
                b.rank() >= 2 && b.rank() == a.rank() && isPointwise(b) && fits(b, rank),
                where + ": B has shape " + Arrays.toString(b.shape()) + ", expected [outputs, " + rank + "] (rank "
                        + rank + " by the config)");
    }

    /** B of a grouped convolution has rank/groups inputs. */
    private static boolean fits(INDArray b, int rank) {
        long inputs = b.size(1);
        return inputs == rank || (b.rank() > 2 && inputs > 0 && rank % inputs == 0);
    }

    private static boolean isPointwise(INDArray b) {
        return Arrays.stream(b.shape()).skip(2).allMatch(size -> size == 1);
    }

    private void checkElements(String where, INDArray array) {
        if (array.isEmpty()) {
            problems.add(where + " has no elements, expected at least one");
            return;
        }
        long bad = ArrayBytes.firstNotFinite(array, ElementCodec.exactFor(array.dataType()));
        problems.check(
                bad < 0,
                where + ": element " + bad + " is "
                        + (bad < 0 ? 0 : array.data().getDouble(bad)) + ", expected finite numbers");
    }

    private void checkDeclared(String path, Set<String> adapted) {
        String module = moduleOf(path);
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

    static String moduleOf(String parameterPath) {
        int dot = parameterPath.lastIndexOf('.');
        // A leaf of the root is a module and a parameter at once.
        return dot < 0 ? parameterPath : parameterPath.substring(0, dot);
    }
}
