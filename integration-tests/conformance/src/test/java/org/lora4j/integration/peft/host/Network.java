/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.io.IOException;
import java.util.List;
import org.lora4j.integration.peft.cases.GoldenCase;

/**
 * An architecture. Where a case leaves a parameter out, because it was the default of the model that PEFT ran on, there
 * are several variants: the first that computes the base output of the case is meant.
 */
@FunctionalInterface
interface Network {

    /** One way to read the description. */
    @FunctionalInterface
    interface Variant {
        Net build() throws IOException;
    }

    List<Variant> variants(GoldenCase golden);

    /** An architecture without open parameters. */
    interface Single {
        Net build(GoldenCase golden) throws IOException;
    }

    static Network of(Single network) {
        return golden -> List.of(() -> network.build(golden));
    }
}
