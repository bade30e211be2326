/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;

/** The same with oneDNN in place of the kernels that it replaces. */
class OneDnnKernelsTest extends KernelsTest {

    @BeforeAll
    static void needTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN cannot be loaded here");
    }

    @Override
    SameDiffExecutor withKernels(SameDiffExecutor executor) {
        return executor.withProducts(OneDnn.products(MathMode.STRICT_F32));
    }
}
