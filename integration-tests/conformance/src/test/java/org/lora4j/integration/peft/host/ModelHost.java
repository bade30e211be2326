/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.io.IOException;
import java.util.Optional;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Builds the base models of golden cases in one framework. */
public interface ModelHost {

    /**
     * The name of the framework.
     *
     * @return a name for reports
     */
    String name();

    /**
     * Whether there is a builder for the architecture of a case.
     *
     * @param golden a case
     * @return false if the case can only be checked without a network
     */
    boolean knows(GoldenCase golden);

    /**
     * What keeps this host from running a case, if something is known to.
     *
     * @param golden a case
     * @return the reason; empty where running it is to be tried
     */
    default Optional<String> lacks(GoldenCase golden) {
        return Optional.empty();
    }

    /**
     * What the base computes before layers are repeated.
     *
     * @param golden a case that repeats layers
     * @return its output
     * @throws IOException if the case lacks what the architecture needs
     */
    default INDArray outputOfBase(GoldenCase golden) throws IOException {
        throw new IOException(name() + " repeats no layers");
    }

    /**
     * Builds the base model of a case, with its weights and its input.
     *
     * @param golden a case whose architecture this host knows
     * @param loss what gradients are of
     * @return a model without adapters
     * @throws IOException if the case lacks what the architecture needs
     */
    HostModel build(GoldenCase golden, Loss loss) throws IOException;
}
