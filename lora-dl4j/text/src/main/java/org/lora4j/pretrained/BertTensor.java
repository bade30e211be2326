/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.List;

/**
 * One tensor that a BERT-family encoder needs.
 *
 * @param name Hugging Face's name without a model prefix, for example {@code encoder.layer.0.output.dense.weight}
 * @param shape the shape, {@code [in, out]} for the weight of a linear module
 * @param kind what the tensor is
 */
record BertTensor(String name, long[] shape, Kind kind) {

    /** What a tensor is; decides how it starts and under which name a file holds it. */
    enum Kind {
        /** A table with a row per id. */
        EMBEDDING,
        /** The matrix of a linear module. */
        LINEAR,
        /** A vector that is added. */
        BIAS,
        /** A vector that scales a normalized state. */
        GAIN
    }

    /** What the names of all tensors of layers begin with; the number of the layer follows. */
    static final String LAYERS = "encoder.layer.";

    static final String WORDS = "embeddings.word_embeddings";
    static final String POSITIONS = "embeddings.position_embeddings";
    static final String TYPES = "embeddings.token_type_embeddings";
    static final String EMBEDDING_NORM = "embeddings.LayerNorm";
    static final String QUERY = "attention.self.query";
    static final String KEY = "attention.self.key";
    static final String VALUE = "attention.self.value";
    static final String ATTENTION_DENSE = "attention.output.dense";
    static final String ATTENTION_NORM = "attention.output.LayerNorm";
    static final String INTERMEDIATE_DENSE = "intermediate.dense";
    static final String OUTPUT_DENSE = "output.dense";
    static final String OUTPUT_NORM = "output.LayerNorm";
    static final String POOLER = "pooler.dense";

    /** Rows of the token type table where a config does not say, as in Transformers. */
    static final int DEFAULT_TYPES = 2;

    /** The path of a module of a layer: {@code encoder.layer.<layer>.<module>}. */
    static String layerModule(int layer, String module) {
        return LAYERS + layer + "." + module;
    }

    /** Every tensor of an encoder of this configuration, in the order of the forward pass. */
    static List<BertTensor> allOf(BertConfig config) {
        int hidden = config.hidden();
        List<BertTensor> all = new ArrayList<>();
        all.add(embedding(WORDS, config.vocabulary(), hidden));
        all.add(embedding(POSITIONS, config.maxPositions(), hidden));
        all.add(embedding(TYPES, config.typeVocabulary(), hidden));
        addNorm(all, EMBEDDING_NORM, hidden);
        for (int layer = 0; layer < config.layers(); layer++) {
            addLinear(all, layerModule(layer, QUERY), hidden, hidden);
            addLinear(all, layerModule(layer, KEY), hidden, hidden);
            addLinear(all, layerModule(layer, VALUE), hidden, hidden);
            addLinear(all, layerModule(layer, ATTENTION_DENSE), hidden, hidden);
            addNorm(all, layerModule(layer, ATTENTION_NORM), hidden);
            addLinear(all, layerModule(layer, INTERMEDIATE_DENSE), hidden, config.intermediate());
            addLinear(all, layerModule(layer, OUTPUT_DENSE), config.intermediate(), hidden);
            addNorm(all, layerModule(layer, OUTPUT_NORM), hidden);
        }
        return all;
    }

    /** The two tensors of a pooler, which not every encoder has. */
    static List<BertTensor> poolerOf(BertConfig config) {
        return linear(POOLER, config.hidden(), config.hidden());
    }

    /** Weight and bias of a linear module. */
    static List<BertTensor> linear(String module, int in, int out) {
        List<BertTensor> both = new ArrayList<>();
        addLinear(both, module, in, out);
        return both;
    }

    /** The dotted path of the module that the tensor belongs to. */
    String module() {
        return name.substring(0, name.lastIndexOf('.'));
    }

    private static BertTensor embedding(String module, int rows, int columns) {
        return new BertTensor(module + ".weight", new long[] {rows, columns}, Kind.EMBEDDING);
    }

    private static void addLinear(List<BertTensor> all, String module, int in, int out) {
        all.add(new BertTensor(module + ".weight", new long[] {in, out}, Kind.LINEAR));
        all.add(new BertTensor(module + ".bias", new long[] {out}, Kind.BIAS));
    }

    private static void addNorm(List<BertTensor> all, String module, int size) {
        all.add(new BertTensor(module + ".weight", new long[] {size}, Kind.GAIN));
        all.add(new BertTensor(module + ".bias", new long[] {size}, Kind.BIAS));
    }
}
