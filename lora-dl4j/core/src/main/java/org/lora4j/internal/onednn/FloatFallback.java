/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Leaves work to what knows FLOAT only: copies what is BFLOAT16, and rounds what it becomes.
 *
 * @apiNote Status: internal
 */
public final class FloatFallback {

    private FloatFallback() {}

    public static void run(Kernel kernel, List<INDArray> in, List<INDArray> out) {
        List<INDArray> results = all(out);
        kernel.run(all(in), results);
        for (int i = 0; i < out.size(); i++) {
            bring(results.get(i), out.get(i));
        }
    }

    public static void multiply(Product product, INDArray z, double kept) {
        INDArray result = exact(z);
        Multiplier.nd4j().multiply(exact(product), result, kept);
        bring(result, z);
    }

    private static List<INDArray> all(List<INDArray> arrays) {
        // Kernels may be given null for what is not wanted.
        List<INDArray> exact = new ArrayList<>();
        arrays.forEach(array -> exact.add(array == null ? null : exact(array)));
        return exact;
    }

    private static Product exact(Product product) {
        return new Product(product.scale(), exact(product.x()), exact(product.w()), product.overBatch());
    }

    private static Factor exact(Factor factor) {
        return new Factor(exact(factor.array()), factor.transposed(), factor.frozen());
    }

    /** Changes a result, or what it is in FLOAT. */
    public static void change(INDArray z, Consumer<INDArray> change) {
        INDArray exact = exact(z);
        change.accept(exact);
        bring(exact, z);
    }

    /** The array itself, or a copy. */
    static INDArray exact(INDArray array) {
        return array.dataType() == DataType.BFLOAT16 ? array.castTo(DataType.FLOAT) : array;
    }

    /** Rounds a result, if it is a copy. */
    static void bring(INDArray result, INDArray into) {
        if (result != into) {
            into.assign(result);
        }
    }
}
