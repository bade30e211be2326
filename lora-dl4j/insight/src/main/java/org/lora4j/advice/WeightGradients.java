/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.array.Matrix;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradients of the loss by the weights that a config targets, as LoRA-GA starts from them (Wang, Yu, Li 2024, arXiv 2407.05000,
 * section 3): the mean over batches, by their weight.
 *
 * <p>An adapter that holds the targeted modules in full is added for the time being; its copies learn nothing, and take the
 * gradients at the end, so that they come out in the layout of adapter files whatever the host's is. Costs a copy of the targeted weights, a
 * gradient of them, and a pass forwards and backwards for each batch.
 */
final class WeightGradients {

    private WeightGradients() {}

    /**
     * Measures; the model is then as it was.
     *
     * @param where begins messages
     * @param model the model, whose active adapters are off while it is measured
     * @param training the same model for the training loop
     * @param batches one or more
     * @return a matrix [outputs, everything else] for each targeted module, by its path
     * @throws IllegalArgumentException if there is no batch, or a loss or gradient is not finite
     */
    static Map<String, Matrix> of(
            String where, AdaptedModel model, Trainable training, LoraConfig config, Iterable<Batch> batches) {
        AdapterTrials trials = new AdapterTrials(model);
        Set<String> targets = trials.during(
                name -> model.addAdapter(name, config, 0),
                name -> new TreeSet<>(model.adapter(name).modules().keySet()));
        LoraConfig whole = LoraConfig.builder()
                .modulesToSave(targets.toArray(String[]::new))
                .build();
        return trials.during(name -> model.addAdapter(name, whole, 0), name -> {
            write(where, training, targets, batches);
            Map<String, INDArray> saved = model.adapter(name).savedParameters();
            Map<String, Matrix> gradients = new LinkedHashMap<>();
            for (String path : targets) {
                INDArray gradient = saved.get(path + ".weight");
                gradients.put(path, Matrix.of(gradient, Math.toIntExact(gradient.size(0))));
            }
            return gradients;
        });
    }

    /** Puts the mean gradients in the place of the copies. */
    private static void write(String where, Trainable training, Set<String> targets, Iterable<Batch> batches) {
        List<TrainableParameter> weights = training.trainableParameters().stream()
                .filter(parameter -> parameter.kind() == TrainableParameter.Kind.WEIGHT)
                .filter(parameter -> targets.contains(parameter.module()))
                .toList();
        Problems problems = new Problems();
        problems.check(
                weights.size() == targets.size(),
                weights.size() + " weights of " + targets.size() + " targeted modules learn, expected all of them");
        problems.throwIfAny(where);
        GraphExecutor executor = training.executor();
        List<INDArray> sums =
                weights.stream().map(weight -> weight.value().like()).toList();
        double mass = 0;
        int count = 0;
        for (Batch batch : batches) {
            LossAndGradients pass = executor.gradients(batch.placeholders(), count++);
            check(where, count, pass);
            for (int i = 0; i < weights.size(); i++) {
                INDArray gradient = pass.gradients().get(weights.get(i).name());
                if (gradient != null) {
                    sums.get(i).addi(gradient.muli(batch.weight()));
                }
            }
            pass.gradients().values().forEach(INDArray::close);
            if (batch.disposable()) {
                batch.placeholders().values().forEach(INDArray::close);
            }
            mass += batch.weight();
        }
        if (count == 0) {
            throw new IllegalArgumentException(
                    where + ": no batch; expected one or more of the data that the adapter is for.");
        }
        for (int i = 0; i < weights.size(); i++) {
            weights.get(i).value().assign(sums.get(i).divi(mass));
        }
    }

    private static void check(String where, int batch, LossAndGradients pass) {
        Problems problems = new Problems();
        problems.check(Double.isFinite(pass.loss()), "the loss of batch " + batch + " is " + pass.loss());
        pass.gradients()
                .forEach((name, gradient) -> problems.check(
                        Double.isFinite(gradient.norm2Number().doubleValue()),
                        "the gradient of " + MessageText.name(name) + " in batch " + batch + " is not finite"));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message(where) + ". Look at the values of the batch.");
        }
    }
}
