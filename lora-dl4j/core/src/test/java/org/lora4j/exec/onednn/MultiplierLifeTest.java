/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.ref.WeakReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a multiplier keeps goes with it, though threads that have used it live on. */
class MultiplierLifeTest {

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
    }

    @ParameterizedTest
    @EnumSource(MathMode.class)
    void multiplierThatNobodyHas_isCollected(MathMode mode) throws InterruptedException {
        assumeTrue(mode.isSupported(), "oneDNN multiplies no BF16 on this processor");
        INDArray x = Nd4j.ones(4, 8);
        Multiplier multiplier = OneDnn.products(mode, ProductChoice.ONEDNN);
        multiplier.multiply(
                new Factor(x, false, false), new Factor(Nd4j.ones(8, 16), false, true), Nd4j.zeros(4, 16), 0);
        WeakReference<Multiplier> left = new WeakReference<>(multiplier);
        multiplier = null;

        for (int i = 0; i < 50 && left.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }

        assertThat(left.get()).isNull();
    }
}
