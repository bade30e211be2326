/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Two models with the same parameters, and which of these the targets of a config are. */
final class ModelDifference {

    private static final String WEIGHT = ".weight";

    private static final int MOST_DIMENSIONS = 5;

    private final LoraConfig config;
    private final ModuleSelector embeddings;
    private final Map<String, INDArray> base;
    private final Map<String, INDArray> tuned;
    private final Set<String> targets = new TreeSet<>();

    private ModelDifference(
            LoraConfig config, ModuleSelector embeddings, Map<String, INDArray> base, Map<String, INDArray> tuned) {
        this.config = config;
        this.embeddings = embeddings;
        this.base = new TreeMap<>(base);
        this.tuned = new TreeMap<>(tuned);
    }

    static ModelDifference of(
            LoraConfig config, ModuleSelector embeddings, Map<String, INDArray> base, Map<String, INDArray> tuned) {
        ModelDifference difference = new ModelDifference(config, embeddings, base, tuned);
        Problems problems = new Problems();
        difference.checkParameters(problems);
        difference.findTargets(problems);
        problems.throwIfAny("LoraExtraction");
        return difference;
    }

    private void checkParameters(Problems problems) {
        base.keySet().stream()
                .filter(name -> !tuned.containsKey(name))
                .forEach(name -> problems.add("parameter \"" + name + "\" is in the base model only"
                        + ClosestNames.hint(name, tuned.keySet())));
        tuned.keySet().stream()
                .filter(name -> !base.containsKey(name))
                .forEach(name -> problems.add("parameter \"" + name + "\" is in the tuned model only"
                        + ClosestNames.hint(name, base.keySet())));
        base.forEach((name, array) -> {
            INDArray other = tuned.get(name);
            problems.check(
                    other == null || Arrays.equals(array.shape(), other.shape()),
                    "parameter \"" + name + "\" has shape " + Arrays.toString(array.shape()) + " in the base model and "
                            + (other == null ? "" : Arrays.toString(other.shape()))
                            + " in the tuned one, expected one shape");
        });
    }

    private void findTargets(Problems problems) {
        if (config.targetModules() instanceof ModuleSelector.AllLinear) {
            problems.add("targetModules = all-linear, which only a graph can resolve; expected names or a regular"
                    + " expression");
            return;
        }
        Set<String> modules = new TreeSet<>();
        base.keySet().stream()
                .filter(name -> name.endsWith(WEIGHT) && tuned.containsKey(name))
                .forEach(name -> modules.add(name.substring(0, name.length() - WEIGHT.length())));
        config.unmatchedTargets(modules)
                .forEach(target -> problems.add("targetModules \"" + target + "\" matches no module with a weight"
                        + ClosestNames.hint(target, modules)));
        modules.stream().filter(config::selects).forEach(targets::add);
        embeddings
                .unmatched(targets)
                .forEach(name -> problems.add(
                        "embeddings \"" + name + "\" matches no target" + ClosestNames.hint(name, targets)));
        targets.forEach(path -> checkTarget(path, problems));
    }

    private void checkTarget(String path, Problems problems) {
        INDArray before = base.get(path + WEIGHT);
        INDArray after = tuned.get(path + WEIGHT);
        String where = "target \"" + path + "\": ";
        problems.check(
                config.scalingOf(path) > 0,
                where + "alpha = " + config.alphaOf(path)
                        + ", expected more than 0, or no factors could hold the change");
        int most = isEmbedding(path) ? 2 : MOST_DIMENSIONS;
        if (!before.dataType().isFPType() || !after.dataType().isFPType()) {
            problems.add(where + "the weight is of type " + before.dataType() + ", expected floating point");
        } else if (before.rank() < 2 || before.rank() > most || before.isEmpty()) {
            problems.add(where + "the weight has shape " + Arrays.toString(before.shape()) + ", expected 2 to " + most
                    + " dimensions");
        } else if (Arrays.equals(before.shape(), after.shape())) {
            problems.check(
                    Double.isFinite(change(path).norm()),
                    where + "an element of the weight is not finite, expected finite numbers");
        }
    }

    private boolean isEmbedding(String path) {
        return embeddings.matches(path);
    }

    /** Paths of the modules to find factors for. */
    Set<String> targets() {
        return targets;
    }

    /** The change of a target's weight as a matrix [outputs, inputs]. */
    Matrix change(String path) {
        return matrix(path, tuned).plus(-1, matrix(path, base));
    }

    private Matrix matrix(String path, Map<String, INDArray> model) {
        INDArray weight = model.get(path + WEIGHT);
        Matrix matrix = Matrix.of(weight, Math.toIntExact(weight.size(0)));
        return isTurned(path) ? matrix.transposed() : matrix;
    }

    private boolean isTurned(String path) {
        return isEmbedding(path)
                || (config.fanInFanOut() && base.get(path + WEIGHT).rank() == 2);
    }

    FactorLayout layout(String path) {
        long[] shape = base.get(path + WEIGHT).shape();
        boolean turned = isTurned(path);
        List<Long> inputs = turned
                ? List.of(shape[0])
                : Arrays.stream(shape).skip(1).boxed().toList();
        return new FactorLayout(isEmbedding(path), inputs, Math.toIntExact(shape[turned ? 1 : 0]), 1);
    }

    boolean isDouble(String path) {
        return tuned.get(path + WEIGHT).dataType() == DataType.DOUBLE;
    }

    /** Names of parameters other than the targets' weights that differ. */
    List<String> changedOthers() {
        return base.keySet().stream()
                .filter(name -> !isTargetWeight(name))
                .filter(name -> !SameElements.in(base.get(name), tuned.get(name)))
                .toList();
    }

    private boolean isTargetWeight(String name) {
        return name.endsWith(WEIGHT) && targets.contains(PeftKeys.moduleOf(name));
    }

    /** The parameters of the tuned model other than the targets' weights. */
    Map<String, INDArray> tunedOthers() {
        Map<String, INDArray> others = new TreeMap<>(tuned);
        others.keySet().removeIf(this::isTargetWeight);
        return others;
    }
}
