/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.MultiplierContract;
import org.lora4j.internal.onednn.DnnlLibrary;

class DnnlMultiplierTest {

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
    }

    /** One thread computes large results piece by piece. */
    @Nested
    class InPieces extends MultiplierContract {
        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(MathMode.STRICT_F32, false, ProductChoice.ONEDNN, () -> 1);
        }
    }

    /** What may be left to OpenBLAS is. */
    @Nested
    class ByOpenBlas extends MultiplierContract {
        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(
                    MathMode.STRICT_F32,
                    false,
                    ProductChoice.parse("layers=openblas,updates=openblas,gradients=openblas"),
                    () -> 1);
        }
    }

    /** What is shipped for this processor. */
    @Nested
    class AsShipped extends MultiplierContract {
        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(
                    MathMode.STRICT_F32, false, ProductChoices.shipped(DnnlLibrary.instructions()), () -> 1);
        }
    }

    /** Frozen factors are copied. */
    @Nested
    class Packing extends MultiplierContract {
        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(MathMode.STRICT_F32, true, ProductChoice.ONEDNN, () -> 1);
        }
    }

    /** Frozen factors are rounded, and what is given in BF16 is multiplied so. */
    @Nested
    class InBf16 extends MultiplierContract {
        @BeforeEach
        void needsInstructions() {
            assumeTrue(MathMode.BF16.isSupported(), "oneDNN multiplies no BF16 on this processor");
        }

        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(MathMode.BF16, false, ProductChoice.ONEDNN, () -> 1);
        }
    }

    /** Several compute them as a whole, and leave batches of batches to ND4J. */
    @Nested
    class Whole extends MultiplierContract {
        @Override
        protected Multiplier multiplier() {
            return new DnnlMultiplier(MathMode.STRICT_F32, false, ProductChoice.ONEDNN, () -> 2);
        }
    }
}
