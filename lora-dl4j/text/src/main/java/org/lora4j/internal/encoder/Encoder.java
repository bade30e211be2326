/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import static org.lora4j.internal.encoder.EncoderPart.*;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.encoder.EncoderMath.Term;

/**
 * The forward pass of every family: what a model's shape has is there.
 *
 * <pre>
 * h = norm(h + attention(h)),  h = norm(h + mlp(h))            normalized behind, as in BERT, or
 * h = h + attention(norm(h)),  h = h + mlp(norm(h))            before, as in T5, perhaps scaled before they are added
 * </pre>
 *
 * <p><b>State.</b> Remembers the states between layers. <b>Threads.</b> For one thread.
 *
 * @param <T> rows of numbers
 * @apiNote Status: internal
 */
public final class Encoder<T> {

    private final EncoderShape shape;
    private final EncoderMath<T> math;
    private final List<T> states = new ArrayList<>();
    private final Map<Boolean, T> rowsOfModel = new HashMap<>();

    /** A pass with an arithmetic. */
    public Encoder(EncoderShape shape, EncoderMath<T> math) {
        this.shape = shape;
        this.math = math;
    }

    /**
     * The hidden states of the tokens that the arithmetic has.
     *
     * @return {@code [rows, hidden]}
     */
    public T hidden() {
        return layers(embeddings());
    }

    /**
     * The hidden states of embeddings that come from elsewhere, from patches of images for instance.
     *
     * @param embeddings {@code [rows, hidden]}
     * @return {@code [rows, hidden]}
     */
    public T layers(T embeddings) {
        T h = embeddings;
        for (int i = 0; i < shape.blocks().size(); i++) {
            states.add(h);
            h = layer(h, shape.blocks().get(i));
            if (i == 0 && has(CONVOLUTION)) {
                h = convolution(embeddings, h);
            }
        }
        return has(FINAL_NORM) ? math.norm(FINAL_NORM, shape.module(FINAL_NORM), h, 1) : h;
    }

    /** What went into each layer, in the order of the pass. */
    public List<T> states() {
        return List.copyOf(states);
    }

    private T embeddings() {
        T h = math.embeddings();
        if (shape.family().isProjectedBeforeNorm()) {
            h = projected(h);
        }
        if (has(EMBEDDING_NORM)) {
            h = math.norm(EMBEDDING_NORM, shape.module(EMBEDDING_NORM), h, 1);
        }
        if (shape.family().hasMaskedEmbeddings()) {
            h = math.masked(shape.module(EMBEDDING_NORM) + "/masked", h);
        }
        return shape.family().isProjectedBeforeNorm() ? h : projected(h);
    }

    private T projected(T h) {
        return has(EMBEDDING_PROJECTION) ? math.linear(EMBEDDING_PROJECTION, shape.module(EMBEDDING_PROJECTION), h) : h;
    }

    private T layer(T h, EncoderBlock block) {
        String attended = scope(block, shape.family().attentionScope()) + "/attended";
        T seen = scaled(ATTENTION_SCALE, block, attention(h, block));
        T between = behind(ATTENTION_SUM_NORM, block, attended, seen, h);
        String widened = scope(block, shape.family().mlpScope()) + "/widened";
        T added = scaled(MLP_SCALE, block, feedForward(between, block));
        return behind(MLP_SUM_NORM, block, widened, added, between);
    }

    private T scaled(EncoderPart scale, EncoderBlock block, T x) {
        return has(scale) ? math.gained(shape.module(scale, block), x) : x;
    }

    /** What a part adds to what went into it, and the norm of the sum if there is one. */
    private T behind(EncoderPart norm, EncoderBlock block, String name, T added, T h) {
        if (!has(norm)) {
            return math.sum(name, added, h);
        }
        String module = shape.module(norm, block);
        return math.norm(norm, module, math.sum(module + "/input", added, h), 1);
    }

