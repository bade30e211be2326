/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.interpret.GraphFunction;
import org.lora4j.internal.interpret.GraphFunction.Scale;
import org.lora4j.internal.interpret.Line;
import org.lora4j.internal.interpret.MarginLine;
import org.lora4j.internal.interpret.PathIntegral;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.TextClassifier;
import org.lora4j.tokenizer.Tokenizer;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Explains what a model says of a text by its tokens, made by {@link IntegratedGradients}: the input is what the model looks up
 * for the tokens, the baseline what it looks up for {@code [PAD]} or {@code [MASK]} in the place of each, special tokens and
 * the encoder's prefix kept. What a token adds is the sum over the numbers of its row.
 *
 * <p><b>State.</b> Immutable; explains the model in the state that it had when this was made. The model is never changed.
 * <b>Threads.</b> One call at a time.
 *
 * @apiNote Status: experimental
 */
public final class TextExplainer {

    /** From here on a probability hardly has a gradient, and explains nothing. */
    private static final double SATURATED = 0.99;

    private static final String WORDS = "embeddings.word_embeddings/output";

    private final Subject subject;
    private final Replacement replacement;
    private final IntegrationSettings settings;

    /** The model, and how texts become its input. */
    private record Subject(
            SameDiff graph,
            String rows,
            GraphFunction function,
            GraphFunction logits,
            Scale scale,
            SameDiffExecutor lookup,
            Function<String, TokenizedText> tokens,
            TextTokenizer tokenizer,
            int prefix,
            String outputWord,
            List<String> names) {}

    /** The token of the baseline. */
    private record Replacement(int id, String name) {}

    private TextExplainer(Subject subject, Replacement replacement, IntegrationSettings settings) {
        this.subject = subject;
        this.replacement = replacement;
        this.settings = settings;
    }

    static TextExplainer of(TextClassifier classifier) {
        Scale scale = classifier.severalLabels() ? Scale.SIGMOID : Scale.SOFTMAX;
        return of(
                classifier.graph(),
                classifier.encoder().tokenizer(),
                EncoderClassifier.LOGITS,
                classifier.labels(),
                scale,
                classifier::tokens,
                classifier.encoder().prefixes().text().length(),
                "score of ");
    }

    static TextExplainer of(SameDiff graph, TextTokenizer tokenizer, String output, List<String> names, Scale scale) {
        return of(graph, tokenizer, output, names, scale, tokenizer::tokenize, 0, output + " of ");
    }

    private static TextExplainer of(
            SameDiff graph,
            TextTokenizer tokenizer,
            String output,
            List<String> names,
            Scale scale,
            Function<String, TokenizedText> tokens,
            int prefix,
            String word) {
        String rows = rows(graph);
        GraphFunction function = new GraphFunction(graph, rows, output, scale);
        GraphFunction logits = scale == Scale.AS_IS ? function : new GraphFunction(graph, rows, output, Scale.AS_IS);
        SameDiffExecutor lookup = SameDiffExecutor.forInference(graph);
        Subject subject = new Subject(
                graph, rows, function, logits, scale, lookup, tokens, tokenizer, prefix, word, List.copyOf(names));
        TextExplainer explainer = new TextExplainer(subject, null, IntegrationSettings.DEFAULT);
        return tokenizer instanceof HuggingFaceTextTokenizer && explainer.knows(TokenBaseline.PADDING)
                ? explainer.baseline(TokenBaseline.PADDING)
                : explainer;
    }

