/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

class LowMemoryNetworkContractTest extends AdaptedNetworkContractTest {

    @Override
    MemoryMode mode() {
        return MemoryMode.LOW_MEMORY;
    }
}
