/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.lora4j.exec.NativeThreads;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads arrays once, as words of four bytes whatever they hold, and sums their absolute values: the fastest reading that was
 * found, faster than copies or other sums.
 */
final class ReadSum implements AutoCloseable {

    private final List<INDArray> arrays;
    private final Together together;
    private volatile float sum;

    ReadSum(List<INDArray> arrays, int threads) {
        this.arrays = arrays;
        this.together = new Together(threads);
    }

    double seconds() {
        return NativeThreads.one(() -> together.seconds(this::part));
    }

    private void part(int number) {
        float found = 0;
        for (INDArray array : arrays) {
            long words = array.length() * array.dataType().width() / Float.BYTES;
            long from = words * number / together.threads();
            long to = words * (number + 1) / together.threads();
            FloatPointer part = new FloatPointer(array.data().pointer()).getPointer(FloatPointer.class, from);
            found += openblas_nolapack.cblas_sasum((int) (to - from), part, 1);
        }
        sum = found;
    }

    @Override
    public void close() {
        together.close();
        if (Float.isInfinite(sum)) {
            System.out.println("the sum of the weights overflows");
        }
    }
}
