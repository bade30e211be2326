/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.stream.IntStream;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How a weight or a factor lies in a graph, compared with PEFT's layout: the one place that converts between the two.
 *
 * <p>Conversions return new arrays in C order and never write to the array given. Arrays with fewer than two axes are the
 * same in every layout.
 *
 * @apiNote Status: internal
 */
public enum Layout {
    /** As in PEFT: linear {@code [out, in]}, embedding {@code [vocabulary, size]}, a factor as the file has it. */
    SAME {
        @Override
        INDArray convertFrom(INDArray peft) {
            return peft;
        }

        @Override
        INDArray convertTo(INDArray host, ModuleShape shape) {
            return host;
        }

        @Override
        int outputAxis(ModuleShape shape) {
            return shape.kind() == ModuleShape.Kind.EMBEDDING ? 1 : 0;
        }
    },
    /**
     * The last two axes swapped: linear {@code [in, out]}, A {@code [in, rank]}, B {@code [rank, out]}, experts {@code
     * [experts, in, out]}.
     */
    TRANSPOSED {
        @Override
        INDArray convertFrom(INDArray peft) {
            return swapped(peft);
        }

        @Override
        INDArray convertTo(INDArray host, ModuleShape shape) {
            return swapped(host);
        }

        @Override
        int outputAxis(ModuleShape shape) {
            return shape.kind() == ModuleShape.Kind.EMBEDDING ? 0 : 1;
        }
    },
    /** A kernel with its window first: {@code [kernel..., in, out]} for PEFT's {@code [out, in, kernel...]}. */
    WINDOW_FIRST {
        @Override
        INDArray convertFrom(INDArray peft) {
            return peft.permute(windowFirst(peft.rank() - 2));
        }

        @Override
        INDArray convertTo(INDArray host, ModuleShape shape) {
            int spatial = host.rank() - 2;
            return host.permute(IntStream.concat(IntStream.of(spatial + 1, spatial), IntStream.range(0, spatial))
                    .toArray());
        }

        @Override
        int outputAxis(ModuleShape shape) {
            return shape.kernel().size() + 1;
        }
    },
    /** A linear weight with its outputs split into heads: {@code [heads, out/heads, in]}. */
    HEADS {
        @Override
        INDArray convertFrom(INDArray peft) {
            throw new UnsupportedOperationException(
                    "layout HEADS: the number of heads is not known; expected a conversion to a given shape."
                            + " Use fromPeft with the shape of the weight.");
        }

        @Override
        INDArray convertTo(INDArray host, ModuleShape shape) {
            return host.dup('c').reshape('c', shape.weight());
        }

        @Override
        int outputAxis(ModuleShape shape) {
            return 0;
        }
    };

    /** The order of the axes of PEFT's kernel that puts the window first. */
    static int[] windowFirst(int axes) {
        return IntStream.concat(IntStream.range(2, axes + 2), IntStream.of(1, 0))
                .toArray();
    }

    /**
     * Converts an array of PEFT's layout.
     *
     * @param hostShape the shape that it has in the graph
     * @return a new array of this layout
     */
    public INDArray fromPeft(INDArray peft, long... hostShape) {
        if (peft.rank() < 2) {
            return peft.dup('c');
        }
        return this == HEADS ? peft.dup('c').reshape('c', hostShape).dup('c') : copy(convertFrom(peft));
    }

    /**
     * Converts a factor of PEFT's layout.
     *
     * @param peft the factor; the layouts of factors are all but {@link #HEADS}
     * @return a new array of this layout
     */
    public INDArray factorFromPeft(INDArray peft) {
        return peft.rank() < 2 ? peft.dup('c') : copy(convertFrom(peft));
    }

    /**
     * Where an axis of a factor lies.
     *
     * @param peftAxis 0 or 1, in PEFT's layout
     * @param axes number of axes of the factor; 2 for {@link #TRANSPOSED}
     */
    public int factorAxis(int peftAxis, int axes) {
        return this == SAME ? peftAxis : axes - 1 - peftAxis;
    }

    /**
     * Converts an array of this layout to PEFT's.
     *
     * @return a new array of PEFT's layout
     */
    public INDArray toPeft(INDArray host, ModuleShape shape) {
        return host.rank() < 2 ? host.dup('c') : copy(convertTo(host, shape));
    }

    private static INDArray swapped(INDArray array) {
        return array.rank() == 3 ? array.permute(0, 2, 1) : array.permute(1, 0);
    }

    abstract INDArray convertFrom(INDArray peft);

    abstract INDArray convertTo(INDArray host, ModuleShape shape);

    abstract int outputAxis(ModuleShape shape);

    // Always a copy of its own: SameDiff copies constants that are views, and then the adapter would lose its live
    // array.
    private static INDArray copy(INDArray view) {
        return view.dup('c');
    }
}
