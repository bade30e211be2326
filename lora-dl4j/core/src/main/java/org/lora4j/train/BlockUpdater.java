/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Applies a {@link BlockRule} to a parameter, block by block. */
final class BlockUpdater implements ParameterUpdater {

    private final TrainableParameter parameter;
    private final BlockRule rule;
    private long updates;

    BlockUpdater(TrainableParameter parameter, BlockRule rule) {
        this.parameter = parameter;
        this.rule = rule;
    }

    @Override
    public void update(INDArray gradient, UpdateStep step) {
        updates++;
        rule.begin(step, updates);
        try (DenseArray p = DenseArray.of(parameter.value());
                DenseArray g = DenseArray.like(gradient, p)) {
            if (p.isFloat()) {
                floats(p, g, (float) step.gradientScale());
            } else {
                doubles(p, g, step.gradientScale());
            }
            p.flush();
        }
    }

    private void floats(DenseArray parameters, DenseArray gradients, float scale) {
        Passes.over(parameters, () -> {
            float[] p = new float[parameters.blockLength()];
            float[] g = new float[parameters.blockLength()];
            return block -> {
                int n = parameters.length(block);
                parameters.read(block, p);
                gradients.read(block, g);
                if (scale != 1) {
                    Loops.scale(g, scale, n);
                }
                rule.apply(block, p, g, n);
                parameters.write(block, p);
            };
        });
    }

    private void doubles(DenseArray parameters, DenseArray gradients, double scale) {
        Passes.over(parameters, () -> {
            double[] p = new double[parameters.blockLength()];
            double[] g = new double[parameters.blockLength()];
            return block -> {
                int n = parameters.length(block);
                parameters.read(block, p);
                gradients.read(block, g);
                if (scale != 1) {
                    Loops.scale(g, scale, n);
                }
                rule.apply(block, p, g, n);
                parameters.write(block, p);
            };
        });
    }

    @Override
    public OptimizerState state() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        rule.state().forEach(slot -> arrays.put(slot.name(), slot.toArray()));
        return new OptimizerState(updates, arrays);
    }

    @Override
    public void restore(OptimizerState state) {
        Set<String> names = new LinkedHashSet<>();
        rule.state().forEach(slot -> names.add(slot.name()));
        checkFits(parameter, state, names);
        rule.state().forEach(slot -> slot.restore(state.arrays().get(slot.name())));
        updates = state.updates();
    }

    private static void checkFits(TrainableParameter parameter, OptimizerState state, Set<String> names) {
        Problems problems = new Problems();
        problems.check(
                state.arrays().keySet().equals(names),
                "arrays " + state.arrays().keySet() + ", expected " + names
                        + ". The state was saved from another optimizer: use that one");
        long[] shape = parameter.value().shape();
        state.arrays()
                .forEach((name, array) -> problems.check(
                        Arrays.equals(array.shape(), shape),
                        name + " has shape " + Arrays.toString(array.shape()) + ", expected "
                                + Arrays.toString(shape)));
        problems.throwIfAny("optimizer state of parameter \"" + parameter.name() + "\"");
    }
}
