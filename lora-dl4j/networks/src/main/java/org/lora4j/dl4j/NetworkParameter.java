/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.Arrays;
import org.lora4j.internal.host.HostParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A parameter of a layer under the name that adapter files use.
 *
 * @param path dotted path, for instance {@code classifier.weight}
 * @param layer key of the layer
 * @param name name within the layer
 * @param weightOf the module whose weight this is, or null
 * @param isVector whether it is one number for each feature, though the layer has it as a row
 * @param value the value in the base; only to be read
 */
record NetworkParameter(
        String path, String layer, String name, NetworkModule weightOf, boolean isVector, INDArray value)
        implements HostParameter {

    @Override
    public long[] peftShape() {
        if (weightOf != null) {
            return weightOf.shape().weight();
        }
        return isVector || isBias() ? new long[] {value.length()} : value.shape();
    }

    @Override
    public INDArray peftValue() {
        return toPeft(value);
    }

    INDArray toPeft(INDArray own) {
        return weightOf != null ? weightOf.weight().toPeft(own) : reshaped(own, peftShape());
    }

    INDArray fromPeft(INDArray peft) {
        return weightOf != null ? weightOf.weight().fromPeft(peft, value) : reshaped(peft, value.shape());
    }

    private static INDArray reshaped(INDArray array, long[] shape) {
        INDArray copy = array.dup('c');
        return Arrays.equals(copy.shape(), shape) ? copy : copy.reshape('c', shape);
    }
}
