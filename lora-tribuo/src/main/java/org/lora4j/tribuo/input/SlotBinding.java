/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tribuo.Example;

/** Rows of slots, in the shape of the network's only input. */
record SlotBinding(FeatureSlots slots, String input, long[] shape, int size) implements InputBinding {

    /** The only input of a network, which is to be of numbers. */
    static InputSpec only(String where, List<InputSpec> inputs) {
        if (inputs.size() != 1 || inputs.get(0).kind() != InputSpec.Kind.VALUES) {
            throw new IllegalArgumentException(where + ": the network has the inputs " + Problems.quoted(inputs)
                    + "; expected one input of numbers. Choose the converter for what the network eats.");
        }
        return inputs.get(0);
    }

    @Override
    public Map<String, INDArray> convert(List<? extends Example<?>> batch) {
        float[] values = new float[Math.multiplyExact(batch.size(), size)];
        float[] row = new float[size];
        for (int i = 0; i < batch.size(); i++) {
            Arrays.fill(row, 0);
            slots.fill(batch.get(i), row);
            System.arraycopy(row, 0, values, i * size, size);
        }
        long[] full = shape.clone();
        full[0] = batch.size();
        return Map.of(input, Nd4j.create(values, full, 'c'));
    }

    @Override
    public OptionalInt place(String feature) {
        return slots.place(feature);
    }

    @Override
    public int used(Example<?> example) {
        return slots.used(example);
    }
}
