/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Dropout masks from a source of randomness that belongs to the step. */
final class Masks {

    private Masks() {}

    /**
     * The masks of a step.
     *
     * @param arrays by placeholder
     * @param empty placeholders of those that leave nothing
     */
    record Drawn(Map<String, INDArray> arrays, Set<String> empty) {

        /**
         * The variables that have no part in the step: every mask that they act through leaves nothing, and so no gradient
         * reaches them.
         */
        Set<String> leftOut(List<DropoutMask> masks, Map<String, INDArray> gradients) {
            if (empty.isEmpty()) {
                return new HashSet<>();
            }
            Set<String> out = new HashSet<>();
            masks.stream()
                    .filter(mask -> empty.contains(mask.placeholder()))
                    .forEach(mask -> out.addAll(mask.factors()));
            masks.stream()
                    .filter(mask -> !empty.contains(mask.placeholder()))
                    .forEach(mask -> mask.factors().forEach(out::remove));
            // A bias on B acts whatever is dropped on the way to A.
            out.removeIf(name -> gradients.containsKey(name)
                    && gradients.get(name).amaxNumber().doubleValue() != 0);
            return out;
        }
    }

    /** Draws all masks, each from a source of its own. */
    static Drawn draw(
            List<DropoutMask> masks,
            Function<String, DataType> types,
            Map<String, long[]> shapes,
            SplittableRandom random) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        Set<String> empty = new HashSet<>();
        for (DropoutMask mask : masks) {
            String name = mask.placeholder();
            INDArray array = draw(mask, types.apply(name), shapes.get(name), random.split());
            arrays.put(name, array);
            if (isEmpty(array)) {
                empty.add(name);
            }
        }
        return new Drawn(arrays, empty);
    }

    private static boolean isEmpty(INDArray mask) {
        for (long i = 0; i < mask.length(); i++) {
            if (mask.data().getDouble(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static INDArray draw(DropoutMask mask, DataType type, long[] shape, SplittableRandom random) {
        long length = 1;
        for (long d : shape) {
            length *= d;
        }
        double[] drawn = mask.draw(Math.toIntExact(length), random);
        float[] values = new float[drawn.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) drawn[i];
        }
        INDArray array = Nd4j.create(values, shape, 'c');
        if (type == DataType.FLOAT) {
            return array;
        }
        INDArray typed = array.castTo(type);
        array.close();
        return typed;
    }
}
