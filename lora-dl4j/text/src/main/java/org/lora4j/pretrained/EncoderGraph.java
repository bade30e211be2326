/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.List;
import java.util.Map;
import org.lora4j.internal.encoder.Encoder;
import org.lora4j.internal.encoder.EncoderGraphMath;
import org.lora4j.internal.graph.SharedArrays;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An encoder of any family as a SameDiff graph.
 *
 * <p>One graph serves every batch size and every length up to {@link EncoderConfig#longestSequence()}. All weights are
 * constants, so nothing learns until an adapter is injected or weights are made variables. A weight is named by its
 * module ({@code encoder.layer.0.attention.self.query.weight}, {@code [in, out]}), the result of a module {@code
 * module + "/output"}.
 *
 * <p><i>Placeholders</i>
 * <ul>
 *   <li>{@link #INPUT_IDS} INT32 {@code [batch, length]}
 *   <li>{@link #ATTENTION_MASK} of the weights' data type, {@code [batch, length]}: 1 keeps a token, 0 hides it
 *   <li>{@link #TOKEN_TYPE_IDS} INT32 {@code [batch, length]}, only if asked for and if the family has
 *       types; otherwise every token has type 0
 *   <li>{@link #POOLING_MASK} as the mask, only with {@link Pooling#withoutPrompt}
 * </ul>
 *
 * <p><i>Outputs</i>
 * <ul>
 *   <li>{@link #LAST_HIDDEN_STATE} {@code [batch, length, hidden]}
 *   <li>{@link #POOLED} {@code [batch, features]}, as many as {@link Pooling#dimension} says
 * </ul>
 *
 * <p>ND4J does not check ids and lengths against the size of a table, and reads foreign memory or ends the process
 * when they are too large: {@link #requireValid} checks one batch, {@link LengthBuckets#requireFits} all of a data set.
 *
 * <p><i>State.</i> The graph shares the arrays of its weights. <i>Threads.</i> As SameDiff.
 *
 * <p><i>Source.</i> Devlin et al. 2018, BERT, arXiv:1810.04805, section 3; Vaswani et al. 2017, Attention is all you
 * need, arXiv:1706.03762, equation 1.
 *
 * @apiNote Status: stable
 */
public final class EncoderGraph {

    /** Placeholder of the token ids. */
    public static final String INPUT_IDS = EncoderGraphMath.INPUT_IDS;
    /** Placeholder of the mask. */
    public static final String ATTENTION_MASK = EncoderGraphMath.ATTENTION_MASK;
    /** Placeholder of the token types, if the encoder was built with them. */
    public static final String TOKEN_TYPE_IDS = EncoderGraphMath.TOKEN_TYPE_IDS;
    /** Placeholder of the mask of the pooling: as {@link #ATTENTION_MASK}, but 0 for the tokens of a prompt. */
    public static final String POOLING_MASK = "pooling_mask";
    /** Output with a vector for every token. */
    public static final String LAST_HIDDEN_STATE = "last_hidden_state";
    /** Output with a vector for every sequence. */
    public static final String POOLED = "pooled";

    private final SameDiff graph;
    private final EncoderConfig config;
    private final boolean tokenTypes;
    private final List<String> states;

    private EncoderGraph(SameDiff graph, EncoderConfig config, boolean tokenTypes, List<String> states) {
        this.graph = graph;
        this.config = config;
        this.tokenTypes = tokenTypes;
        this.states = states;
    }

    /**
     * Builds the graph of an encoder in which every token has type 0.
     *
     * @param weights the weights, shared with the graph
     * @param pooling how {@link #POOLED} is computed
     * @return the encoder
     * @throws IllegalArgumentException if the pooling is {@link Pooling#POOLER} and the weights have no pooler
     */
    public static EncoderGraph create(EncoderWeights weights, Pooling pooling) {
        return create(weights, pooling, false);
    }

    /**
     * Builds the graph of an encoder.
     *
     * @param weights the weights, shared with the graph
     * @param pooling how {@link #POOLED} is computed
     * @param tokenTypes whether the graph has the placeholder {@link #TOKEN_TYPE_IDS}, for pairs of texts
     * @return the encoder
     * @throws IllegalArgumentException if the pooling is {@link Pooling#POOLER} and the weights have no pooler
     */
    public static EncoderGraph create(EncoderWeights weights, Pooling pooling, boolean tokenTypes) {
        SameDiff sd = SharedArrays.newGraph();
        EncoderGraph encoder = append(sd, weights, "", tokenTypes);
        PoolingGraph.append(sd, weights, pooling);
        return encoder;
    }

    /** Appends an encoder up to {@link #LAST_HIDDEN_STATE}; the prefix goes before the path of every module. */
    static EncoderGraph append(SameDiff sd, EncoderWeights weights, String prefix, boolean tokenTypes) {
        EncoderGraphMath math =
                EncoderGraphMath.ofTokens(sd, weights.shape(), weights::tensor, weights.dataType(), prefix, tokenTypes);
        Encoder<SDVariable> encoder = new Encoder<>(weights.shape(), math);
        math.perSequence(LAST_HIDDEN_STATE, encoder.hidden());
        List<String> states = encoder.states().stream().map(SDVariable::name).toList();
        boolean types = tokenTypes && weights.config().typeVocabulary() > 0;
        return new EncoderGraph(sd, weights.config(), types, states);
    }

    /** The graph of a class with a head: {@link EncoderClassifier#LOGITS} besides what an encoder has. */
    static EncoderGraph withHead(EncoderWeights weights, String prefix, HeadGraph head, boolean tokenTypes) {
        SameDiff sd = SharedArrays.newGraph();
        EncoderGraph encoder = append(sd, weights, prefix, tokenTypes);
        head.append(sd, weights, prefix, EncoderClassifier.LOGITS);
        return encoder;
    }

    /** Names of what goes into each layer, {@code [batch * length, hidden]}. */
    List<String> states() {
        return states;
    }

    /**
     * The graph.
     *
     * @return the live graph
     */
    public SameDiff graph() {
        return graph;
    }

    /**
     * The shape of the encoder.
     *
     * @return the configuration
     */
    public EncoderConfig config() {
        return config;
    }

    /**
     * Checks a batch before it goes through the graph, because ND4J reads beyond a table when an id is too large.
     *
     * @param placeholders the arrays by placeholder; entries that are not of the encoder are ignored
     * @throws IllegalArgumentException if an array is missing, has another shape, holds an id outside its table or a
     *     mask value other than 0 and 1; the message lists every problem
     */
    public void requireValid(Map<String, INDArray> placeholders) {
        EncoderInputs.requireValid(placeholders, config, tokenTypes);
    }

    @Override
    public String toString() {
        return "EncoderGraph[" + config + "]";
    }
}
