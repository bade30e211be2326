/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tells large values apart in the text of a penalty. */
final class Checksum {

    private final CRC32C crc = new CRC32C();

    Checksum add(String text) {
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    Checksum add(double... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Double.BYTES));
        bytes.asDoubleBuffer().put(values);
        crc.update(bytes);
        return this;
    }

    Checksum add(INDArray array) {
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            for (int block = 0; block < dense.blocks(); block++) {
                addBlock(dense, block);
            }
        }
        return this;
    }

    private void addBlock(DenseArray dense, int block) {
        double[] values = new double[dense.blockLength()];
        if (dense.isFloat()) {
            float[] floats = new float[dense.blockLength()];
            dense.read(block, floats);
            for (int i = 0; i < dense.length(block); i++) {
                values[i] = floats[i];
            }
        } else {
            dense.read(block, values);
        }
        add(Arrays.copyOf(values, dense.length(block)));
    }

    @Override
    public String toString() {
        return Long.toHexString(crc.getValue());
    }
}
