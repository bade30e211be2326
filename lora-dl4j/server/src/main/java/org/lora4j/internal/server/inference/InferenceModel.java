/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.inference;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.lora4j.internal.http.Exchange;

/** A model as the protocol sees it. */
interface InferenceModel {

    String name();

    /** The generation of its adapter; 0 for a base. */
    String version();

    String platform();

    List<ObjectNode> inputs();

    List<ObjectNode> outputs();

    CompletableFuture<Outputs> infer(Exchange exchange, List<Tensors.Given> inputs);

    /**
     * What was computed.
     *
     * @param tensors all outputs
     * @param version the generation of the adapter that computed it
     */
    record Outputs(List<ObjectNode> tensors, String version) {}
}
