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
import org.lora4j.model.TrainableParameter;
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
        Set<DataBuffer> foreign = factor == 1 ? Set.of() : foreign(placeholders.values());
        pass.gradients().forEach((name, gradient) -> {
            String joint = names.get(task).get(name);
            if (joint != null) {
                gradients.put(joint, factor == 1 ? gradient : scaled(gradient, factor, foreign));
            }
        });
        weigher.parameter(task).ifPresent(own1 -> gradients.put(own1.name(), weigher.gradient(task, pass.loss())));
        return new LossAndGradients(factor * pass.loss() + weigher.offset(task), gradients, unreached.get(task));
    }

    // In a new array: a gradient may be an input or a parameter itself.
    private static INDArray scaled(INDArray gradient, double factor, Set<DataBuffer> foreign) {
        INDArray scaled = gradient.mul(factor);
        if (!foreign.contains(gradient.data()) && gradient.closeable()) {
            gradient.close();
        }
        return scaled;
    }

    private Set<DataBuffer> foreign(Collection<INDArray> inputs) {
        Set<DataBuffer> buffers = Collections.newSetFromMap(new IdentityHashMap<>());
        inputs.forEach(array -> buffers.add(array.data()));
        parameters.forEach(parameter -> buffers.add(parameter.value().data()));
        return buffers;
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
