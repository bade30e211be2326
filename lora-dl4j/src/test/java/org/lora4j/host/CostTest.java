/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CostTest {
    static long t() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    @Test
    void cost() {
        INDArray a = Nd4j.rand(DataType.FLOAT, 5000, 5000);
        for (int i = 0; i < 6; i++) {
            long t = t();
            new BaseHashes(Map.of("a", () -> a)).byPath();
            long u = t();
            new BaseHashes(Map.of("a", () -> a.transpose().dup('c'))).byPath();
            System.out.println("COST " + (u - t) / 1e6 + " ms, transposed " + (t() - u) / 1e6);
        }
    }
}