    private T attention(T h, EncoderBlock block) {
        T x = has(ATTENTION_NORM) && block.hasFirstNorm() ? norm(ATTENTION_NORM, block, h, 1) : h;
        String scope = scope(block, shape.family().attentionScope());
        List<T> parts = has(QUERY_KEY_VALUE)
                ? math.split(
                        shape.module(QUERY_KEY_VALUE, block) + "/parts",
                        linear(QUERY_KEY_VALUE, block, x),
                        shape.family().isFusedByHead() ? shape.sizes().heads() : 1,
                        3)
                : List.of(linear(QUERY, block, x), linear(KEY, block, x), linear(VALUE, block, x));
        T query = has(QUERY_BIAS) ? math.shifted(shape.module(QUERY_BIAS, block), parts.get(0)) : parts.get(0);
        T value = has(VALUE_BIAS) ? math.shifted(shape.module(VALUE_BIAS, block), parts.get(2)) : parts.get(2);
        T key = parts.get(1);
        if (has(QUERY_NORM)) {
            query = norm(QUERY_NORM, block, query, shape.sizes().heads());
            key = norm(KEY_NORM, block, key, shape.sizes().keyHeads());
        }
        T seen = math.attention(block, scope, query, key, value, terms(block));
        return linear(ATTENTION_OUTPUT, block, seen);
    }

    private List<Term<T>> terms(EncoderBlock block) {
        List<Term<T>> terms = new ArrayList<>();
        if (shape.relative().ofQueries()) {
            terms.add(new Term<>(true, relativeRows(block, true)));
        }
        if (shape.relative().ofKeys()) {
            terms.add(new Term<>(false, relativeRows(block, false)));
        }
        return terms;
    }

    /** A layer's own rows, or those of the model, projected as keys for queries, and as queries for keys. */
    private T relativeRows(EncoderBlock block, boolean ofQueries) {
        if (has(DISTANCES)) {
            return math.relativeRows(shape.module(DISTANCES, block), ofQueries);
        }
        T rows = rowsOfModel.computeIfAbsent(ofQueries, this::rowsOfModel);
        boolean shares = shape.relative().sharesProjections();
        EncoderPart own = ofQueries ? POSITION_KEY : POSITION_QUERY;
        EncoderPart ofTokens = ofQueries ? KEY : QUERY;
        return linear(shares ? ofTokens : own, block, rows);
    }

    private T rowsOfModel(boolean ofQueries) {
        T rows = math.relativeRows(shape.module(RELATIVE_TABLE), ofQueries);
        return has(RELATIVE_NORM) ? math.norm(RELATIVE_NORM, shape.module(RELATIVE_NORM), rows, 1) : rows;
    }

    private T feedForward(T h, EncoderBlock block) {
        T x = has(MLP_NORM) ? norm(MLP_NORM, block, h, 1) : h;
        String activation = scope(block, shape.family().mlpScope()) + "/activation";
        T wide;
        if (has(GATE_AND_UP) || has(UP_AND_GATE)) {
            EncoderPart both = has(GATE_AND_UP) ? GATE_AND_UP : UP_AND_GATE;
            List<T> parts = math.split(shape.module(both, block) + "/parts", linear(both, block, x), 1, 2);
            int gate = both == GATE_AND_UP ? 0 : 1;
            wide = gated(block, activation, parts.get(gate), parts.get(1 - gate));
        } else if (has(GATE)) {
            wide = gated(block, activation, linear(GATE, block, x), linear(UP, block, x));
        } else {
            wide = math.activation(activation, shape.activation(), linear(UP, block, x));
        }
        return linear(DOWN, block, wide);
    }

    private T gated(EncoderBlock block, String activation, T gate, T up) {
        return math.product(
                scope(block, shape.family().mlpScope()) + "/gated",
                math.activation(activation, shape.activation(), gate),
                up);
    }

    private T convolution(T embeddings, T h) {
        String module = shape.module(CONVOLUTION);
        T seen = math.masked(module + "/masked", math.convolution(module, embeddings));
        T active = math.activation(module + "/activation", shape.functions().get("conv_act"), seen);
        String norm = shape.module(CONVOLUTION_NORM);
        return math.masked(
                norm + "/masked", math.norm(CONVOLUTION_NORM, norm, math.sum(norm + "/input", h, active), 1));
    }

    private T linear(EncoderPart part, EncoderBlock block, T x) {
        return math.linear(part, shape.module(part, block), x);
    }

    private T norm(EncoderPart part, EncoderBlock block, T x, int groups) {
        return math.norm(part, shape.module(part, block), x, groups);
    }

    private static String scope(EncoderBlock block, String name) {
        return block.layer() + name;
    }

    private boolean has(EncoderPart part) {
        return shape.has(part);
    }
}
