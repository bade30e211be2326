/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.encoder.EncoderConfigReader;
import org.lora4j.internal.encoder.EncoderDescription;
import org.lora4j.internal.encoder.EncoderFamily;
import org.lora4j.internal.encoder.HeadForm;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.lora4j.pretrained.CheckpointNames.Found;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An encoder as Hugging Face Transformers keeps it in a directory: {@code config.json}, {@code
 * model.safetensors} (or an index and its shards) and {@code tokenizer.json}.
 *
 * <p>The graphs name their modules as the Python classes do, so that an adapter trained in Python loads onto the graph of
 * the class that it was trained with:
 * <ul>
 *   <li>{@link #encoder} is {@code BertModel}, {@code RobertaModel}: {@code encoder.layer.0.attention.self.query}
 *   <li>{@link #classifier()} is {@code BertForSequenceClassification}, {@code RobertaForSequenceClassification}: {@code
 *       bert.encoder.layer.0...} or {@code roberta.encoder.layer.0...}, and the head {@code classifier}
 * </ul>
 *
 * <p>Read are {@code model_type} {@code bert}, {@code roberta}, {@code xlm-roberta}, {@code camembert}, {@code distilbert}, {@code
 * mpnet}, {@code electra}, {@code albert}, {@code deberta}, {@code deberta-v2} (the third version, too), {@code modernbert}, {@code
 * nomic_bert}, {@code new} (GTE), the encoder of {@code t5}, and {@code qwen3} as an encoder, with or without the prefix in the
 * file, whatever the model was trained for. Options of the config that would change the numbers and are
 * not supported are refused by name. Dropout is not applied.
 *
 * <p><i>State.</i> Immutable, except that the arrays are live: all graphs share them. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class PretrainedEncoder {

    private static final String TOKENIZER = "tokenizer.json";

    /** The {@code problem_type} of a classifier with softmax and cross entropy. */
    private static final String ONE_OF_SEVERAL = "single_label_classification";

    private final Path directory;
    private final EncoderWeights weights;
    private final Optional<HeadGraph> head;
    private final Optional<PretrainedHead> fineTuned;
    private final List<String> skipped;

    private PretrainedEncoder(
            Path directory,
            EncoderWeights weights,
            Optional<HeadGraph> head,
            Optional<PretrainedHead> fineTuned,
            List<String> skipped) {
        this.fineTuned = fineTuned;
        this.directory = directory;
        this.weights = weights;
        this.head = head;
        this.skipped = skipped;
    }

    /**
     * Reads a model.
     *
     * @param directory the directory
     * @return the model: DOUBLE if a tensor is F64, else FLOAT; F16 and BF16 are converted exactly
     * @throws ModelFormatException if a file is damaged or of another format, the model is of another type, an option is
     *     not supported, or tensors are missing, unexpected, of a wrong shape or type, or not finite; the message lists
     *     every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static PretrainedEncoder load(Path directory) throws IOException {
        return load(directory, List.of());
    }

    /**
     * Reads the shape of a model without its weights.
     *
     * @param directory the directory
     * @return the shape of the encoder
     * @throws ModelFormatException if a file is damaged or of another format, the model is of another type, or an option is not
     *     supported; the message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     */
    public static EncoderConfig config(Path directory) throws IOException {
        Arguments.required(directory, "PretrainedEncoder.config: directory", "a directory of a model");
        EncoderConfigReader.Fields fields = EncoderConfigReader.open(directory.resolve(EncoderConfigReader.FILE));
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            return new EncoderConfig(
                    fields.description(checkpoint.tensors().size()).shape(), fields.ofEncoder());
        }
    }

    /**
     * Reads a model without some of its tensors.
     *
     * @param directory the directory
     * @param skip starts of the names of tensors that are not wanted, for example {@code crf.} for a head of one's own
     * @return as of {@link #load(Path)}
     * @throws ModelFormatException as of {@link #load(Path)}
     * @throws IOException if a file does not exist or cannot be read
     */
    public static PretrainedEncoder load(Path directory, Collection<String> skip) throws IOException {
        Backend.require();
        EncoderConfigReader.Fields fields = EncoderConfigReader.open(directory.resolve(EncoderConfigReader.FILE));
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            EncoderDescription config = fields.description(checkpoint.tensors().size());
            Problems problems = new Problems();
            CheckpointNames.Plan plan = new CheckpointNames(config, checkpoint.tensors(), skip, problems).plan();
            throwIfAny(
                    checkpoint,
                    problems,
                    "The weights are not of the model that " + EncoderConfigReader.FILE
                            + " describes, or the model has parts of its own: load(directory, List.of(start of their names))"
                            + " leaves tensors out.");
            CheckpointArrays arrays = new CheckpointArrays(checkpoint, type(checkpoint, plan), problems);
            Map<String, INDArray> encoder = read(arrays, plan.encoder());
            Map<String, INDArray> head = read(arrays, plan.head());
            throwIfAny(checkpoint, problems, "The file is damaged or training had diverged: get another one.");
            EncoderWeights weights = EncoderWeights.of(new EncoderConfig(config.shape(), fields.ofEncoder()), encoder);
            Optional<HeadGraph> saved = plan.task().map(task -> HeadGraph.of(task, config.shape(), head));
            return new PretrainedEncoder(
                    directory, weights, saved, fineTuned(directory, config, saved), plan.skipped());
        }
    }

    /** The head with its labels, which have to fit it. */
    private static Optional<PretrainedHead> fineTuned(
            Path directory, EncoderDescription config, Optional<HeadGraph> saved) throws IOException {
        String architecture = config.architecture().orElse("a class that the config does not name");
        boolean isRead = saved.stream()
                .anyMatch(head -> head.task() == HeadForm.Task.SEQUENCE || head.task() == HeadForm.Task.TOKENS);
        if (!isRead) {
            return PretrainedHead.Task.of(architecture).map(task -> PretrainedHead.leftOut(architecture, task));
        }
        HeadGraph head = saved.get();
        Path file = directory.resolve(EncoderConfigReader.FILE);
        Map<String, Object> fields = JsonObjectFile.read(file, "the config.json of a Hugging Face model");
        Problems problems = new Problems();
        List<String> labels = HeadLabels.of(fields, config.architecture().isPresent(), head.outputs(), problems);
        Optional<String> type = HeadLabels.problemType(fields, problems);
        Optional<Pooling.Function> activation = HeadLabels.activation(fields, problems);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". The labels are of another head: get the config.json of this model, or correct it.");
        }
        return Optional.of(new PretrainedHead(
                architecture,
                PretrainedHead.Task.of(head.task()),
                head.pooling(),
                head.last(),
                labels,
                type,
                activation));
    }

    private static void throwIfAny(Checkpoint checkpoint, Problems problems, String advice)
            throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(checkpoint.source().toString()) + ". " + advice);
        }
    }

    /** Nothing is rounded: where one tensor needs double precision, all get it. */
    private static DataType type(Checkpoint checkpoint, CheckpointNames.Plan plan) {
        boolean isDouble = Stream.concat(plan.encoder().stream(), plan.head().stream())
                .anyMatch(found -> checkpoint.tensors().get(found.name()).dtype() == DType.F64);
        return isDouble ? DataType.DOUBLE : DataType.FLOAT;
    }

    private static Map<String, INDArray> read(CheckpointArrays arrays, List<Found> tensors) throws IOException {
        Map<String, INDArray> read = new LinkedHashMap<>();
        for (Found found : tensors) {
            read.put(found.tensor().name(), arrays.read(found));
        }
        return read;
    }

    /**
     * The shape of the encoder.
     *
     * @return the configuration
     */
    public EncoderConfig config() {
        return weights.config();
    }

    /**
     * The weights of the encoder, with the pooler if the file has one. Names have no prefix, linear weights are {@code
     * [in, out]}.
     *
     * @return the live weights, which all graphs share
     */
    public EncoderWeights weights() {
        return weights;
    }

    /**
     * The number of classes of the head in the file.
     *
     * @return 1 or more; empty if the file has no head of a sequence classifier
     */
    public OptionalInt classes() {
        return sequenceHead().map(found -> OptionalInt.of(found.outputs())).orElse(OptionalInt.empty());
    }

    private Optional<HeadGraph> sequenceHead() {
        return head.filter(found -> found.task() == HeadForm.Task.SEQUENCE);
    }

    /**
     * The head of the model as it was fine-tuned: of a classifier of texts or of tokens with its labels, of others what it is for.
     *
     * @return empty if the class that was saved has none
     */
    public Optional<PretrainedHead> head() {
        return fineTuned;
    }

    /**
     * Builds the graph of the class that was saved, with its head: {@link EncoderClassifier#LOGITS} are {@code [batch,
     * outputs]}, of heads of tokens and words {@code [batch, length, outputs]}. It has no loss. The head is of constants, as
     * all weights.
     *
     * @param tokenTypes whether the graph has the placeholder {@link EncoderGraph#TOKEN_TYPE_IDS}, where the family has types
     * @return the encoder, whose graph has the head
     * @throws IllegalStateException if the file has no head
     */
    public EncoderGraph withHead(boolean tokenTypes) {
        HeadGraph found =
                head.orElseThrow(() -> new IllegalStateException("PretrainedEncoder: " + directory + " has no head"
                        + leftOut() + "; expected one for withHead. encoder(pooling) builds the encoder alone."));
        return EncoderGraph.withHead(weights, weights.shape().family().prefix(), found, tokenTypes);
    }

    /**
     * The same model in arrays of its own and of another data type.
     *
     * @param target FLOAT or DOUBLE
     * @return a deep copy; conversion to FLOAT rounds to nearest
     * @throws IllegalArgumentException if the data type is another one
     */
    public PretrainedEncoder converted(DataType target) {
        Arguments.required(target, "PretrainedEncoder.converted: target", "FLOAT or DOUBLE");
        return new PretrainedEncoder(
                directory, weights.converted(target), head.map(found -> found.converted(target)), fineTuned, skipped);
    }

    /**
     * The tensors of the file that were left out: heads of other tasks, and what the caller named.
     *
     * @return names as in the file, sorted
     */
    public List<String> skipped() {
        return skipped;
    }

    /**
     * Builds the graph of the encoder without a head, as {@code BertModel} or {@code RobertaModel}; every token has type
     * 0.
     *
     * @param pooling how {@link EncoderGraph#POOLED} is computed; {@link Pooling#POOLER} gives Python's {@code
     *     pooler_output}; with others, adapters that change {@code pooler.dense} load all the same
     * @return the encoder
     * @throws IllegalArgumentException if the pooling is {@link Pooling#POOLER} and the file has no pooler
     */
    public EncoderGraph encoder(Pooling pooling) {
        return EncoderGraph.create(weights, pooling);
    }

    /**
     * Builds the graph of the encoder without a head.
     *
     * @param pooling as of {@link #encoder(Pooling)}
     * @param tokenTypes whether the graph has the placeholder {@link EncoderGraph#TOKEN_TYPE_IDS}, for pairs of texts
     * @return the encoder
     * @throws IllegalArgumentException if the pooling is {@link Pooling#POOLER} and the file has no pooler
     */
    public EncoderGraph encoder(Pooling pooling, boolean tokenTypes) {
        return EncoderGraph.create(weights, pooling, tokenTypes);
    }

    /**
     * Builds the graph of the classifier in the file, as {@code BertForSequenceClassification} (pooler, then one linear
     * module) or {@code RobertaForSequenceClassification} (first token, linear, tanh, linear). Every token has type 0. The
     * head is of constants, as all weights.
     *
     * @return the classifier
     * @throws IllegalStateException if the file has no head of a sequence classifier, or one that is not trained to choose
     *     one of several classes
     */
    public EncoderClassifier classifier() {
        return classifier(false);
    }

    /**
     * Builds the graph of the classifier in the file.
     *
     * @param tokenTypes whether the graph has the placeholder {@link EncoderGraph#TOKEN_TYPE_IDS}, for pairs of texts
     * @return as of {@link #classifier()}
     * @throws IllegalStateException as of {@link #classifier()}
     */
    public EncoderClassifier classifier(boolean tokenTypes) {
        HeadGraph found = sequenceHead()
                .orElseThrow(() -> new IllegalStateException("PretrainedEncoder: " + directory
                        + " has no head of a sequence classifier" + leftOut()
                        + "; expected one for classifier(). Start with a fresh head: classifier(classes, seed)."));
        String problem = fineTuned.flatMap(PretrainedHead::problemType).orElse(ONE_OF_SEVERAL);
        if (found.outputs() < 2 || !problem.equals(ONE_OF_SEVERAL)) {
            throw new IllegalStateException("PretrainedEncoder: the head of " + directory + " has " + found.outputs()
                    + " outputs and problem_type " + MessageText.name(problem) + "; expected 2 or more and "
                    + MessageText.name(ONE_OF_SEVERAL)
                    + ", whose loss EncoderClassifier has. Build on withHead(tokenTypes) instead.");
        }
        return EncoderClassifier.build(weights, weights.shape().family().prefix(), found, tokenTypes);
    }

    private String leftOut() {
        return head.map(found -> " (its head is for " + found.task() + ")")
                .orElse(skipped.isEmpty() ? "" : " (left out: " + Problems.quoted(skipped) + ")");
    }

    /**
     * Builds the graph of such a classifier with a fresh head, for training or for an adapter whose file brings the head.
     * Every token has type 0.
     *
     * @param classes number of classes, 2 or more
     * @param seed source of the head's start values: equal seeds give equal heads on every machine
     * @return the classifier; its head consists of variables, which learn
     * @throws IllegalArgumentException if {@code classes} is below 2, or the model is of type {@code bert} and the file has
     *     no pooler
     */
    public EncoderClassifier classifier(int classes, long seed) {
        return classifier(classes, seed, false);
    }

    /**
     * Builds the graph of such a classifier with a fresh head.
     *
     * @param classes number of classes, 2 or more
     * @param seed source of the head's start values
     * @param tokenTypes whether the graph has the placeholder {@link EncoderGraph#TOKEN_TYPE_IDS}, for pairs of texts
     * @return as of {@link #classifier(int, long)}
     * @throws IllegalArgumentException as of {@link #classifier(int, long)}
     */
    public EncoderClassifier classifier(int classes, long seed, boolean tokenTypes) {
        EncoderClassifier.requireClasses(classes);
        EncoderFamily family = weights.shape().family();
        if (family.head(HeadForm.Task.SEQUENCE).isEmpty()) {
            throw new IllegalStateException(
                    "PretrainedEncoder: Transformers has no sequence classifier over the encoder of "
                            + config().modelType() + ". Build one with a head of your own:"
                            + " EncoderClassifier.create(weights(), pooling, classes, seed).");
        }
        HeadGraph fresh = HeadGraph.fresh(HeadForm.Task.SEQUENCE, weights.shape(), classes, weights.dataType(), seed);
        return EncoderClassifier.build(weights, family.prefix(), fresh, tokenTypes);
    }

    /**
     * Reads the tokenizer of the directory, {@code tokenizer.json}.
     *
     * @param maxLength the most ids that a text gets, special tokens included; 3 or more and at most {@link
     *     EncoderConfig#longestSequence()}
     * @return the tokenizer, to be closed
     * @throws ModelFormatException if the file is not a tokenizer
     * @throws IOException if it does not exist or cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small or too large
     * @throws IllegalStateException if the tokenizer library is not on the class path; the message names the artifact
     */
    public HuggingFaceTextTokenizer tokenizer(int maxLength) throws IOException {
        if (maxLength > config().longestSequence()) {
            throw new IllegalArgumentException("PretrainedEncoder: maxLength = " + maxLength + "; expected at most "
                    + config().longestSequence() + ", the longest sequence of the model.");
        }
        return HuggingFaceTextTokenizer.load(directory.resolve(TOKENIZER), maxLength);
    }

    @Override
    public String toString() {
        return "PretrainedEncoder[" + directory + ", " + weights.config() + "]";
    }
}
