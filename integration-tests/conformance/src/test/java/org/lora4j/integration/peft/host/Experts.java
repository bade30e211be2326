/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Collections;
import java.util.Map;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** A mixture of experts whose weights are stacked in two parameters. */
final class Experts {

    private Experts() {}

    static Net net(GoldenCase golden) {
        Layers layers = new Layers(golden);
        SameDiff graph = layers.graph();
        SDVariable x = layers.input("x");
        int experts = Math.toIntExact(layers.array("experts.gate_up").size(0));
        long batch = golden.io().get("x").size(0);
        SDVariable[] copies = Collections.nCopies(experts, x).toArray(new SDVariable[0]);
        SDVariable hidden = layers.relu(graph.mmul(graph.stack(0, copies), layers.parameter("experts.gate_up")));
        SDVariable results = graph.mmul(hidden, layers.parameter("experts.down"));
        SDVariable shares = graph.nn().softmax(layers.linear("router", x), -1);
        SDVariable byExpert = graph.reshape(graph.permute(shares, 1, 0), experts, batch, 1);
        return new Net(
                layers, results.mul(byExpert).sum(0), Map.of("x", golden.io().get("x")));
    }
}
