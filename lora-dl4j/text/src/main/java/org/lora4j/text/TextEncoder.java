/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.ExecutorPool;
import org.lora4j.internal.text.RowOutputs;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Progress;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

/**
 * An encoder of texts with all that belongs to it: weights, tokenizer, pooling, prefixes and the longest text.
 *
 * <pre>{@code
 * TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
 * TextEncoder own = TextEncoder.load(Path.of("models/bge-base"));
 * }</pre>
 *
 * <p>Nothing is asked that a file or a name tells; what they do not tell is the mean of the token vectors, divided by its
 * length, and no prefix.
 *
 * <p><b>State.</b> Immutable; the weights are shared by everything that is made of the encoder and never written to.
 * <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class TextEncoder implements AutoCloseable {

    /** Opens the tokenizer for another length. */
    interface TokenizerSource {

        TextTokenizer open(int maxLength) throws IOException;
    }

    /**
     * What belongs to an encoder besides its weights and its tokenizer.
     *
     * @param prompts what may be put before texts, by the name of the purpose
     * @param similarity by what its vectors are compared
     * @param head what the checkpoint has above the encoder; empty if it has nothing there
     * @param isPoolingGuessed whether nothing said how a text becomes one vector
     */
    record Traits(
            Pooling pooling,
            Prefixes prefixes,
            Map<String, String> prompts,
            VectorSimilarity similarity,
            Optional<PretrainedHead> head,
            boolean isPoolingGuessed) {

        /** Those of an encoder without a checkpoint. */
        static Traits of(Pooling pooling, Prefixes prefixes) {
            return new Traits(pooling, prefixes, Map.of(), VectorSimilarity.COSINE, Optional.empty(), false);
        }

        Traits with(Pooling other) {
            return new Traits(other, prefixes, prompts, similarity, head, false);
        }

        Traits with(Prefixes other) {
            return new Traits(pooling, other, prompts, similarity, head, isPoolingGuessed);
        }
    }

    private final String name;
    private final EncoderWeights weights;
    private final Traits traits;
    private final TokenizerSource source;
    private final TextTokenizer tokenizer;
    private final Map<String, Integer> lengths = new ConcurrentHashMap<>();
    private TrustPolicy trust = TrustPolicy.usual();
    private String tokenizerHash;
    private ExecutorPool executors;
    private RowOutputs frozen;

    TextEncoder(String name, EncoderWeights weights, Traits traits, TokenizerSource source, TextTokenizer tokenizer) {
        this.name = name;
        this.weights = weights;
        this.traits = traits;
        this.source = source;
        this.tokenizer = tokenizer;
    }

    /**
     * Reads an encoder from files.
     *
     * <p>A directory is one of Hugging Face Transformers or sentence-transformers, of a BERT-like model: {@code config.json},
     * the weights, {@code tokenizer.json}, and where there are {@code modules.json} and the configs that it names, from which
     * pooling, normalization, prefixes and longest text are taken. Of an ONNX file the number of heads is taken from its graph,
     * and its {@code tokenizer.json} (or {@code NAME-tokenizer.json}) and the other files from beside it or, as in the
     * repositories of Hugging Face, from the directory above.
     *
     * @param directoryOrOnnx a directory or an ONNX file
     * @return the encoder
     * @throws org.lora4j.error.ModelFormatException if a file is damaged or of another model, an option is not supported, or
     *     the tokenizer does not belong to the weights; the message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static TextEncoder load(Path directoryOrOnnx) throws IOException {
        Arguments.required(
                directoryOrOnnx, "TextEncoder.load: directoryOrOnnx", "a directory of a model, or an ONNX file");
        return EncoderFiles.load(
                Objects.requireNonNull(directoryOrOnnx, "TextEncoder.load: path is null; expected a model"));
    }

    /**
     * Reads an encoder that is published as an artifact of Maven, from the class path.
     *
     * @param name {@code all-minilm-l6-v2}, {@code bge-small-en-v1.5} or {@code e5-small-v2}
     * @return the encoder
     * @throws IllegalArgumentException if there is no such name; the message lists those that there are
     * @throws IllegalStateException if the artifact is not on the class path; the message has the dependency to add
     * @throws IOException if the artifact cannot be read
     */
    public static TextEncoder named(String name) throws IOException {
        Arguments.required(name, "TextEncoder.named: name", "the name of an encoder");
        return EncoderFiles.named(Objects.requireNonNull(name, "TextEncoder.named: name is null; expected a name"));
    }

    /**
     * An encoder of parts that the caller has, without prefixes.
     *
     * @param weights the weights
     * @param tokenizer the tokenizer that belongs to them; it stays the caller's and is not closed
     * @param pooling how a text becomes one vector
     * @return the encoder
     * @throws IllegalArgumentException if the tokenizer makes more tokens of a text than the weights have positions, or the
     *     pooling needs a pooler that the weights do not have
     */
    public static TextEncoder of(EncoderWeights weights, TextTokenizer tokenizer, Pooling pooling) {
        Arguments.required(weights, "TextEncoder.of: weights", "weights of an encoder");
        Arguments.required(tokenizer, "TextEncoder.of: tokenizer", "its tokenizer");
        Arguments.required(pooling, "TextEncoder.of: pooling", "a Pooling");
        Problems problems = new Problems();
        int longest = weights.config().longestSequence();
        problems.check(
                tokenizer.maxLength() <= longest,
                "the tokenizer makes up to " + tokenizer.maxLength() + " tokens of a text, expected at most " + longest
                        + ", the positions of the model");
        problems.check(
                !pooling.modes().contains(Pooling.Mode.POOLER) || weights.hasPooler(),
                "pooling = " + pooling + ", but the weights have no pooler, expected another one");
        problems.throwIfAny("TextEncoder");
        TokenizerSource fixed = length -> {
            throw new IllegalStateException("TextEncoder.withMaxLength: the tokenizer was given as it is, for "
                    + tokenizer.maxLength() + " tokens; expected one of a file. Give TextEncoder.of another one.");
        };
        pooling.dimension(weights.config().hidden());
        return new TextEncoder("", weights, Traits.of(pooling, Prefixes.NONE), fixed, tokenizer);
    }

    /**
     * The same encoder for shorter or longer texts.
     *
     * @param tokens maximum number of tokens of a text, special ones included; longer texts are cut
     * @return a new encoder over the same weights, to be closed by itself
     * @throws IllegalArgumentException if there are too few or more than the model has positions
     * @throws IllegalStateException if the tokenizer was given to {@link #of}
     * @throws IOException if the tokenizer cannot be read again
     */
    public TextEncoder withMaxLength(int tokens) throws IOException {
        EncoderFiles.requireLength(tokens, weights.config());
        return new TextEncoder(name, weights, traits, source, source.open(tokens));
    }

    /**
     * The same encoder with other prefixes.
     *
     * @param other the prefixes
     * @return a new encoder over the same weights, to be closed by itself
     * @throws IOException if the tokenizer cannot be read again
     */
    public TextEncoder withPrefixes(Prefixes other) throws IOException {
        Arguments.required(other, "TextEncoder.withPrefixes: other", "prefixes, Prefixes.NONE for none");
        return new TextEncoder(name, weights, traits.with(other), source, ownTokenizer());
    }

    /**
     * The same encoder with another pooling.
     *
     * @param other the pooling
     * @return a new encoder over the same weights, to be closed by itself
     * @throws IllegalArgumentException if it needs a pooler that the weights do not have
     * @throws IOException if the tokenizer cannot be read again
     */
    public TextEncoder withPooling(Pooling other) throws IOException {
        Arguments.required(other, "TextEncoder.withPooling: other", "a Pooling");
        of(weights, tokenizer, other);
        return new TextEncoder(name, weights, traits.with(other), source, ownTokenizer());
    }

    /**
     * The same encoder, of whose vectors only the first numbers are kept; those of length one are divided by their length again. For
     * encoders that were trained so that the first numbers say the most ({@link SentenceEncoder.Builder#matryoshka}).
     *
     * @param dimensions how many, 1 or more
     * @return a new encoder over the same weights, to be closed by itself
     * @throws IllegalArgumentException if there are less than 1, or more than a vector has
     * @throws IOException if the tokenizer cannot be read again
     */
    public TextEncoder truncate(int dimensions) throws IOException {
        return withPooling(pooling().truncated(dimensions));
    }

    /**
     * The same encoder with one of its own prompts before every text.
     *
     * @param prompt the name of one of {@link #prompts}
     * @return a new encoder over the same weights, to be closed by itself
     * @throws IllegalArgumentException if it has no such prompt; the message lists those that it has
     * @throws IOException if the tokenizer cannot be read again
     */
    public TextEncoder withPrompt(String prompt) throws IOException {
        Arguments.required(prompt, "TextEncoder.withPrompt: prompt", "the name of a prompt");
        String text = traits.prompts().get(prompt);
        if (text == null) {
            throw new IllegalArgumentException("TextEncoder.withPrompt: no prompt is called " + MessageText.name(prompt)
                    + "; expected one of " + Problems.quoted(traits.prompts().keySet())
                    + ClosestNames.hint(prompt, traits.prompts().keySet()) + ".");
        }
        return withPrefixes(new Prefixes(text, text, text));
    }

    /** A tokenizer of a caller is the caller's in every encoder. */
    private TextTokenizer ownTokenizer() throws IOException {
        return ownsTokenizer() ? source.open(tokenizer.maxLength()) : tokenizer;
    }

    private boolean ownsTokenizer() {
        return !name.isEmpty();
    }

    /**
     * The same encoder with another policy: what is asked of directories of tasks that are loaded for it. To be called last, as the
     * other {@code with...} methods begin with the usual policy.
     *
     * @param policy the policy
     * @return an encoder that shares the weights and, if it is a caller's, the tokenizer
     * @throws IOException if the tokenizer cannot be opened again
     */
    public TextEncoder withTrust(TrustPolicy policy) throws IOException {
        Arguments.required(policy, "TextEncoder.withTrust: policy", "one, such as TrustPolicy.usual().strict()");
        TextEncoder trusting = new TextEncoder(name, weights, traits, source, ownTokenizer());
        trusting.trust = policy;
        return trusting;
    }

    /** What is asked of directories of tasks. */
    TrustPolicy trust() {
        return trust;
    }

    /** A hash of all weights, by which another encoder of the same shape is told; of an array that has not changed it is known. */
    String hash() {
        return BaseHashes.together(BaseHashes.of(weights.tensors()).byPath());
    }

    /** The hashes of this encoder and its tokenizer, for a receipt; computed once. */
    synchronized Map<String, String> hashes() {
        if (tokenizerHash == null) {
            tokenizerHash = TokenizerHash.of(tokenizer);
        }
        Map<String, String> hashes = new LinkedHashMap<>();
        hashes.put(Receipt.BASE, hash());
        hashes.put(Receipt.TOKENIZER, tokenizerHash);
        return hashes;
    }

    /**
     * What the encoder is called: its name, or the path of its files.
     *
     * @return the name; empty for one of {@link #of}
     */
    public String name() {
        return name;
    }

    /**
     * The weights, which everything made of this encoder shares.
     *
     * @return the live weights
     */
    public EncoderWeights weights() {
        return weights;
    }

    /**
     * The tokenizer.
     *
     * @return the tokenizer, closed with this encoder unless it was given to {@link #of}
     */
    public TextTokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * How a text becomes one vector.
     *
     * @return the pooling
     */
    public Pooling pooling() {
        return traits.pooling();
    }

    /** Whether the pooling was chosen because nothing said which. */
    boolean isPoolingGuessed() {
        return traits.isPoolingGuessed();
    }

    /** What the checkpoint has above the encoder. */
    Optional<PretrainedHead> head() {
        return traits.head();
    }

    /** The pooling of a name, with the weights of this encoder's own poolings. */
    Pooling poolingNamed(String pooling) {
        Pooling all = head().map(PretrainedHead::pooling).orElse(Pooling.MEAN);
        return pooling().then(all.steps()).named(pooling);
    }

    /**
     * By what vectors of this encoder are compared.
     *
     * @return what its files say; the cosine if they do not
     */
    public VectorSimilarity similarity() {
        return traits.similarity();
    }

    /**
     * What may be put before texts, as the files of sentence-transformers have it; {@link #withPrompt} chooses one.
     *
     * @return texts by the name of their purpose; perhaps empty
     */
    public Map<String, String> prompts() {
        return traits.prompts();
    }

    /**
     * What is put before texts.
     *
     * @return the prefixes
     */
    public Prefixes prefixes() {
        return traits.prefixes();
    }

    /**
     * A text as tokens, {@link Prefixes#text} before it, for tasks of one text.
     *
     * @param text the text
     * @return its tokens, which know how many of them are the prefix's where the pooling leaves these out
     */
    public TokenizedText tokens(String text) {
        return tokens(prefixes().text(), Arguments.required(text, "TextEncoder.tokens: text", "a text"));
    }

    /**
     * A text as tokens with something else before it, such as one of {@link #prefixes} or {@link #prompts}.
     *
     * @param prefix what stands before the text; perhaps empty
     * @param text the text
     * @return its tokens, which know how many of them are the prefix's where the pooling leaves these out
     */
    public TokenizedText tokens(String prefix, String text) {
        Arguments.required(prefix, "TextEncoder.tokens: prefix", "a text, perhaps empty");
        Arguments.required(text, "TextEncoder.tokens: text", "a text");
        TokenizedText tokens = tokenizer.tokenize(prefix + text);
        if (pooling().includesPrompt() || prefix.isEmpty()) {
            return tokens;
        }
        return tokens.withPrompt(Math.min(tokens.length(), lengths.computeIfAbsent(prefix, this::lengthOfPrompt)));
    }

    /** As sentence-transformers counts: all tokens of the prompt but a special one at its end. */
    private int lengthOfPrompt(String prompt) {
        TokenizedText alone = tokenizer.tokenize(prompt);
        int length = alone.length();
        return alone.wordIds()[length - 1] < 0 ? length - 1 : length;
    }

    /**
     * The most tokens of a text.
     *
     * @return 3 or more
     */
    public int maxLength() {
        return tokenizer.maxLength();
    }

    /**
     * The length of a vector.
     *
     * @return 1 or more
     */
    public int dimension() {
        return pooling().dimension(weights.config().hidden());
    }

    /**
     * The vectors of texts by the encoder as it was read, {@link Prefixes#text} before each of them.
     *
     * @param texts the texts
     * @return for each text its vector
     * @throws IllegalArgumentException if a text is null or the tokenizer does not belong to the weights
     */
    public float[][] embed(List<String> texts) {
        return embed(texts, Progress.of("TextEncoder.embed"));
    }

    /**
     * The same, as part of longer work, or in silence.
     *
     * @param texts the texts
     * @param progress of the work that this is part of; {@code Progress.none()} for silence
     * @return as {@link #embed(List)}
     * @throws IllegalArgumentException as {@link #embed(List)}
     */
    public float[][] embed(List<String> texts, Progress progress) {
        Arguments.required(texts, "TextEncoder.embed: texts", "a list of texts");
        Arguments.required(progress, "TextEncoder.embed: progress", "a Progress, Progress.none() for silence");
        List<TokenizedText> tokens =
                texts.stream().map(text -> tokens(prefixes().text(), text)).toList();
        TokenRows.requireFit("TextEncoder", tokens, weights.config());
        return frozen().of(tokens, progress.stage("vectors", "texts", tokens.size()));
    }

    /**
     * The vector of a text.
     *
     * @param text the text
     * @return as {@link #embed(List)}
     */
    public float[] embed(String text) {
        Arguments.required(text, "TextEncoder.embed: text", "a text");
        return embed(List.of(text))[0];
    }

    private synchronized RowOutputs frozen() {
        if (frozen == null) {
            GraphExecutor executor = SameDiffExecutor.forInference(
                            EncoderGraph.create(weights, pooling()).graph())
                    .fastest();
            executors = new ExecutorPool(() -> executor);
            frozen = new RowOutputs(
                    executors, EncoderGraph.POOLED, new EncoderParts(name, weights, pooling(), false), false);
        }
        return frozen;
    }

    /** Frees the tokenizer and the memory of {@link #embed}; models made of this encoder can no longer read texts. */
    @Override
    public synchronized void close() {
        if (executors != null) {
            executors.close();
        }
        if (ownsTokenizer() && tokenizer instanceof HuggingFaceTextTokenizer ours) {
            ours.close();
        }
    }

    @Override
    public String toString() {
        return "TextEncoder[" + (name.isEmpty() ? "" : MessageText.value(name) + ", ")
                + weights.config().layers() + " layers of " + weights.config().hidden() + ", " + pooling()
                + ", at most " + maxLength()
                + " tokens]";
    }
}
