/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Arrays;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How a weight lies in a layer, compared with PEFT's layout: the one place that converts between the two. Factors need no
 * conversion, as layers hold them in PEFT's shapes.
 *
 * @apiNote Status: experimental
 */
public enum WeightLayout {
    /** As in PEFT: convolutions {@code [out, in, kernel...]}, embeddings {@code [vocabulary, size]}. */
    SAME {
        @Override
        INDArray swap(INDArray array) {
            return array;
        }
    },
    /** {@code [in, out]} for PEFT's {@code [out, in]}. */
    TRANSPOSED {
        @Override
        INDArray swap(INDArray array) {
            return array.permute(1, 0);
        }
    };

    abstract INDArray swap(INDArray array);

    /**
     * Converts a weight of a layer.
     *
     * @param weight the weight; only read
     * @param shape the module
     * @return a new array of PEFT's layout in C order
     */
    public INDArray toPeft(INDArray weight, ModuleShape shape) {
        INDArray rows = swap(weight).dup('c');
        // Layers write one-dimensional windows as [k, 1].
        return Arrays.equals(rows.shape(), shape.weight())
                ? rows
                : rows.reshape('c', shape.weight()).dup('c');
    }

    /**
     * Converts a weight of PEFT's layout.
     *
     * @param peft the weight; only read
     * @param layerShape the shape that it has in the layer
     * @return a new array of the layer's layout in C order
     */
    public INDArray fromPeft(INDArray peft, long... layerShape) {
        INDArray rows = swap(peft).dup('c');
        return Arrays.equals(rows.shape(), layerShape)
                ? rows
                : rows.reshape('c', layerShape).dup('c');
    }
}
