/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Rows [batch * time, heads * size] in C order as heads [batch * heads, time, size], and back. */
record Heads(int count) {

    INDArray split(INDArray rows, long batch, Space space) {
        long time = rows.size(0) / batch;
        long size = rows.size(1) / count;
        INDArray together = rows.reshape('c', true, batch, time, count, size);
        INDArray apart = count == 1 ? together : space.copy(together.permute(0, 2, 1, 3));
        return apart.reshape('c', true, batch * count, time, size);
    }

    INDArray join(INDArray heads, long batch, Space space) {
        long time = heads.size(1);
        long size = heads.size(2);
        INDArray apart = heads.reshape('c', true, batch, count, time, size);
        INDArray together = count == 1 ? apart : space.copy(apart.permute(0, 2, 1, 3));
        return together.reshape('c', true, batch * time, count * size);
    }
}
