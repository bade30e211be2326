/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import org.lora4j.dl4j.RowNetwork;
import org.lora4j.error.Problems;

/**
 * Describes a server of a network of Deeplearning4j. All outputs of the network are computed. Masks are not passed on.
 *
 * @apiNote Status: stable
 */
public final class NetworkServerBuilder extends ServerBuilder<NetworkServerBuilder> {

    private final RowNetwork base;

    NetworkServerBuilder(RowNetwork base) {
        this.base = base;
    }

    @Override
    NetworkServerBuilder self() {
        return this;
    }

    @Override
    void check(Problems problems) {
        // What can be wrong was refused when the network was given.
    }

    @Override
    ServedBase base() {
        return new NetworkBase(base, example());
    }
}
