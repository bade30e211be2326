/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.SharedArrays;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder with a linear head that tells the class of a text, as a SameDiff graph.
 *
 * <p>Everything of {@link EncoderGraph}, and:
 * <ul>
 *   <li>the module {@link #HEAD}: {@code classifier.weight} {@code [hidden, classes]}, {@code classifier.bias} {@code
 *       [classes]}. A fresh head consists of variables, which learn; one that was read from a file of constants, as
 *       everything from a file. The classifiers of {@link PretrainedEncoder} have the head of their Python class: in RoBERTa
 *       {@code classifier.dense}, tanh and {@code classifier.out_proj}
 *   <li>the placeholder {@link EncoderGraph#TOKEN_TYPE_IDS}, only if asked for
 *   <li>the placeholder {@link #LABELS}, one-hot, of the weights' data type, {@code [batch, classes]}; needed for the
 *       loss only
 *   <li>{@link #LOGITS} and {@link #PROBABILITIES}, {@code [batch, classes]}
 *   <li>{@link #LOSS}, the graph's loss variable: the mean over the batch of {@code -log(probability of the label)}
 * </ul>
 *
 * <p><i>State.</i> The graph shares the arrays of the encoder's weights; the head's are its own. <i>Threads.</i> As
 * SameDiff.
 *
 * @apiNote Status: stable
 */
public final class EncoderClassifier {

    /** Path of the head. */
    public static final String HEAD = "classifier";
    /** Placeholder of the one-hot labels. */
    public static final String LABELS = "labels";
    /** Output with a score for every class. */
    public static final String LOGITS = "logits";
    /** Output with a probability for every class. */
    public static final String PROBABILITIES = "probabilities";
    /** The loss variable. */
    public static final String LOSS = "loss";

    private final SameDiff graph;
    private final EncoderConfig config;
    private final int classes;
    private final boolean tokenTypes;

    private EncoderClassifier(SameDiff graph, EncoderConfig config, int classes, boolean tokenTypes) {
        this.graph = graph;
        this.config = config;
        this.classes = classes;
        this.tokenTypes = tokenTypes;
    }

    /**
     * Builds the graph of a classifier. The head starts as PyTorch's {@code Linear} does: weight and bias uniform
     * between {@code -1/sqrt(hidden)} and {@code 1/sqrt(hidden)}.
     *
     * @param weights the weights of the encoder, shared with the graph
     * @param pooling how the hidden states of a sequence become the input of the head
     * @param classes number of classes, 2 or more
     * @param seed source of the head's start values: equal seeds give equal heads on every machine
     * @return the classifier
     * @throws IllegalArgumentException if {@code classes} is below 2, or the pooling is {@link Pooling#POOLER} and the
     *     weights have no pooler
     */
    public static EncoderClassifier create(EncoderWeights weights, Pooling pooling, int classes, long seed) {
        requireClasses(classes);
        SameDiff sd = SharedArrays.newGraph();
        EncoderGraph.append(sd, weights, "", false);
        SDVariable pooled = PoolingGraph.append(sd, weights, pooling);
        Pooling.Step head =
                HeadGraph.linear(HEAD, pooling.dimension(weights.config().hidden()), classes, weights.dataType(), seed);
        new PoolingGraph(sd, weights.dataType()).steps(pooled, List.of(head), LOGITS);
        return withLoss(sd, weights, classes, false);
    }

    /** Builds the graph of a Python class; the prefix goes before the path of every module but the head's. */
    static EncoderClassifier build(EncoderWeights weights, String prefix, HeadGraph head, boolean tokenTypes) {
        SameDiff sd = EncoderGraph.withHead(weights, prefix, head, tokenTypes).graph();
        return withLoss(sd, weights, head.outputs(), tokenTypes);
    }

    private static EncoderClassifier withLoss(SameDiff sd, EncoderWeights weights, int classes, boolean tokenTypes) {
        addLoss(sd, sd.getVariable(LOGITS), weights.dataType(), classes);
        boolean types = tokenTypes && weights.config().typeVocabulary() > 0;
        return new EncoderClassifier(sd, weights.config(), classes, types);
    }

    static void requireClasses(int classes) {
        if (classes < 2) {
            throw new IllegalArgumentException("EncoderClassifier: classes = " + classes + "; expected 2 or more.");
        }
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
     * The number of classes.
     *
     * @return 2 or more
     */
    public int classes() {
        return classes;
    }

    /**
     * Checks a batch before it goes through the graph, as {@link EncoderGraph#requireValid} does.
     *
     * @param placeholders the arrays by placeholder; {@link #LABELS} may be missing
     * @throws IllegalArgumentException if an array is missing, has another shape, holds an id outside its table or a
     *     mask value other than 0 and 1; the message lists every problem
     */
    public void requireValid(Map<String, INDArray> placeholders) {
        EncoderInputs.requireValid(placeholders, config, tokenTypes);
        INDArray labels = placeholders.get(LABELS);
        long[] expected = {placeholders.get(EncoderGraph.INPUT_IDS).size(0), classes};
        Problems problems = new Problems();
        if (labels != null && !Arrays.equals(labels.shape(), expected)) {
            problems.add(LABELS + " has shape " + Arrays.toString(labels.shape()) + ", expected "
                    + Arrays.toString(expected) + ", one-hot");
        }
        problems.throwIfAny("placeholders");
    }

    private static void addLoss(SameDiff sd, SDVariable logits, DataType type, int classes) {
        sd.nn().softmax(PROBABILITIES, logits, -1);
        SDVariable labels = sd.placeHolder(LABELS, type, -1, classes);
        // Left out, it becomes a constant of this value with an automatic name.
        SDVariable weightOfEveryExample = sd.constant("loss/weight", Nd4j.scalar(type, 1.0));
        sd.loss().softmaxCrossEntropy(LOSS, labels, logits, weightOfEveryExample);
        sd.setLossVariables(LOSS);
    }

    @Override
    public String toString() {
        return "EncoderClassifier[" + classes + " classes, " + config + "]";
    }
}
