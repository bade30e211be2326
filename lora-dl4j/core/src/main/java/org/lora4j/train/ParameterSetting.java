/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A parameter, the group it is in and what follows from it. */
record ParameterSetting(TrainableParameter parameter, Optional<ParameterGroup> group, double weightDecay) {

    String name() {
        return parameter.name();
    }

    double learningRate(double ofOptimizer) {
        return group.map(g -> g.learningRate(ofOptimizer)).orElse(ofOptimizer);
    }

    /** Finds group and decay of every parameter; whatever is wrong with parameters or groups goes to {@code problems}. */
    static List<ParameterSetting> of(List<TrainableParameter> parameters, TrainingPlan plan, Problems problems) {
        problems.check(
                !parameters.isEmpty(),
                "the model has no trainable parameter; expected at least one. Set an adapter trainable first");
        checkNames(parameters, problems);
        checkValues(parameters, problems);
        checkGroupsMatch(parameters, plan.groups(), problems);
        List<ParameterSetting> settings = new ArrayList<>();
        for (TrainableParameter parameter : parameters) {
            List<ParameterGroup> groups =
                    plan.groups().stream().filter(g -> g.matches(parameter)).toList();
            problems.check(
                    groups.size() <= 1,
                    "parameter \"" + parameter.name() + "\" is in " + groups.size() + " groups, "
                            + Problems.quoted(
                                    groups.stream().map(ParameterGroup::name).toList())
                            + "; expected one at most");
            Optional<ParameterGroup> group = groups.stream().findFirst();
            settings.add(new ParameterSetting(parameter, group, decay(parameter, group, plan)));
        }
        return settings;
    }

    private static double decay(TrainableParameter parameter, Optional<ParameterGroup> group, TrainingPlan plan) {
        boolean spared = parameter.kind() == Kind.BIAS_OR_NORM
                && !plan.decayBiasAndNorm()
                && !group.map(ParameterGroup::sparesNone).orElse(false);
        double usual = spared ? 0 : plan.optimizer().weightDecay();
        return group.isPresent() ? group.get().weightDecay().orElse(usual) : usual;
    }

    private static void checkNames(List<TrainableParameter> parameters, Problems problems) {
        Set<String> names = new HashSet<>();
        Map<INDArray, String> arrays = new IdentityHashMap<>();
        for (TrainableParameter parameter : parameters) {
            problems.check(
                    names.add(parameter.name()),
                    "two parameters are called \"" + parameter.name() + "\", expected one");
            String other = arrays.put(parameter.value(), parameter.name());
            problems.check(
                    other == null,
                    "parameters \"" + other + "\" and \"" + parameter.name()
                            + "\" are one array, which would be updated twice; expected one parameter for it");
        }
    }

    private static void checkValues(List<TrainableParameter> parameters, Problems problems) {
        List<String> notFinite = new ArrayList<>();
        for (TrainableParameter parameter : parameters) {
            INDArray value = parameter.value();
            if (value.wasClosed()) {
                problems.add("the array of parameter \"" + parameter.name() + "\" is closed");
            } else if (value.dataType() != DataType.FLOAT && value.dataType() != DataType.DOUBLE) {
                problems.add("parameter \"" + parameter.name() + "\" has type " + value.dataType()
                        + ", expected FLOAT or DOUBLE. Train in FLOAT and convert afterwards");
            } else if (!Double.isFinite(Norms.norm(value))) {
                notFinite.add(parameter.name());
            }
        }
        problems.check(
                notFinite.isEmpty(),
                "values that are NaN or infinite before training in " + Problems.quoted(notFinite)
                        + "; expected finite ones. Load or initialize the model again");
    }

    private static void checkGroupsMatch(
            List<TrainableParameter> parameters, List<ParameterGroup> groups, Problems problems) {
        List<String> names = parameters.stream().map(TrainableParameter::name).toList();
        for (ParameterGroup group : groups) {
            problems.check(
                    group.mayBeEmpty() || parameters.stream().anyMatch(group::matches),
                    "parameter group \"" + group.name() + "\" matches nothing; the parameters are "
                            + Problems.quoted(names));
        }
    }
}
