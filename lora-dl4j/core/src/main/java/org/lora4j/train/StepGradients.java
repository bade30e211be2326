/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.error.Problems;
import org.lora4j.exec.LossAndGradients;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The gradients of one step, summed over its batches: {@code sum_i (w_i / w_1) g_i}, so that a single batch is taken as it
 * is. A parameter that no batch reaches has no gradient. Closing it frees the gradients and the batches that are the loop's to free.
 */
final class StepGradients implements AutoCloseable {

    private final List<TrainableParameter> parameters;
    private final boolean owned;
    private final List<INDArray> arrays = new ArrayList<>();
    private final List<Batch> heldBatches = new ArrayList<>();
    private final List<Pass> heldPasses = new ArrayList<>();
    private double firstWeight;
    private double weight;
    private double weightedLoss;
    private long examples;

    /** Gradients, and what is to be done with those that are done with. */
    private record Pass(LossAndGradients result, Consumer<INDArray> disposal) {}

    /** With {@code owned}, the gradients are copied, so that they can be written to and outlive their batch. */
    StepGradients(List<TrainableParameter> parameters, boolean owned) {
        this.parameters = parameters;
        this.owned = owned;
    }

    /** Takes a batch, to be freed when it has been added or at the end, whatever happens in between. */
    void hold(Batch batch) {
        heldBatches.add(batch);
    }

    /** Takes gradients, to be disposed of when they have been added or at the end, whatever happens in between. */
    void hold(LossAndGradients pass, Consumer<INDArray> disposal) {
        heldPasses.add(new Pass(pass, disposal));
    }

    /** Adds one batch that is held, after checking that its gradients are complete. */
    void add(Batch batch, LossAndGradients pass) {
        checkComplete(pass);
        weight += batch.weight();
        weightedLoss += batch.weight() * pass.loss();
        examples += batch.examples();
        if (!owned) {
            firstWeight = batch.weight();
            parameters.forEach(p -> arrays.add(gradient(p, pass)));
            return;
        }
        if (arrays.isEmpty()) {
            firstWeight = batch.weight();
            parameters.forEach(p -> arrays.add(copy(p, gradient(p, pass))));
        } else {
            for (int i = 0; i < arrays.size(); i++) {
                addScaled(i, gradient(parameters.get(i), pass), batch.weight() / firstWeight);
            }
        }
        release();
    }

    /** Adds a penalty that is held to the mean of the batches. */
    void add(LossAndGradients term, Penalty penalty) {
        Problems problems = new Problems();
        term.gradients().forEach((name, gradient) -> {
            int index = indexOf(name);
            if (index < 0) {
                problems.add("a gradient of \"" + name + "\", which does not learn");
            } else {
                checkFits(parameters.get(index), gradient, problems);
            }
        });
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("Trainer, penalty " + penalty));
        }
        term.gradients().forEach((name, gradient) -> addScaled(indexOf(name), gradient, 1 / scale()));
        weightedLoss += weight * term.loss();
        release();
    }

    private int indexOf(String name) {
        for (int i = 0; i < parameters.size(); i++) {
            if (parameters.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private static INDArray gradient(TrainableParameter parameter, LossAndGradients pass) {
        return pass.unreached().contains(parameter.name())
                ? null
                : pass.gradients().get(parameter.name());
    }

    private void addScaled(int index, INDArray gradient, double factor) {
        if (gradient == null) {
            return;
        }
        if (arrays.get(index) == null) {
            INDArray value = parameters.get(index).value();
            arrays.set(index, Nd4j.zeros(value.dataType(), value.shape()));
        }
        Norms.addScaled(arrays.get(index), gradient, factor);
    }

    /** The summed gradients, in the order of the parameters; null where no batch reached. */
    List<INDArray> arrays() {
        return arrays;
    }

    /** Factor that makes the mean of the sum; exactly 1 for a single batch. */
    double scale() {
        return firstWeight / weight;
    }

    double loss() {
        return weightedLoss / weight;
    }

    double weight() {
        return weight;
    }

    long examples() {
        return examples;
    }

    @Override
    public void close() {
        release();
        if (owned) {
            arrays.stream().filter(Objects::nonNull).forEach(INDArray::close);
        }
    }

    private void checkComplete(LossAndGradients pass) {
        Problems problems = new Problems();
        List<String> missing = parameters.stream()
                .map(TrainableParameter::name)
                .filter(name ->
                        pass.gradients().get(name) == null && !pass.unreached().contains(name))
                .toList();
        if (!missing.isEmpty()) {
            problems.add("no gradient for " + Problems.quoted(missing) + "; the executor gave gradients for "
                    + Problems.quoted(pass.gradients().keySet())
                    + ". Make the executor after the last change of what is trainable");
        }
        parameters.forEach(parameter -> checkFits(parameter, gradient(parameter, pass), problems));
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("Trainer"));
        }
    }

    private static void checkFits(TrainableParameter parameter, INDArray gradient, Problems problems) {
        String what = "the gradient of \"" + parameter.name() + "\" ";
        if (gradient == null) {
            return; // Not reached, or listed with the other missing ones.
        }
        if (gradient.wasClosed()) {
            problems.add(what + "is closed; gradients belong to the trainer from the moment they are returned");
            return;
        }
        if (gradient.dataType() != DataType.FLOAT && gradient.dataType() != DataType.DOUBLE) {
            problems.add(what + "has type " + gradient.dataType() + ", expected FLOAT or DOUBLE");
        }
        long[] expected = parameter.value().shape();
        if (!Arrays.equals(gradient.shape(), expected)) {
            problems.add(what + "has shape " + Arrays.toString(gradient.shape()) + ", expected "
                    + Arrays.toString(expected));
        }
    }

    private static INDArray copy(TrainableParameter parameter, INDArray gradient) {
        if (gradient == null) {
            return null;
        }
        INDArray value = parameter.value();
        INDArray copy = Nd4j.createUninitialized(value.dataType(), value.shape(), value.ordering());
        copy.assign(gradient);
        return copy;
    }

    /** A gradient may be one of the inputs or parameters themselves (that of a sum is): those live on. */
    private void release() {
        Set<DataBuffer> alive = Collections.newSetFromMap(new IdentityHashMap<>());
        parameters.forEach(p -> alive.add(p.value().data()));
        heldBatches.forEach(batch -> open(batch.placeholders().values()).forEach(a -> alive.add(a.data())));
        heldPasses.forEach(pass -> open(pass.result().gradients().values())
                .filter(gradient -> alive.add(gradient.data()))
                .forEach(pass.disposal()));
        heldBatches.stream()
                .filter(Batch::disposable)
                .forEach(batch -> open(batch.placeholders().values()).forEach(INDArray::close));
        heldBatches.clear();
        heldPasses.clear();
    }

    private static Stream<INDArray> open(Collection<INDArray> arrays) {
        return arrays.stream()
                .filter(array -> array != null && !array.isEmpty() && !array.wasClosed() && array.closeable());
    }
}
