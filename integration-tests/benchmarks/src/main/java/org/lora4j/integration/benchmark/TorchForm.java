/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What differs from one encoder to the next, as {@link TorchEncoder} composes it.
 *
 * @param vocabulary rows of the table of words
 * @param embedding numbers of a word, projected if they are not as many as the hidden ones
 * @param hidden numbers of a token
 * @param wide numbers within the feed-forward part
 * @param heads heads of queries
 * @param keyHeads heads of keys and values
 * @param headSize numbers of a head
 * @param places what tells where a token stands
 * @param parts what else it has
 * @param activation of the feed-forward part
 */
record TorchForm(
        int vocabulary,
        int embedding,
        int hidden,
        int wide,
        int heads,
        int keyHeads,
        int headSize,
        Places places,
        List<Part> parts,
        UnaryOperator<Tensor> activation) {

    static final int LAYERS = 6;

    /** What tells where a token stands. */
    enum Places {
        /** A table of positions. */
        TABLE,
        /** A number for each head and distance, the same in all layers. */
        BIAS,
        /** Queries and keys are turned. */
        TURNED,
        /** Products with rows for distances, projected by matrices of their own. */
        OWN_ROWS,
        /** The same, projected by the matrices of tokens. */
        SHARED_ROWS
    }

    /** What an encoder may have. */
    enum Part {
        /** A table of token types. */
        TYPES,
        /** RMS norms without biases. */
        RMS,
        /** Norms of heads. */
        HEAD_NORMS,
        /** Norms before parts of a layer, not behind. */
        NORM_BEFORE,
        /** A gate beside what goes up. */
        GATED,
        /** Query, key and value in one product. */
        FUSED_ATTENTION,
        /** Gate and up in one product. */
        FUSED_GATE,
        /** Biases of linear layers. */
        BIASES,
        /** All layers have the same weights. */
        ONE_LAYER,
        /** Tokens see earlier ones only. */
        CAUSAL
    }

    /** MiniLM's. */
    static final TorchForm MINI_LM = ofBert(30_522, 384, Places.TABLE, Part.TYPES, Part.BIASES);

    /** One whose layers are BERT's, with heads of 64 numbers, or 32 in small ones. */
    static TorchForm ofBert(int vocabulary, int hidden, Places places, Part... parts) {
        return new TorchForm(
                vocabulary, hidden, hidden, 4 * hidden, 12, 12, hidden / 12, places, List.of(parts), torch::gelu);
    }

    TorchForm embedding(int width) {
        return new TorchForm(vocabulary, width, hidden, wide, heads, keyHeads, headSize, places, parts, activation);
    }

    TorchForm feedForward(int width, UnaryOperator<Tensor> function) {
        return new TorchForm(vocabulary, embedding, hidden, width, heads, keyHeads, headSize, places, parts, function);
    }

    TorchForm heads(int queries, int keys, int size) {
        return new TorchForm(vocabulary, embedding, hidden, wide, queries, keys, size, places, parts, activation);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    /** The products of tokens with weights in a pass. */
    List<LinearShape> products() {
        int queries = heads * headSize;
        int keys = keyHeads * headSize;
        return List.of(
                new LinearShape(hidden, queries, LAYERS),
                new LinearShape(hidden, keys, 2 * LAYERS),
                new LinearShape(queries, hidden, LAYERS),
                new LinearShape(hidden, wide, (has(Part.GATED) ? 2 : 1) * LAYERS),
                new LinearShape(wide, hidden, LAYERS));
    }
}
