/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.InputGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.interpret.GraphFunction;
import org.lora4j.internal.interpret.GraphFunction.Scale;
import org.lora4j.internal.interpret.NetworkFunction;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.TextClassifier;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Integrated gradients: which tokens or features a prediction rests on.
 *
 * <pre>{@code
 * Attribution why = IntegratedGradients.of(classifier).explain("where is my card?");
 * FeatureAttribution features = IntegratedGradients.of(network).explain(row);
 * }</pre>
 *
 * <p>The gradient of the output with respect to the input is added up on the straight way from a baseline, an input that says
 * nothing, to the input. What comes out adds up to the change of the output within a tolerance ({@code 1e-3}): it is refined
 * until it does, and where it does not the answer is an error, not a number. It tells what the model reacts to, not what is so.
 *
 * <p><b>Source.</b> Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365. <b>Cost.</b>
 * 20 gradients of one example where the model is smooth on the way, more where it bends; memory of 16 examples at a time.
 * Nothing changes the model.
 *
 * @apiNote Status: experimental
 */
public final class IntegratedGradients {

    private IntegratedGradients() {}

    /**
     * Explains the scores of a classifier of texts by their tokens.
     *
     * @param classifier a classifier that has learned
     * @return an explainer, whose baseline is {@link TokenBaseline#PADDING}
     * @throws IllegalStateException if it has learned nothing yet or is closed
     */
    public static TextExplainer of(TextClassifier classifier) {
        Objects.requireNonNull(classifier, "IntegratedGradients: classifier is null; expected a TextClassifier");
        return TextExplainer.of(classifier);
    }

    /**
     * Explains an output of a BERT-like graph by the tokens of a text: a graph with the placeholders of {@link
     * org.lora4j.pretrained.EncoderGraph}.
     *
     * @param graph the graph, for instance {@code model.graph()} of an adapted one
     * @param tokenizer the tokenizer that belongs to it
     * @param output name of the output, a row of numbers for each text, such as {@code logits} or {@code probabilities}
     * @param names what the numbers of the output are called, in their order; empty for their indices
     * @return an explainer, whose baseline is {@link TokenBaseline#PADDING}
     * @throws IllegalArgumentException if the graph looks up no rows by token ids, or has no such output
     */
    public static TextExplainer of(SameDiff graph, TextTokenizer tokenizer, String output, List<String> names) {
        Objects.requireNonNull(graph, "IntegratedGradients: graph is null; expected a BERT-like graph");
        Objects.requireNonNull(tokenizer, "IntegratedGradients: tokenizer is null; expected the graph's own");
        return TextExplainer.of(graph, tokenizer, output, names, Scale.AS_IS);
    }

    /**
     * Explains an output of a BERT-like graph by the rows that it looks up for token ids, for callers who have ids and no
     * tokenizer: {@code explain(inputs, baselineInputs)} compares the ids of one with those of the other, and {@link
     * FeatureAttribution#overLastAxis} tells what each token adds.
     *
     * @param graph the graph, for instance {@code model.graph()} of an adapted one
     * @param output name of the output
     * @return an explainer, whose baseline is rows of zeros
     * @throws IllegalArgumentException if the graph looks up no rows by token ids, or has no such output
     */
    public static FeatureExplainer ofTokenRows(SameDiff graph, String output) {
        Objects.requireNonNull(graph, "IntegratedGradients: graph is null; expected a BERT-like graph");
        return of(graph, TextExplainer.rows(graph), output);
    }

    /**
     * Explains an output of a graph by a placeholder of numbers, or by anything of floating point that the graph computes from
     * its placeholders, such as the rows that it looks up for ids.
     *
     * @param graph the graph, for instance {@code model.graph()} of an adapted one
     * @param input name of the placeholder or variable
     * @param output name of the output
     * @return an explainer, whose baseline is zeros
     * @throws IllegalArgumentException if one does not exist or is not of floating point, or the output does not depend on the
     *     input; the message lists every problem
     */
    public static FeatureExplainer of(SameDiff graph, String input, String output) {
        Objects.requireNonNull(graph, "IntegratedGradients: graph is null; expected a SameDiff graph");
        GraphFunction function = new GraphFunction(graph, input, output, Scale.AS_IS);
        return new FeatureExplainer(
                function,
                input,
                output,
                graph.getVariable(input).isPlaceHolder() ? null : SameDiffExecutor.forInference(graph),
                null,
                IntegrationSettings.DEFAULT);
    }

    /**
     * Explains an output of an adapted graph, in the state that it has now.
     *
     * @param model the model
     * @param input name of the placeholder or variable
     * @param output name of the output
     * @return an explainer, whose baseline is zeros
     * @throws IllegalArgumentException as {@link #of(SameDiff, String, String)}
     */
    public static FeatureExplainer of(AdaptedSameDiff model, String input, String output) {
        Objects.requireNonNull(model, "IntegratedGradients: model is null; expected an AdaptedSameDiff");
        return of(model.graph(), input, output);
    }

    /**
     * Explains what a network gives, after the activation of its output layer.
     *
     * @param network an initialized network of stock layers with an output layer at its end; copied, so that what it learns later
     *     is not seen
     * @return an explainer of its input {@code "input"}, whose baseline is zeros
     * @throws IllegalArgumentException if a layer of it has no gradient with respect to its input; the message lists them
     */
    public static FeatureExplainer of(MultiLayerNetwork network) {
        return of(InputGradients.of(network));
    }

    /**
     * Explains what a graph of layers gives, by its first input; the others are held as they are.
     *
     * @param network an initialized graph of stock layers with one output, an output layer; copied, so that what it learns later
     *     is not seen
     * @return an explainer, whose baseline is zeros
     * @throws IllegalArgumentException if a layer of it has no gradient with respect to its input; the message lists them
     */
    public static FeatureExplainer of(ComputationGraph network) {
        return of(InputGradients.of(network));
    }

    /**
     * Explains what an adapted network gives, in the state that it has now, with the adapters' updates added to a copy of its
     * weights.
     *
     * @param model the model
     * @return an explainer, whose baseline is zeros
     * @throws IllegalArgumentException as for the network without adapters
     */
    public static FeatureExplainer of(AdaptedNetwork<? extends Model> model) {
        return of(InputGradients.of(model));
    }

    private static FeatureExplainer of(InputGradients network) {
        return new FeatureExplainer(
                new NetworkFunction(network),
                network.input(),
                network.outputName(),
                null,
                null,
                IntegrationSettings.DEFAULT);
    }
}
