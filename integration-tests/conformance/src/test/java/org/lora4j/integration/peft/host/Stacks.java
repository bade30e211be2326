/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Map;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;

/** Residual blocks in numbered lists. */
final class Stacks {

    private Stacks() {}

    static Net one(GoldenCase golden) {
        return net(golden, "layers.");
    }

    static Net two(GoldenCase golden) {
        return net(golden, "enc.layers.", "dec.h.");
    }

    private static Net net(GoldenCase golden, String... stems) {
        Layers layers = new Layers(golden);
        SDVariable h = layers.linear("inp", layers.input("x"));
        for (String stem : stems) {
            for (String block : layers.numbered(stem, 0, 1, ".q_proj.weight")) {
                SDVariable gate = layers.graph().math().tanh(layers.linear(block + ".q_proj", h));
                h = h.add(layers.linear(block + ".down", gate.mul(layers.linear(block + ".v_proj", h))));
            }
        }
        return new Net(layers, layers.linear("head", h), Map.of("x", golden.io().get("x")));
    }
}
