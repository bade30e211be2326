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
    SAME,
    /** {@code [in, out]} for PEFT's {@code [out, in]}. */
    TRANSPOSED(1, 0),
    /**
     * {@code [in, out, kernel...]} of transposed convolutions for {@code [out, in, kernel...]}, and {@code [multiplier, in,
     * kernel...]} of depth-wise kernels for {@code [in * multiplier, 1, kernel...]}.
     */
    FIRST_AXES_SWAPPED(1, 0, 2, 3),
    /** {@code [kernel..., in, multiplier]} of depth-wise kernels for {@code [in * multiplier, 1, kernel...]}. */
    KERNEL_FIRST(2, 3, 0, 1),
    /** {@code [parts, in, out]} for {@code [parts, out, in]}. */
    PARTS_TRANSPOSED(0, 2, 1),
    /**
     * Convolutions over one axis: DL4J calls the shape {@code [out, in, kernel, 1]}, and computes as if the same memory
     * were {@code [kernel, in, out]}.
     */
    MEMORY_REVERSED {
        @Override
        INDArray ordered(INDArray weight, long[] peft) {
            return weight.dup('c').reshape('c', reversed(peft)).permute(2, 1, 0);
        }

        @Override
        public INDArray disordered(INDArray peft, long[] layerShape) {
            return peft.permute(2, 1, 0);
        }

        private long[] reversed(long[] shape) {
            return new long[] {shape[2], shape[1], shape[0]};
        }
    };

    private final int[] axes;

    WeightLayout(int... axes) {
        this.axes = axes;
    }

    /** The values in PEFT's order; neighboring axes may still have to be merged. */
    INDArray ordered(INDArray weight, long[] peft) {
        return axes.length == 0 ? weight : weight.permute(axes);
    }

    /**
     * The values in the layer's order.
     *
     * @param peft the module's weight
     * @param layerShape the shape of the parameter
     * @return a new array or a view
     */
    public INDArray disordered(INDArray peft, long[] layerShape) {
        if (axes.length == 0) {
            return peft;
        }
        long[] split = new long[axes.length];
        int[] back = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            split[i] = layerShape[axes[i]];
            back[axes[i]] = i;
        }
        return peft.reshape('c', split).permute(back);
    }

    /**
     * Converts a weight of a layer.
     *
     * @param weight the weight; only read
     * @param shape the module
     * @return a new array of PEFT's layout in C order
     */
    public INDArray toPeft(INDArray weight, ModuleShape shape) {
        INDArray rows = ordered(weight, shape.weight()).dup('c');
        // Layers write one-dimensional windows as [k, 1], and split what PEFT has in one axis.
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
        INDArray rows = disordered(peft, layerShape).dup('c');
        return Arrays.equals(rows.shape(), layerShape)
                ? rows
                : rows.reshape('c', layerShape).dup('c');
    }
}
