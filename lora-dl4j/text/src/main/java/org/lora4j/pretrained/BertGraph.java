/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.OptionalInt;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Appends a BERT-family encoder to a graph, op by op.
 *
 * <p>Hidden states are kept flat, {@code [batch * length, hidden]}: a product of rank 3 with rank 2 does not exist in
 * SameDiff, and a flat product is one call of the matrix library. Every variable is named, with a dot or a slash or as
 * one of the placeholders and outputs: a name equal to the automatic name of another op would break the saved graph.
 */
final class BertGraph {

    /** Softmax turns it into an exact 0 in FLOAT and in DOUBLE, without the NaN that an infinity makes. */
    private static final double MASKED_SCORE = -1e9;

    /** ND4J's layer_norm adds no epsilon at all; below this bound that is the same for every real hidden state. */
    private static final double LARGEST_EPSILON_LEFT_OUT = 1e-9;

    private static final int FLAT_FEATURES = 1;
    private final SameDiff sd;
    private final String prefix;
    private final BertWeights weights;
    private final BertConfig config;

    private SDVariable sequenceShape;
    private SDVariable splitShape;
    private SDVariable scoreMask;

    BertGraph(SameDiff sd, BertWeights weights) {
        this(sd, weights, "");
    }

    /** The prefix, empty or with a dot at its end, goes before the path of every module. */
    BertGraph(SameDiff sd, BertWeights weights, String prefix) {
        this.sd = sd;
        this.prefix = prefix;
        this.weights = weights;
        this.config = weights.config();
    }

    /** Appends placeholders and encoder; the result is {@link BertEncoder#LAST_HIDDEN_STATE}. */
    SDVariable encoder(boolean tokenTypes) {
        SDVariable ids = sd.placeHolder(BertEncoder.INPUT_IDS, DataType.INT32, -1, -1);
        SDVariable mask = sd.placeHolder(BertEncoder.ATTENTION_MASK, weights.dataType(), -1, -1);
        SDVariable size = sd.shape("input_ids/shape", ids);
        sequenceShape = shape("hidden/shape", size, config.hidden());
        splitShape = shape("attention/split_shape", size, config.heads(), config.headSize());
        // [batch, length] to [batch, 1, 1, length]: 0 where the mask keeps, the masked score elsewhere.
        scoreMask = sd.expandDims(
                "attention/mask_scores",
                sd.expandDims(
                        "attention/mask_per_key",
                        mask.sub("attention/mask_shifted", 1.0).mul("attention/mask_scaled", -MASKED_SCORE),
                        1),
                1);
        SDVariable hidden = embeddings(ids, tokenTypes);
        for (int layer = 0; layer < config.layers(); layer++) {
            hidden = feedForward(attention(hidden, layer), layer);
        }
        return sd.reshape(BertEncoder.LAST_HIDDEN_STATE, hidden, sequenceShape);
    }

    /** Appends the pooling of {@code hidden}, {@code [batch, length, hidden]}, into {@code [batch, features]}. */
    SDVariable pooled(SDVariable hidden, Pooling pooling) {
        PoolingGraph.Source source =
                new PoolingGraph.Source(hidden, sd.getVariable("input_ids/shape"), config.hidden(), this::pooler);
        return new PoolingGraph(sd, weights.dataType()).pooled(source, pooling);
    }

    private SDVariable pooler(SDVariable first, String result) {
        if (!weights.hasPooler()) {
            throw new IllegalArgumentException(
                    "Pooling.POOLER: the weights have no tensor \"" + BertTensor.POOLER
                            + ".weight\"; expected the weights of an encoder with a pooler. Choose Pooling.MEAN or Pooling.CLS.");
        }
        return sd.math().tanh(result, linear(first, prefix + BertTensor.POOLER));
    }

    private SDVariable embeddings(SDVariable ids, boolean tokenTypes) {
        SDVariable types = tokenTypes
                ? sd.placeHolder(BertEncoder.TOKEN_TYPE_IDS, DataType.INT32, -1, -1)
                : sd.constant("token_type_ids/default", Nd4j.createFromArray(0));
        SDVariable positionRows = embedding(BertTensor.POSITIONS, positions(ids));
        SDVariable typeRows = embedding(BertTensor.TYPES, types);
        SDVariable wordRows = embedding(BertTensor.WORDS, ids);
        // The two small tables first: without token types they make one [length, hidden] for the whole batch.
        SDVariable sum = wordRows.add("embeddings/sum", typeRows.add("embeddings/position_and_type", positionRows));
        SDVariable flat = sd.reshape("embeddings/flat", sum, -1, config.hidden());
        return layerNorm(flat, prefix + BertTensor.EMBEDDING_NORM);
    }

