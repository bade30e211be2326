/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.memory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the machine gives to some threads at once: reading memory, and a product of matrices that are packed beforehand. */
final class Peaks implements AutoCloseable {

    /** 256 MB, more than caches hold. */
    private static final long READ = 64L << 20;

    private static final int ROWS = 2048;
    private static final LinearShape SHAPE = new LinearShape(1536, 1536, 1);
    private static final double OPERATIONS = 2 * 2.0 * ROWS * SHAPE.in() * SHAPE.out();

    private final INDArray read = Nd4j.ones(DataType.FLOAT, READ);
    private final ReadSum reading;
    private final Together together;
    private final List<OneDnnProducts> products;

    /** {@code narrow} for factors in BF16. */
    Peaks(int threads, boolean narrow) {
        reading = new ReadSum(List.of(read), threads);
        together = new Together(threads);
        products = IntStream.range(0, threads)
                .mapToObj(i -> new OneDnnProducts(
                        List.of(SHAPE), ROWS, true, narrow ? memory.data_type.bf16 : memory.data_type.f32))
                .toList();
    }

    /** Bytes a second, of one thread while all read. */
    double bandwidth() {
        return read.length() * Float.BYTES / reading.seconds() / together.threads();
    }

    /** Operations a second, of one thread while all multiply. */
    double operations() {
        return OPERATIONS / together.seconds(number -> products.get(number).run());
    }

    @Override
    public void close() {
        reading.close();
        together.close();
        read.close();
    }
}
