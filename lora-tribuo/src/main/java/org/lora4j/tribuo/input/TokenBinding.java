/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lora4j.error.MessageText;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tribuo.Example;

/** Token ids at the positions that their names say. */
record TokenBinding(FeatureSlots slots, String ids, String mask, int maxLength, long vocabulary)
        implements InputBinding {

    private static final String WHERE = "TokenInputConverter";

    @Override
    public Map<String, INDArray> convert(List<? extends Example<?>> batch) {
        // Without a mask the network sees the padding, which must not depend on the other examples then.
        int length = mask == null
                ? maxLength
                : batch.stream().mapToInt(this::length).max().orElse(1);
        int[] values = new int[Math.multiplyExact(batch.size(), length)];
        float[] kept = new float[values.length];
        for (int i = 0; i < batch.size(); i++) {
            float[] row = row(batch.get(i));
            for (int position = 0; position < length; position++) {
                int at = i * length + position;
                boolean token = row[position] != 0;
                values[at] = token ? (int) row[position] - 1 : 0;
                kept[at] = token ? 1 : 0;
            }
        }
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        long[] shape = {batch.size(), length};
        arrays.put(ids, Nd4j.createFromArray(values).reshape(shape).dup());
        if (mask != null) {
            arrays.put(mask, Nd4j.create(kept, shape, 'c').castTo(DataType.FLOAT));
        }
        return arrays;
    }

    private float[] row(Example<?> example) {
        float[] row = new float[maxLength];
        slots.fill(example, row);
        boolean ended = false;
        for (int position = 0; position < maxLength; position++) {
            float value = row[position];
            if (value == 0) {
                ended = true;
                continue;
            }
            if (ended || value != Math.rint(value) || value < 1 || value > vocabulary) {
                throw new IllegalArgumentException(WHERE + ": the value at position " + position + " is " + value
                        + (ended ? ", and a position before it has none" : "")
                        + "; expected id + 1, a whole number from"
                        + " 1 to " + vocabulary + ", at positions without a gap. Was a transformation applied, or"
                        + " another tokenizer? Example " + MessageText.value(example));
            }
        }
        return row;
    }

    @Override
    public OptionalInt place(String feature) {
        return slots.place(feature);
    }

    @Override
    public int used(Example<?> example) {
        return slots.used(example);
    }

    @Override
    public int length(Example<?> example) {
        int length = 0;
        float[] row = new float[maxLength];
        slots.fill(example, row);
        for (int position = 0; position < maxLength; position++) {
            length = row[position] != 0 ? position + 1 : length;
        }
        return length;
    }
}
