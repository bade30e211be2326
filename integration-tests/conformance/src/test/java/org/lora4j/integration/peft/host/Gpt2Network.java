/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.List;
import java.util.Map;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A decoder of GPT-2's kind on float inputs. */
final class Gpt2Network implements Network {

    private static final double EPSILON = 1e-5;

    @Override
    public List<Variant> variants(GoldenCase golden) {
        long features = golden.io().get("x").size(2);
        return Attention.headsOf(golden, features).stream()
                .map(heads -> (Variant) () -> build(golden, heads))
                .toList();
    }

    private static Net build(GoldenCase golden, long heads) {
        Layers layers = new Layers(golden);
        INDArray x = golden.io().get("x");
        long features = x.size(2);
        Attention attention = Attention.causal(x, heads, heads, features / heads);
        SDVariable h = layers.graph().reshape(layers.input("x"), Layers.rows(x), features);
        for (String block : layers.numbered("h.", 0, 1, ".attn.c_attn.weight")) {
            SDVariable qkv = layers.linearInOut(block + ".attn.c_attn", layers.layerNorm(block + ".ln_1", h, EPSILON));
            SDVariable[] parts = Packed.split(layers, qkv, Layers.rows(x), features);
            h = h.add(
                    layers.linearInOut(block + ".attn.c_proj", attention.apply(layers, parts[0], parts[1], parts[2])));
            SDVariable wide = layers.linearInOut(block + ".mlp.c_fc", layers.layerNorm(block + ".ln_2", h, EPSILON));
            h = h.add(layers.linearInOut(block + ".mlp.c_proj", gelu(layers.graph(), wide)));
        }
        SDVariable y = layers.graph().reshape(layers.layerNorm("ln_f", h, EPSILON), x.shape());
        return new Net(layers, y, Map.of("x", x));
    }

    /** The approximation with tanh. */
    private static SDVariable gelu(SameDiff graph, SDVariable x) {
        SDVariable cubed = x.mul(graph.math().square(x)).mul(0.044715);
        SDVariable inner = x.add(cubed).mul(Math.sqrt(2 / Math.PI));
        return x.mul(0.5).mul(graph.math().tanh(inner).add(1.0));
    }
}