    private SDVariable positions(SDVariable ids) {
        OptionalInt padding = config.positions().paddingId();
        if (padding.isEmpty()) {
            return sd.range(
                    "position_ids",
                    longConstant("position_ids/first", 0),
                    sd.sizeAt("input_ids/length", ids, 1),
                    longConstant("position_ids/step", 1),
                    DataType.INT64);
        }
        // cumsum of M2.1 refuses integers; a float counts exactly as far as any position table goes.
        SDVariable token =
                ids.neq("position_ids/is_token", padding.getAsInt()).castTo("position_ids/token", weights.dataType());
        SDVariable count = sd.cumsum("position_ids/count", token, false, false, 1);
        return count.mul("position_ids/count_of_tokens", token)
                .add("position_ids/shifted", padding.getAsInt())
                .castTo("position_ids", DataType.INT32);
    }

    private SDVariable attention(SDVariable x, int layer) {
        String self = module(layer, "attention.self");
        // Scaling the queries, not the scores, is the smaller product unless a text is shorter than a head is wide.
        SDVariable scaled = linear(x, module(layer, BertTensor.QUERY))
                .mul(self + "/query_scaled", 1 / Math.sqrt(config.headSize()));
        SDVariable query = split(scaled, self + "/query");
        SDVariable key = split(linear(x, module(layer, BertTensor.KEY)), self + "/key");
        SDVariable value = split(linear(x, module(layer, BertTensor.VALUE)), self + "/value");
        SDVariable scores =
                sd.mmul(self + "/scores", query, key, false, true, false).add(self + "/scores_masked", scoreMask);
        SDVariable shares = sd.nn().softmax(self + "/shares", scores, -1);
        SDVariable context =
                sd.permute(self + "/context", sd.mmul(self + "/context_per_head", shares, value), 0, 2, 1, 3);
        SDVariable joined = sd.reshape(self + "/output", context, -1, config.hidden());
        return residual(joined, x, layer, BertTensor.ATTENTION_DENSE, BertTensor.ATTENTION_NORM);
    }

    private SDVariable feedForward(SDVariable x, int layer) {
        SDVariable wide = linear(x, module(layer, BertTensor.INTERMEDIATE_DENSE));
        SDVariable active = config.activation().apply(wide, module(layer, "intermediate/activation"));
        return residual(active, x, layer, BertTensor.OUTPUT_DENSE, BertTensor.OUTPUT_NORM);
    }

    private SDVariable residual(SDVariable branch, SDVariable x, int layer, String dense, String norm) {
        SDVariable projected = linear(branch, module(layer, dense));
        SDVariable sum = projected.add(module(layer, norm) + "/input", x);
        return layerNorm(sum, module(layer, norm));
    }

    /** {@code [batch * length, hidden]} to {@code [batch, heads, length, headSize]}. */
    private SDVariable split(SDVariable x, String name) {
        return sd.permute(name + "_heads", sd.reshape(name + "_split", x, splitShape), 0, 2, 1, 3);
    }

    private SDVariable linear(SDVariable x, String module) {
        return x.mmul(module + "/product", weight(module)).add(module + "/output", bias(module));
    }

    private SDVariable embedding(String module, SDVariable rows) {
        return sd.gather(prefix + module + "/output", weight(prefix + module), rows, 0);
    }

    private SDVariable layerNorm(SDVariable x, String module) {
        SDVariable gain = weight(module);
        SDVariable bias = bias(module);
        if (config.layerNormEpsilon() <= LARGEST_EPSILON_LEFT_OUT) {
            return sd.nn().layerNorm(module + "/output", x, gain, bias, false, FLAT_FEATURES);
        }
        SDVariable centered = x.sub(module + "/centered", x.mean(module + "/mean", true, FLAT_FEATURES));
        SDVariable variance =
                sd.math().square(module + "/square", centered).mean(module + "/variance", true, FLAT_FEATURES);
        SDVariable deviation = sd.math()
                .sqrt(module + "/deviation", variance.add(module + "/variance_shifted", config.layerNormEpsilon()));
        return centered.div(module + "/normalized", deviation)
                .mul(module + "/scaled", gain)
                .add(module + "/output", bias);
    }

    private String module(int layer, String module) {
        return prefix + BertTensor.layerModule(layer, module);
    }

    private SDVariable weight(String module) {
        return parameter(module + ".weight");
    }

    private SDVariable bias(String module) {
        return parameter(module + ".bias");
    }

    private SDVariable parameter(String name) {
        return sd.constant(name, weights.tensor(name.substring(prefix.length())));
    }

    private SDVariable longConstant(String name, long value) {
        return sd.constant(name, Nd4j.scalar(value));
    }

    private SDVariable shape(String name, SDVariable size, long... tail) {
        return sd.concat(name, 0, size, sd.constant(name + "_tail", Nd4j.createFromArray(tail)));
    }
}
