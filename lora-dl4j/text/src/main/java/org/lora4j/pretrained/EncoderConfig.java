/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderActivation;
import org.lora4j.internal.encoder.EncoderConfigReader;
import org.lora4j.internal.encoder.EncoderFamily;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.internal.encoder.HeadForm;

/**
 * The shape of an encoder, of any family that {@link PretrainedEncoder} reads.
 *
 * <p><i>State.</i> Immutable. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class EncoderConfig {

    /** The epsilon of layer norm in BERT and its descendants. */
    public static final double BERT_LAYER_NORM_EPSILON = 1e-12;

    private static final String BERT_ACTIVATION = "gelu";

    /** More would fill the memory before anything is learned. */
    private static final int MOST_LAYERS = 100_000;

    private final EncoderShape shape;
    private final Map<String, Object> fields;

    /** A shape, with the fields of the file that it was read from if it was read from one. */
    EncoderConfig(EncoderShape shape, Map<String, Object> fields) {
        this.shape = shape;
        this.fields = Collections.unmodifiableMap(fields);
    }

    /**
     * A BERT (Devlin et al. 2018, arXiv:1810.04805) with its own epsilon and activation.
     *
     * @param layers number of transformer layers, 1 or more
     * @param hidden width of the hidden states, a multiple of {@code heads}
     * @param heads number of attention heads, 1 or more
     * @param intermediate width inside the feed-forward block, 1 or more
     * @param vocabulary rows of the word embedding table, 1 or more
     * @param maxPositions rows of the position embedding table, 1 or more
     * @param typeVocabulary rows of the token type embedding table, 1 or more
     * @return the configuration
     * @throws IllegalArgumentException if a value is out of its range; the message lists every problem
     */
    public static EncoderConfig bert(
            int layers, int hidden, int heads, int intermediate, int vocabulary, int maxPositions, int typeVocabulary) {
        return bert(
                layers,
                hidden,
                heads,
                intermediate,
                vocabulary,
                maxPositions,
                typeVocabulary,
                BERT_LAYER_NORM_EPSILON,
                BERT_ACTIVATION);
    }

    /**
     * A BERT.
     *
     * @param layers as of {@link #bert(int, int, int, int, int, int, int)}
     * @param hidden as there
     * @param heads as there
     * @param intermediate as there
     * @param vocabulary as there
     * @param maxPositions as there
     * @param typeVocabulary as there
     * @param layerNormEpsilon what every layer norm adds to the variance, in [0, 1)
     * @param activation the function inside the feed-forward block, by its name in Transformers, such as {@code gelu}
     * @return the configuration
     * @throws IllegalArgumentException if a value is out of its range; the message lists every problem
     */
    public static EncoderConfig bert(
            int layers,
            int hidden,
            int heads,
            int intermediate,
            int vocabulary,
            int maxPositions,
            int typeVocabulary,
            double layerNormEpsilon,
            String activation) {
        Problems problems = new Problems();
        problems.atLeast("layers", layers, 1);
        problems.atLeast("hidden", hidden, 1);
        problems.atLeast("heads", heads, 1);
        problems.atLeast("intermediate", intermediate, 1);
        problems.atLeast("vocabulary", vocabulary, 1);
        problems.atLeast("maxPositions", maxPositions, 1);
        problems.atLeast("typeVocabulary", typeVocabulary, 1);
        if (hidden > 0 && heads > 0 && hidden % heads != 0) {
            problems.add("heads = " + heads + ", expected a divisor of hidden = " + hidden);
        }
        if (!(layerNormEpsilon >= 0 && layerNormEpsilon < 1)) {
            problems.add("layerNormEpsilon = " + layerNormEpsilon + ", expected [0, 1)");
        }
        if (activation == null || EncoderActivation.named(activation).isEmpty()) {
            problems.add("activation = " + activation + ", expected one of " + EncoderActivation.names());
        }
        problems.throwIfAny("EncoderConfig");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("num_hidden_layers", layers);
        fields.put("hidden_size", hidden);
        fields.put("num_attention_heads", heads);
        fields.put("intermediate_size", intermediate);
        fields.put("vocab_size", vocabulary);
        fields.put("max_position_embeddings", maxPositions);
        fields.put("type_vocab_size", typeVocabulary);
        fields.put("layer_norm_eps", layerNormEpsilon);
        fields.put("hidden_act", activation);
        EncoderFamily family = EncoderFamily.of("bert").orElseThrow();
        EncoderShape shape =
                EncoderConfigReader.read(fields, family, MOST_LAYERS, problems).shape();
        problems.throwIfAny("EncoderConfig");
        return new EncoderConfig(shape, Map.of());
    }

    /**
     * Reads the shape of an encoder of any family, without weights: for training from scratch, and for tests.
     *
     * @param file a {@code config.json} of Hugging Face Transformers
     * @return the configuration
     * @throws org.lora4j.error.ModelFormatException if the file is damaged, of a family that is not known, or asks for what is not
     *     supported; the message lists every problem
     * @throws IOException if it does not exist or cannot be read
     */
    public static EncoderConfig read(Path file) throws IOException {
        Arguments.required(file, "EncoderConfig.read: file", "a config.json");
        EncoderConfigReader.Fields fields = EncoderConfigReader.open(file);
        return new EncoderConfig(fields.description(MOST_LAYERS).shape(), fields.ofEncoder());
    }

    EncoderShape shape() {
        return shape;
    }

    /**
     * The family.
     *
     * @return {@code model_type} as config files have it, for example {@code deberta-v2}
     */
    public String modelType() {
        return shape.family().modelType();
    }

    /**
     * Number of layers that a text goes through.
     *
     * @return 1 or more; layers that are shared count each time
     */
    public int layers() {
        return shape.blocks().size();
    }

    /**
     * Width of the hidden states.
     *
     * @return 1 or more
     */
    public int hidden() {
        return shape.sizes().hidden();
    }

    /**
     * Number of attention heads.
     *
     * @return 1 or more
     */
    public int heads() {
        return shape.sizes().heads();
    }

    /**
     * Width inside the feed-forward block.
     *
     * @return 1 or more
     */
    public int intermediate() {
        return shape.sizes().intermediate();
    }

    /**
     * Rows of the word embedding table.
     *
     * @return 1 or more
     */
    public int vocabulary() {
        return shape.sizes().vocabulary();
    }

    /**
     * Rows of the position embedding table, or of a family without one the length that its texts are cut at; {@link
     * #longestSequence} says what that allows.
     *
     * @return 1 or more
     */
    public int maxPositions() {
        return shape.sizes().positions();
    }

    /**
     * Rows of the token type embedding table.
     *
     * @return 0 in families that do not tell the second text of a pair from the first
     */
    public int typeVocabulary() {
        return shape.sizes().types();
    }

    /**
     * What every norm adds to the variance, or to the mean square.
     *
     * @return from 0 to below 1
     */
    public double layerNormEpsilon() {
        return shape.epsilon();
    }

    /**
     * The function inside the feed-forward block.
     *
     * @return its name in Transformers, for example {@code gelu_new}
     */
    public String activation() {
        return shape.activation().id();
    }

    /**
     * Which row of the position table a token gets.
     *
     * @return positions from 0 where there is no table
     */
    public PositionIds positions() {
        return new PositionIds(shape.paddingId());
    }

    /**
     * The most tokens of a sequence, special tokens included.
     *
     * @return 1 or more
     */
    public int longestSequence() {
        return shape.longestSequence();
    }

    /**
     * Width of one attention head.
     *
     * @return {@code hidden / heads} in most families
     */
    public int headSize() {
        return shape.sizes().headSize();
    }

    /**
     * What the {@code config.json} said that the encoder was read from, without what it said of a head, of number types and of the
     * library that wrote it.
     *
     * @return the fields by their names in the file; empty for a shape that was made otherwise
     */
    public Map<String, Object> fields() {
        return fields;
    }

    /**
     * The Python class with a head, or without one.
     *
     * @param suffix how the name ends, for example {@code ForTokenClassification}; {@code Model} for the encoder alone
     * @return for example {@code DebertaV2ForTokenClassification}
     */
    public String architecture(String suffix) {
        Arguments.required(suffix, "EncoderConfig.architecture: suffix", "the end of the name of a class");
        return shape.family().className(suffix);
    }

    /**
     * What classes with a head put before the names of the encoder's parameters.
     *
     * @return for example {@code deberta.}
     */
    public String prefix() {
        return shape.family().prefix();
    }

    /**
     * The path of the encoder's own pooler.
     *
     * @return empty if the family has none
     */
    public Optional<String> pooler() {
        return shape.has(EncoderPart.POOLER) ? Optional.of(shape.module(EncoderPart.POOLER)) : Optional.empty();
    }

    /**
     * The parameters of the head of a Python class.
     *
     * @param suffix as in {@link #architecture}
     * @return their names; empty if the family has no class of that name with a head that is known
     */
    public Optional<Set<String>> headParameters(String suffix) {
        return head(suffix)
                .map(form -> shape.headTensors(form, 1).stream()
                        .map(EncoderTensor::name)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    /**
     * What the head of a Python class takes.
     *
     * @param suffix as in {@link #architecture}
     * @return the pooling; empty for a head over each token, or none
     */
    public Optional<Pooling> headPooling(String suffix) {
        return head(suffix)
                .filter(form -> form.input() != HeadForm.Input.TOKENS)
                .map(form -> HeadGraph.taken(shape, form));
    }

    private Optional<HeadForm> head(String suffix) {
        return Arrays.stream(HeadForm.Task.values())
                .filter(task -> task.suffix().equals(suffix))
                .findFirst()
                .flatMap(shape.family()::head);
    }

    /**
     * What LoRA adapts in this family where nothing else is said: PEFT's choice, or where it has none that of published
     * recipes. Tasks of {@code org.lora4j.text} adapt all linear modules instead, which is better on few examples.
     *
     * @return names for {@code targetModules}, for example {@code query_proj} and {@code value_proj}
     */
    public List<String> loraTargets() {
        return shape.targets();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncoderConfig config && shape.equals(config.shape);
    }

    @Override
    public int hashCode() {
        return shape.hashCode();
    }

    @Override
    public String toString() {
        return "EncoderConfig[" + modelType() + ", layers=" + layers() + ", hidden=" + hidden() + ", heads=" + heads()
                + ", intermediate=" + intermediate() + ", vocabulary=" + vocabulary() + ", maxPositions="
                + maxPositions() + "]";
    }
}
