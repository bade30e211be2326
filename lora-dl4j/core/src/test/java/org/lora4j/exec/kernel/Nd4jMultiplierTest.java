/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

class Nd4jMultiplierTest extends MultiplierContract {

    @Override
    protected Multiplier multiplier() {
        return Multiplier.nd4j();
    }
}
