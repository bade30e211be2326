/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.quant.StoredWeights;
import org.lora4j.train.Batch;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a {@link LoraStart} may ask a base: the targets, what goes into them, their weights and the gradients of these. */
final class StartProbe {

    private static final String PROBE = "probe";
    /** What encoders call their mask, PEFT's as well. */
    private static final String ATTENTION_MASK = "attention_mask";
    /** What decoders call the weights of the losses of their tokens. */
    private static final String TARGET_WEIGHTS = "target_weights";

    /** The forms in which a module is applied to what lies along the last axis of its input. */
    private static final Set<String> FORMS = Set.of("matmul", "linear op");

    private final String where;
    private final SameDiff base;
    private final AdaptedSameDiff model;
    private final LoraConfig config;
    private final Map<String, Target> targets = new LinkedHashMap<>();

    StartProbe(String where, AdaptedSameDiff asked, LoraConfig config) {
        this.where = where;
        this.base = asked.base();
        this.config = config;
        this.model = asked.another();
        Problems problems = new Problems();
        problems.check(!config.dora(), "dora, expected plain LoRA");
        problems.check(!config.loraBias(), "loraBias, expected plain LoRA");
        problems.check(
                config.targetParameters().isEmpty(),
                "targetParameters = " + config.targetParameters() + ", expected modules only");
        problems.throwIfAny(where);
        asked.targets(config).forEach(target -> targets.put(target.path(), target));
        targets.forEach((path, target) -> check(path, target, problems));
        problems.throwIfAny(where);
    }

    private static void check(String path, Target target, Problems problems) {
        GraphModule module = target.module();
        ModuleShape shape = module.shape();
        problems.check(
                shape.kind() == ModuleShape.Kind.LINEAR && FORMS.contains(module.form()),
                "module \"" + path + "\" is " + shape + " (" + module.form()
                        + "), expected a linear module that multiplies rows of its input");
        problems.check(
                target.rank() <= Math.min(shape.inputs(), shape.outputs()),
                "module \"" + path + "\" is " + shape + ", rank = " + target.rank() + ", expected at most its sizes");
        problems.check(
                target.scaling() > 0,
                "module \"" + path + "\" has the scaling " + target.scaling()
                        + ", expected more than 0, because what the base gives up is divided by it");
    }

    Map<String, Target> targets() {
        return targets;
    }

    /** A weight [outputs, inputs]. */
    Matrix weight(Target target) {
        GraphModule module = target.module();
        INDArray weight = module.weightLayout().toPeft(StoredWeights.value(base, module.weight()), module.shape());
        return Matrix.of(weight, Math.toIntExact(module.shape().outputs()));
    }

    /** What goes into the first use of each module, one row for each time that its weight is applied. */
    Map<String, Matrix> inputs(Batch batch) {
        Map<String, String> variables = new LinkedHashMap<>();
        targets.forEach((path, target) -> {
            Site site = target.module().sites().get(0);
            variables.put(path, base.getOps().get(site.op()).getInputsToOp().get(site.dataInput()));
        });
        List<String> wanted = variables.values().stream()
                .filter(variable -> !batch.placeholders().containsKey(variable))
                .distinct()
                .toList();
        Map<String, INDArray> found = new LinkedHashMap<>(batch.placeholders());
        if (!wanted.isEmpty()) {
            found.putAll(model.output(batch.placeholders(), wanted.toArray(new String[0])));
        }
        Map<String, Matrix> inputs = new LinkedHashMap<>();
        Problems problems = new Problems();
        variables.forEach((path, variable) -> {
            INDArray array = found.get(variable);
            long columns = targets.get(path).module().shape().inputs();
            if (array.size(array.rank() - 1) != columns) {
                problems.add("the input of \"" + path + "\" has shape " + Arrays.toString(array.shape()) + ", expected "
                        + columns + " values along the last axis");
                return;
            }
            Matrix rows = Matrix.of(array, Math.toIntExact(array.length() / columns));
            problems.check(
                    Double.isFinite(rows.norm()),
                    "the input of \"" + path + "\" holds values that are not finite, expected finite ones");
            inputs.put(path, rows);
        });
        problems.throwIfAny(where);
        return inputs;
    }

