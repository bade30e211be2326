/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A decoder of Llama's kind without rotary embedding. */
final class LlamaNetwork implements Network {

    private static final String TABLE = "model.embed_tokens.weight";

    private static final String FIRST = "model.layers.0.self_attn.";

    private static final String HEAD = "lm_head";
    private static final double EPSILON = 1e-6;

    @Override
    public List<Variant> variants(GoldenCase golden) {
        long features = golden.base().get(TABLE).size(1);
        return Attention.headsOf(golden, features).stream()
                .filter(heads -> isPossible(golden, heads))
                .map(heads -> (Variant) () -> build(golden, heads))
                .toList();
    }

    private static boolean isPossible(GoldenCase golden, long heads) {
        long size = golden.base().get(FIRST + "q_proj.weight").size(0) / heads;
        long keys = golden.base().get(FIRST + "k_proj.weight").size(0);
        return size > 0 && keys % size == 0 && heads % (keys / size) == 0;
    }

    private static Net build(GoldenCase golden, long heads) throws IOException {
        Layers layers = new Layers(golden);
        INDArray ids = golden.io().get("ids");
        SDVariable table = layers.parameter(TABLE);
        long features = layers.array(TABLE).size(1);
        SDVariable h = layers.graph()
                .reshape(layers.graph().gather(table, layers.input("ids"), 0), Layers.rows(ids), features);
        for (String block : layers.numbered("model.layers.", 0, 1, ".self_attn.q_proj.weight")) {
            h = h.add(attention(layers, block, h, ids, heads));
            SDVariable normalized = layers.rmsNorm(block + ".post_attention_layernorm", h, EPSILON);
            SDVariable gate = layers.linear(block + ".mlp.gate_proj", normalized);
            SDVariable active = gate.mul(layers.sigmoid(gate));
            SDVariable up = layers.linear(block + ".mlp.up_proj", normalized);
            h = h.add(layers.linear(block + ".mlp.down_proj", active.mul(up)));
        }
        SDVariable last = layers.rmsNorm("model.norm", h, EPSILON);
        SDVariable scores = layers.graph().mmul(last, head(golden, layers, table), false, true, false);
        SDVariable y = layers.graph()
                .reshape(scores, ids.size(0), ids.size(1), layers.array(TABLE).size(0));
        return new Net(layers, y, Map.of("ids", ids));
    }

    /** A tied head that has an adapter of its own is no longer the table. */
    private static SDVariable head(GoldenCase golden, Layers layers, SDVariable table) throws IOException {
        boolean tied = golden.params().path("tied").asBoolean() || !layers.has(HEAD + ".weight");
        if (!tied) {
            return layers.parameter(HEAD + ".weight");
        }
        return golden.adapts(HEAD)
                ? layers.parameter(HEAD + ".weight", layers.array(TABLE), UnaryOperator.identity())
                : table;
    }

    private static SDVariable attention(Layers layers, String block, SDVariable h, INDArray ids, long heads) {
        SDVariable normalized = layers.rmsNorm(block + ".input_layernorm", h, EPSILON);
        String self = block + ".self_attn.";
        long size = layers.array(self + "q_proj.weight").size(0) / heads;
        long headsOfKeys = layers.array(self + "k_proj.weight").size(0) / size;
        SDVariable context = Attention.causal(ids, heads, headsOfKeys, size)
                .apply(
                        layers,
                        layers.linear(self + "q_proj", normalized),
                        layers.linear(self + "k_proj", normalized),
                        layers.linear(self + "v_proj", normalized));
        return layers.linear(self + "o_proj", context);
    }
}
