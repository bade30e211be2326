/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Hands a batch to the executor of its task, and weighs what comes back. */
final class JointExecutor implements GraphExecutor {

    private final List<String> tasks;
    private final List<GraphExecutor> executors;
    private final List<Map<String, String>> names;
    private final List<Set<String>> unreached = new ArrayList<>();
    private final List<TrainableParameter> parameters;
    private final Weigher weigher;
    private final LossMeans means;

    JointExecutor(
            List<LearningTask> tasks,
            List<Map<String, String>> names,
            List<TrainableParameter> parameters,
            Weigher weigher) {
        this.tasks = tasks.stream().map(LearningTask::name).toList();
        this.executors = tasks.stream().map(task -> task.model().executor()).toList();
        this.names = names;
        this.parameters = List.copyOf(parameters);
        this.weigher = weigher;
        this.means = new LossMeans(tasks.size());
        for (int task = 0; task < names.size(); task++) {
            Set<String> others = new LinkedHashSet<>();
            parameters.forEach(parameter -> others.add(parameter.name()));
            others.removeAll(names.get(task).values());
            weigher.parameter(task).ifPresent(own -> others.remove(own.name()));
            unreached.add(Set.copyOf(others));
        }
    }

    /** The losses since they were asked for last, as the tasks have them: before any weight. */
    LossMeans means() {
        return means;
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        int task = JointBatches.taskOf(placeholders, tasks);
        Map<String, INDArray> own = JointBatches.withoutTask(placeholders, tasks.get(task));
        LossAndGradients pass = executors.get(task).gradients(own, seed);
        means.add(task, pass.loss());
        double factor = weigher.factor(task);
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        names.get(task).forEach((name, joint) -> {
            INDArray gradient = pass.gradients().get(name);
            if (gradient != null) {
                gradients.put(joint, factor == 1 ? gradient : gradient.mul(factor));
            }
        });
        if (factor != 1) {
            free(pass.gradients().values(), placeholders.values());
        }
        weigher.parameter(task)
                .ifPresent(parameter -> gradients.put(parameter.name(), weigher.gradient(task, pass.loss())));
        Set<String> without = new LinkedHashSet<>(unreached.get(task));
        names.get(task).forEach((name, joint) -> {
            if (pass.unreached().contains(name)) {
                without.add(joint);
            }
        });
        return new LossAndGradients(factor * pass.loss() + weigher.offset(task), gradients, without);
    }

    // Scaled in new arrays, and freed only then: a gradient may be an input, a parameter, or another gradient.
    private void free(Collection<INDArray> gradients, Collection<INDArray> inputs) {
        Set<DataBuffer> alive = Collections.newSetFromMap(new IdentityHashMap<>());
        inputs.forEach(array -> alive.add(array.data()));
        parameters.forEach(parameter -> alive.add(parameter.value().data()));
        for (INDArray gradient : gradients) {
            if (!gradient.wasClosed() && gradient.closeable() && alive.add(gradient.data())) {
                gradient.close();
            }
        }
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        int task = JointBatches.taskOf(placeholders, tasks);
        return executors.get(task).output(JointBatches.withoutTask(placeholders, tasks.get(task)), outputs);
    }

    @Override
    public GraphExecutor fork() {
        throw new UnsupportedOperationException(
                "joint executor: it counts the losses of one run and cannot be forked;"
                        + " expected tasks that share their batches themselves. Give LearningTask a model.inParallel(threads).");
    }
}
