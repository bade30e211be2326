/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import static org.lora4j.internal.language.DecoderPart.*;

import java.util.List;

/**
 * The forward pass of every family: what a model's family names is there, what its config scales is scaled.
 *
 * <pre>
 * h = h + norm(attention(norm(h))),  h = h + norm(mlp(norm(h)))            one after the other, or
 * h = h + attention(norm(h)) + mlp(norm'(h))                               side by side
 * </pre>
 *
 * @param <T> rows of numbers
 * @apiNote Status: internal
 */
public final class Decoder<T> {

    private final DecoderConfig config;
    private final DecoderMath<T> math;

    /** A pass with an arithmetic. */
    public Decoder(DecoderConfig config, DecoderMath<T> math) {
        this.config = config;
        this.math = math;
    }

    /**
     * The hidden states behind the last normalization.
     *
     * @return {@code [rows, hidden]}
     */
    public T hidden() {
        String words = config.module(WORDS, 0);
        T h = math.rows(WORDS, words);
        if (config.embeddingScale() != 1) {
            h = math.scaled(words + "/scaled", h, config.embeddingScale());
        }
        if (has(POSITIONS)) {
            String positions = config.module(POSITIONS, 0);
            h = math.sum(positions + "/added", h, math.rows(POSITIONS, positions), 1);
        }
        for (int layer = 0; layer < config.layers().size(); layer++) {
            h = layer(h, layer);
        }
        return norm(FINAL_NORM, 0, h);
    }

    /**
     * The logits of hidden states.
     *
     * @param hidden as {@link #hidden} gives them
     * @return {@code [rows, vocabulary]}
     */
    public T logits(T hidden) {
        String head = config.module(HEAD, 0);
        T logits = math.linear(HEAD, head, hidden);
        if (config.logitsScale() != 1) {
            logits = math.scaled(head + "/scaled", logits, config.logitsScale());
        }
        return config.logitsCap().isPresent()
                ? math.capped(head + "/capped", logits, config.logitsCap().getAsDouble())
                : logits;
    }

    private T layer(T h, int layer) {
        String path = config.family().layer(layer);
        T attended = norm(ATTENTION_RESULT_NORM, layer, attention(layer, norm(ATTENTION_NORM, layer, h)));
        T between = math.sum(path + "/attended", h, attended, config.residualScale());
        T source = config.parallel() ? h : between;
        T widened = norm(MLP_RESULT_NORM, layer, feedForward(layer, norm(MLP_NORM, layer, source)));
        return math.sum(path + "/output", between, widened, config.residualScale());
    }

    private T attention(int layer, T x) {
        List<T> parts = has(QUERY_KEY_VALUE)
                ? split(layer, x)
                : List.of(linear(QUERY, layer, x), linear(KEY, layer, x), linear(VALUE, layer, x));
        T query = headNorm(QUERY_NORM, layer, parts.get(0), config.heads());
        T key = headNorm(KEY_NORM, layer, parts.get(1), config.keyHeads());
        T seen = math.attention(layer, config.family().layer(layer) + "/attention", query, key, parts.get(2));
        return linear(ATTENTION_OUTPUT, layer, seen);
    }

    private List<T> split(int layer, T x) {
        String module = config.module(QUERY_KEY_VALUE, layer);
        T fused = linear(QUERY_KEY_VALUE, layer, x);
        int size = config.headSize();
        if (config.family().fusedByHead()) {
            return math.split(module + "/parts", fused, config.heads(), size, size, size);
        }
        return math.split(module + "/parts", fused, 1, config.queryWidth(), config.keyWidth(), config.keyWidth());
    }

    private T feedForward(int layer, T x) {
        String path = config.family().layer(layer) + "/mlp";
        T wide;
        if (has(GATE_AND_UP)) {
            T both = linear(GATE_AND_UP, layer, x);
            List<T> parts = math.split(path + "_parts", both, 1, config.intermediate(), config.intermediate());
            wide = gated(path, parts.get(0), parts.get(1));
        } else if (has(GATE)) {
            wide = gated(path, linear(GATE, layer, x), linear(UP, layer, x));
        } else {
            wide = math.activation(path + "_activation", config.activation(), linear(UP, layer, x));
        }
        return linear(DOWN, layer, wide);
    }

    private T gated(String path, T gate, T up) {
        return math.product(path + "_gated", math.activation(path + "_activation", config.activation(), gate), up);
    }

    private T linear(DecoderPart part, int layer, T x) {
        return math.linear(part, config.module(part, layer), x);
    }

    /** The row itself where the family has no such norm. */
    private T norm(DecoderPart part, int layer, T x) {
        return has(part) ? math.norm(config.module(part, layer), x, 1) : x;
    }

    private T headNorm(DecoderPart part, int layer, T x, int heads) {
        return has(part)
                ? math.norm(config.module(part, layer), x, config.family().normsPerHead() ? heads : 1)
                : x;
    }

    private boolean has(DecoderPart part) {
        return config.family().has(part);
    }
}