    /** The variable that holds the rows looked up by token ids; an adapter's own lookups have other names. */
    static String rows(SameDiff graph) {
        Problems problems = new Problems();
        for (String name : List.of(EncoderGraph.INPUT_IDS, EncoderGraph.ATTENTION_MASK)) {
            problems.check(
                    graph.hasVariable(name) && graph.getVariable(name).isPlaceHolder(),
                    "the graph has no placeholder \"" + name + "\"");
        }
        List<String> named = graph.getVariables().keySet().stream()
                .filter(name -> name.equals(WORDS) || name.endsWith("." + WORDS))
                .toList();
        List<String> found = !named.isEmpty()
                ? named
                : graph.getOps().values().stream()
                        .filter(op -> op.getOp().opName().equals("gather")
                                && op.getInputsToOp().size() > 1
                                && op.getInputsToOp().get(1).equals(EncoderGraph.INPUT_IDS))
                        .map(SameDiffOp::getOutputsOfOp)
                        .map(outputs -> outputs.get(0))
                        .toList();
        problems.check(
                found.size() == 1,
                "the rows that it looks up for token ids are " + Problems.quoted(found) + ", expected one variable");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("IntegratedGradients")
                    + "; expected a graph like those of EncoderGraph. Explain another one by the variable of the rows:"
                    + " IntegratedGradients.of(graph, variable, output).");
        }
        return found.get(0);
    }

    /**
     * Replaces tokens by another one.
     *
     * @param token which; its id is taken from the tokenizer's file
     * @return a new explainer
     * @throws IllegalArgumentException if the tokenizer has no such token, or was not read from a file: give its id
     */
    public TextExplainer baseline(TokenBaseline token) {
        Objects.requireNonNull(token, "IntegratedGradients: baseline is null; expected PADDING or MASK");
        Tokenizer table = table();
        for (String spelling : token.spellings()) {
            if (table != null && table.id(spelling).isPresent()) {
                return new TextExplainer(
                        subject, new Replacement(table.id(spelling).getAsInt(), spelling), settings);
            }
        }
        throw new IllegalArgumentException("IntegratedGradients: baseline " + token + ": the tokenizer "
                + (table == null ? "was not read from a file" : "has none of " + Problems.quoted(token.spellings()))
                + "; expected a token to put in the place of others. Give its id: baseline(id).");
    }

    private boolean knows(TokenBaseline token) {
        Tokenizer table = table();
        return table != null
                && token.spellings().stream()
                        .anyMatch(spelling -> table.id(spelling).isPresent());
    }

    private Tokenizer table() {
        return subject.tokenizer() instanceof HuggingFaceTextTokenizer file ? file.vocabulary() : null;
    }

    /**
     * Replaces tokens by another one.
     *
     * @param tokenId its id, 0 or more
     * @return a new explainer
     * @throws IllegalArgumentException if it is below 0
     */
    public TextExplainer baseline(int tokenId) {
        if (tokenId < 0) {
            throw new IllegalArgumentException(
                    "IntegratedGradients: baseline = " + tokenId + "; expected the id of a token, 0 or more.");
        }
        return new TextExplainer(subject, new Replacement(tokenId, "token " + tokenId), settings);
    }

    /**
     * Sets how far the attributions together may be from the change of the output; {@code 1e-3} by default.
     *
     * @param difference finite, above 0
     * @return a new explainer
     * @throws IllegalArgumentException if it is not
     */
    public TextExplainer tolerance(double difference) {
        return new TextExplainer(subject, replacement, settings.withTolerance(difference));
    }

    /**
     * Sets how many gradients an explanation may take before it is given up; 4096 by default, of which most take 20 to 100.
     *
     * @param count 20 or more
     * @return a new explainer
     * @throws IllegalArgumentException if it is less
     */
    public TextExplainer mostGradients(int count) {
        return new TextExplainer(subject, replacement, settings.withMost(count));
    }

    /**
     * Explains what the model gives the highest score.
     *
     * @param text the text
     * @return the attribution
     * @throws IllegalArgumentException as {@link #explain(String, String)}
     */
    public Attribution explain(String text) {
        return explainOutput(text, null);
    }

    /**
     * Explains the score of a label, whether the model gives it or not. A score above 0.99 or below 0.01 hardly changes whatever the
     * tokens say; explained is then by how much the label's logit is above the highest other one, or, where a text may have several
     * labels, the logit itself. {@link Attribution#output} says which.
     *
     * @param text the text
     * @param label the label
     * @return the attribution
     * @throws IllegalArgumentException if the text is empty, has no tokens but special ones or does not fit the encoder; if there
     *     is no such label; if the model gives a score for each token, not for the text; or if the attributions do not add up, so
     *     that it cannot be said
     */
    public Attribution explain(String text, String label) {
        return explainOutput(
                text, Objects.requireNonNull(label, "IntegratedGradients: label is null; expected a label"));
    }

    private Attribution explainOutput(String text, String label) {
        requireReady(text);
        TokenizedText tokens = subject.tokens().apply(text);
        boolean[] kept = kept(tokens);
        if (IntStream.range(0, kept.length).allMatch(i -> kept[i])) {
            throw new IllegalArgumentException("IntegratedGradients: " + MessageText.name(text)
                    + " has no tokens but special ones; expected words.");
        }
        int[] replaced = tokens.ids().clone();
        for (int i = 0; i < replaced.length; i++) {
            replaced[i] = kept[i] ? replaced[i] : replacement.id();
        }
        Map<String, INDArray> inputs = inputs(tokens, tokens.ids());
        INDArray rows = rows(inputs);
        INDArray baseline = rows(inputs(tokens, replaced));
        INDArray output = subject.function().output(rows, inputs);
        int element = element(output, label);
        Explained explained = explained(baseline, rows, inputs, output, element);
        PathIntegral integral =
                PathIntegral.along(explained.line(), explained.tolerance(settings.tolerance()), settings.most());
        double[] values = perToken(integral.attributions(), kept.length);
        return new Attribution(
                text,
                explained.name(),
                integral.end(),
                integral.start(),
                replacement.name(),
                spans(text, tokens, kept, values, false),
                spans(text, tokens, kept, values, true),
                integral.gradients());
    }

    /** What is explained: a line, and what it is called. */
    private record Explained(Line line, String name, double change) {

        /** That of a probability; of the change where a margin changes by more than 1. */
        double tolerance(double ofProbability) {
            return ofProbability * Math.max(1, change);
        }
    }

    /** A probability; where it is saturated and hardly has a gradient, the logits that it is made of. */
    private Explained explained(
            INDArray baseline, INDArray rows, Map<String, INDArray> inputs, INDArray output, int element) {
        double value = output.getDouble(element);
        boolean saturated = subject.scale() != Scale.AS_IS && (value > SATURATED || value < 1 - SATURATED);
        if (!saturated) {
            return new Explained(
                    subject.function().between(baseline, rows, inputs, element),
                    subject.outputWord() + name(element),
                    1);
        }
        INDArray ends = subject.logits().output(rows, inputs);
        INDArray starts = subject.logits().output(baseline, inputs);
        Line own = subject.logits().between(baseline, rows, inputs, element);
        if (subject.scale() == Scale.SIGMOID) {
            return new Explained(
                    own, "logit of " + name(element), Math.abs(ends.getDouble(element) - starts.getDouble(element)));
        }
        int rival = rival(ends, element);
        double change = Math.abs(
                ends.getDouble(element) - ends.getDouble(rival) - starts.getDouble(element) + starts.getDouble(rival));
        Line over = subject.logits().between(baseline, rows, inputs, rival);
        return new Explained(
                new MarginLine(own, over), "margin (logit) of " + name(element) + " over " + name(rival), change);
    }

    /** The strongest of the others. */
    private static int rival(INDArray logits, int element) {
        int rival = element == 0 ? 1 : 0;
        for (int i = 0; i < logits.length(); i++) {
            rival = i != element && logits.getDouble(i) > logits.getDouble(rival) ? i : rival;
        }
        return rival;
    }

    private String name(int element) {
        return subject.names().isEmpty()
                ? String.valueOf(element)
                : "\"" + subject.names().get(element) + "\"";
    }

    private void requireReady(String text) {
        Problems problems = new Problems();
        problems.check(
                text != null && !text.isBlank(),
                "the text is " + (text == null ? "null" : "empty") + ", expected words");
        problems.check(
                replacement != null,
                "no baseline, as the tokenizer does not tell the id of its padding, expected one: call baseline(id)");
        problems.throwIfAny("IntegratedGradients");
    }

    /** Special tokens, and those of a prefix, stay as they are. */
    private boolean[] kept(TokenizedText tokens) {
        boolean[] kept = new boolean[tokens.length()];
        for (int i = 0; i < kept.length; i++) {
            boolean placed = tokens.spans().length > 0;
            kept[i] = tokens.wordIds()[i] < 0
                    || placed
                            && (tokens.spans()[2 * i] < 0
                                    || tokens.spans()[2 * i + 1] <= subject.prefix() && subject.prefix() > 0);
        }
        return kept;
    }

    private Map<String, INDArray> inputs(TokenizedText tokens, int[] ids) {
        SameDiff graph = subject.graph();
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {ids}));
        inputs.put(
                EncoderGraph.ATTENTION_MASK,
                Nd4j.ones(graph.getVariable(EncoderGraph.ATTENTION_MASK).dataType(), 1, ids.length));
        if (graph.hasVariable(EncoderGraph.TOKEN_TYPE_IDS)) {
            inputs.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(new int[][] {tokens.typeIds()}));
        }
        return inputs;
    }

    private INDArray rows(Map<String, INDArray> inputs) {
        return subject.lookup().output(inputs, List.of(subject.rows())).get(subject.rows());
    }

    private int element(INDArray output, String label) {
        if (output.rank() != 2 || output.size(0) != 1) {
            throw new IllegalArgumentException("IntegratedGradients: the output is of shape "
                    + Arrays.toString(output.shape()) + " for one text; expected [1, n], a row of numbers."
                    + " Explain a number of another output by the rows: IntegratedGradients.of(graph, \""
                    + subject.rows()
                    + "\", output).");
        }
        if (label == null) {
            return output.argMax(1).getInt(0);
        }
        int index = subject.names().indexOf(label);
        if (index < 0) {
            throw new IllegalArgumentException("IntegratedGradients: label " + MessageText.name(label)
                    + " is none of the model's, expected one of " + Problems.quoted(subject.names())
                    + ClosestNames.hint(label, subject.names()) + ".");
        }
        return index;
    }

    private static double[] perToken(double[] all, int tokens) {
        int width = all.length / tokens;
        double[] sums = new double[tokens];
        for (int i = 0; i < all.length; i++) {
            sums[i / width] += all[i];
        }
        return sums;
    }

    /** The pieces of the text, token by token or those of a word together. */
    private List<Attribution.Span> spans(
            String text, TokenizedText tokens, boolean[] kept, double[] values, boolean joined) {
        List<Attribution.Span> spans = new ArrayList<>();
        boolean placed = tokens.spans().length > 0;
        int lastWord = -1;
        for (int i = 0; i < kept.length; i++) {
            if (kept[i]) {
                continue;
            }
            int from = placed ? Math.max(0, tokens.spans()[2 * i] - subject.prefix()) : -1;
            int to = placed ? tokens.spans()[2 * i + 1] - subject.prefix() : -1;
            String own = placed ? text.substring(from, to) : "token " + tokens.ids()[i];
            boolean goesOn = joined && placed && !spans.isEmpty() && tokens.wordIds()[i] == lastWord;
            if (goesOn) {
                Attribution.Span before = spans.remove(spans.size() - 1);
                int end = Math.max(before.to(), to);
                spans.add(new Attribution.Span(
                        text.substring(before.from(), end), before.from(), end, before.value() + values[i]));
            } else {
                spans.add(new Attribution.Span(own, from, to, values[i]));
            }
            lastWord = tokens.wordIds()[i];
        }
        return spans;
    }

    @Override
    public String toString() {
        return "TextExplainer[" + subject.names().size() + " labels, baseline "
                + (replacement == null ? "none" : replacement.name()) + "]";
    }
}
