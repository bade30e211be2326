/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Several tasks as one model to train. A parameter that two tasks or more have keeps its name; that of one task alone is
 * called {@code task/name}.
 */
final class JointTrainable implements Trainable {

    private final List<TrainableParameter> parameters = new ArrayList<>();
    private final List<Map<String, String>> names = new ArrayList<>();
    private final JointExecutor executor;

    JointTrainable(List<LearningTask> tasks, Weigher weigher) {
        for (LearningTask task : tasks) {
            if (!task.model().stepRules().isEmpty()) {
                throw new IllegalArgumentException("task " + MessageText.name(task.name())
                        + ": its adapter has rules for the steps of its own training "
                        + task.model().stepRules()
                        + "; expected none, as tasks trained together have no such steps. Use LoRA.");
            }
        }
        Map<INDArray, List<Integer>> owners = new IdentityHashMap<>();
        List<List<TrainableParameter>> byTask = tasks.stream()
                .map(task -> List.copyOf(task.model().trainableParameters()))
                .toList();
        for (int task = 0; task < byTask.size(); task++) {
            for (TrainableParameter parameter : byTask.get(task)) {
                owners.computeIfAbsent(parameter.value(), array -> new ArrayList<>())
                        .add(task);
            }
        }
        Map<INDArray, String> joint = new IdentityHashMap<>();
        Set<String> taken = new HashSet<>();
        for (int task = 0; task < byTask.size(); task++) {
            Map<String, String> own = new LinkedHashMap<>();
            for (TrainableParameter parameter : byTask.get(task)) {
                String name = joint.get(parameter.value());
                if (name == null) {
                    boolean shared = owners.get(parameter.value()).size() > 1;
                    name = name(tasks.get(task).name(), parameter.name(), shared, taken);
                    joint.put(parameter.value(), name);
                    parameters.add(new TrainableParameter(
                            name, parameter.module(), parameter.kind(), parameter.value(), parameter.lowRank()));
                }
                own.put(parameter.name(), name);
            }
            names.add(own);
        }
        for (int task = 0; task < tasks.size(); task++) {
            weigher.parameter(task).ifPresent(parameters::add);
        }
        executor = new JointExecutor(tasks, names, parameters, weigher);
    }

    private static String name(String task, String wanted, boolean shared, Set<String> taken) {
        if (shared && taken.add(wanted)) {
            return wanted;
        }
        String name = task + JointBatches.SEPARATOR + wanted;
        taken.add(name);
        return name;
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return List.copyOf(parameters);
    }

    @Override
    public GraphExecutor executor() {
        return executor;
    }

    JointExecutor jointExecutor() {
        return executor;
    }
}
