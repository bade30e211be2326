/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.lora4j.exec.NativeThreads;
import org.lora4j.internal.language.DecoderConfig;

/** The products of a prompt with the linear weights of all layers, in F32, by OpenBLAS, and nothing else. */
final class ProductBound implements AutoCloseable {

    private static final int ROW_MAJOR = 101;
    private static final int AS_IS = 111;
    private static final int TRANSPOSED = 112;

    private final DecoderConfig config;
    private final int rows;
    private final Together together;
    private final FloatPointer x;
    private final FloatPointer w;
    private final FloatPointer y;

    ProductBound(DecoderConfig config, int rows, int threads) {
        this.config = config;
        this.rows = rows;
        this.together = new Together(threads);
        long widest = config.intermediate();
        this.x = ones(rows * widest);
        this.w = ones(config.hidden() * widest);
        this.y = ones(rows * widest);
    }

    private static FloatPointer ones(long length) {
        FloatPointer pointer = new FloatPointer(length);
        for (long i = 0; i < length; i++) {
            pointer.put(i, 1);
        }
        return pointer;
    }

    double seconds() {
        int hidden = config.hidden();
        int queries = config.heads() * config.headSize();
        int keys = config.keyHeads() * config.headSize();
        int wide = config.intermediate();
        return NativeThreads.one(() -> together.seconds(number -> {
            for (int layer = 0; layer < config.layers().size(); layer++) {
                product(hidden, queries, number);
                product(hidden, keys, number);
                product(hidden, keys, number);
                product(queries, hidden, number);
                product(hidden, wide, number);
                product(hidden, wide, number);
                product(wide, hidden, number);
            }
        }));
    }

    private void product(int inputs, int outputs, int number) {
        int from = outputs * number / together.threads();
        int count = outputs * (number + 1) / together.threads() - from;
        openblas_nolapack.cblas_sgemm(
                ROW_MAJOR,
                AS_IS,
                TRANSPOSED,
                rows,
                count,
                inputs,
                1,
                x.getPointer(FloatPointer.class, 0),
                inputs,
                w.getPointer(FloatPointer.class, (long) from * inputs),
                inputs,
                0,
                y.getPointer(FloatPointer.class, from),
                outputs);
    }

    @Override
    public void close() {
        together.close();
        x.close();
        w.close();
        y.close();
    }
}
