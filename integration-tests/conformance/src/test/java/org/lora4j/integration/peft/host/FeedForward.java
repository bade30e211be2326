/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.List;
import java.util.Map;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;

/** Networks without attention and convolutions. */
final class FeedForward {

    private static final double EPSILON = 1e-5;

    private FeedForward() {}

    static Net mlp(GoldenCase golden) {
        Layers layers = new Layers(golden);
        return chain(golden, layers, layers.numbered("fc", 1, 1, ".weight"));
    }

    static Net sequential(GoldenCase golden) {
        Layers layers = new Layers(golden);
        return chain(golden, layers, layers.numbered("", 0, 2, ".weight"));
    }

    private static Net chain(GoldenCase golden, Layers layers, List<String> modules) {
        SDVariable h = layers.rows("x");
        for (int i = 0; i < modules.size(); i++) {
            h = layers.linear(modules.get(i), h);
            h = i < modules.size() - 1 ? layers.relu(h) : h;
        }
        return new Net(layers, h, Map.of("x", golden.io().get("x")));
    }

    static Net normalized(GoldenCase golden) {
        Layers layers = new Layers(golden);
        SDVariable h = layers.layerNorm("ln", layers.linear("fc1", layers.input("x")), EPSILON);
        SDVariable y = layers.linear("fc2", layers.relu(h));
        return new Net(layers, y, Map.of("x", golden.io().get("x")));
    }

    static Net embedding(GoldenCase golden) {
        Layers layers = new Layers(golden);
        SDVariable rows = layers.graph().gather(layers.parameter("embed.weight"), layers.input("ids"), 0);
        return new Net(
                layers,
                layers.linear("fc", rows.mean(1)),
                Map.of("ids", golden.io().get("ids")));
    }
}