    /**
     * The rows of an input at which there is a token: as in PEFT, those of padding do not count, nor those of which no loss is
     * taken. A batch that has no such mask, or an input that has other rows, is taken as a whole.
     */
    static Matrix withoutPadding(Batch batch, Matrix rows) {
        boolean[] counts = counting(batch, rows.rows());
        if (counts == null) {
            return rows;
        }
        return Matrix.ofRows(
                rows.columns(),
                IntStream.range(0, counts.length)
                        .filter(row -> counts[row])
                        .mapToObj(rows::row)
                        .toArray(double[][]::new));
    }

    private static boolean[] counting(Batch batch, int rows) {
        INDArray attended = batch.placeholders().get(ATTENTION_MASK);
        INDArray weights = batch.placeholders().get(TARGET_WEIGHTS);
        INDArray mask = attended == null ? weights : attended;
        if (mask == null || mask.length() != rows) {
            return null;
        }
        double[] values = mask.dup('c').data().asDouble();
        boolean[] counts = new boolean[rows];
        for (int row = 0; row < rows; row++) {
            // A weight is that of the next token: the last token that is learned predicts none.
            boolean last = attended == null && row % mask.size(mask.rank() - 1) > 0 && values[row - 1] != 0;
            counts[row] = values[row] != 0 || last;
        }
        return counts;
    }

    /** The mean over batches of the gradients of the loss by each weight, [outputs, inputs]. */
    Map<String, Matrix> gradients(Iterable<Batch> batches) {
        model.addAdapter(
                PROBE,
                LoraConfig.builder()
                        .modulesToSave(targets.keySet().toArray(new String[0]))
                        .build(),
                0);
        model.activate(PROBE);
        Map<String, TrainableParameter> weights = new LinkedHashMap<>();
        targets.forEach((path, target) -> model.trainableParameters().stream()
                .filter(parameter -> parameter.module().equals(path))
                .filter(parameter -> parameter.kind() == TrainableParameter.Kind.WEIGHT)
                .forEach(parameter -> weights.put(path, parameter)));
        GraphExecutor executor = model.executor();
        Map<String, Matrix> sums = new LinkedHashMap<>();
        int count = 0;
        for (Batch batch : batches) {
            Map<String, INDArray> gradients =
                    executor.gradients(batch.placeholders(), count).gradients();
            weights.forEach((path, parameter) -> {
                ModuleShape shape = targets.get(path).module().shape();
                INDArray gradient = gradients.get(parameter.name());
                INDArray peft = targets.get(path).module().weightLayout().toPeft(gradient, shape);
                sums.merge(path, Matrix.of(peft, Math.toIntExact(shape.outputs())), (sum, more) -> sum.plus(1, more));
            });
            count++;
        }
        requireBatches(count);
        double share = 1.0 / count;
        sums.replaceAll((path, sum) -> sum.scaled(share));
        return sums;
    }

    void requireBatches(int count) {
        if (count == 0) {
            throw new IllegalArgumentException(
                    where + ": no batch; expected one or more of the data that the adapter is for.");
        }
    }

    /** A start from which the base gives up what the adapter begins with, so that nothing changes at first. */
    StartedAdapter givingUp(BiFunction<Target, Integer, Pair> pairs) {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        targets.forEach((path, target) -> factors.put(path, arrays(target, pairs.apply(target, target.rank()))));
        return new StartedAdapter(config, factors, factors);
    }

    /** A and B as matrices, [rank, inputs] and [outputs, rank]. */
    record Pair(Matrix a, Matrix b) {}

    static Map<String, INDArray> arrays(Target target, Pair pair) {
        ModuleShape shape = target.module().shape();
        int rank = pair.a().rows();
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(LoraMethod.A, pair.a().toArray(DataType.FLOAT, rank, shape.inputs()));
        arrays.put(LoraMethod.B, pair.b().toArray(DataType.FLOAT, shape.outputs(), rank));
        return arrays;
    }

    /** All batches, to be gone through again and again. */
    List<Batch> all(Iterable<Batch> batches) {
        List<Batch> all = new ArrayList<>();
        batches.forEach(all::add);
        requireBatches(all.size());
        return all;
    }
}
