/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.language.DecoderFamily;
import org.lora4j.internal.language.DecoderPart;

/**
 * A family of decoders that this library does not know, told by what differs from one that it knows: the names of its parts and the
 * fields of its config. After {@link #register}, directories that name its {@code model_type} are read like any others: by
 * {@link CausalLm#load}, by the trainer, by servers and by exports.
 *
 * <pre>{@code
 * ModelFamily.like("llama", "tale")
 *         .part(ModelFamily.Part.QUERY, "attention.q_proj")
 *         .field("norm_eps", 1e-5, "norm_epsilon")
 *         .register();
 * CausalLm model = CausalLm.load(directory);
 * }</pre>
 *
 * <p>What is computed is what the known family computes. Nothing in a file registers a family or runs code.
 *
 * <p><b>Threads.</b> For one thread until it is registered; then any thread may read models of it.
 *
 * @apiNote Status: experimental
 */
public final class ModelFamily {

    /**
     * The parts of a decoder that have weights.
     *
     * @apiNote Status: experimental
     */
    public enum Part {
        /** The table of token embeddings. */
        WORDS,
        /** The table of learned positions. */
        POSITIONS,
        /** The normalization behind the last layer. */
        FINAL_NORM,
        /** From hidden states to logits. */
        HEAD,
        /** Before attention. */
        ATTENTION_NORM,
        /** Queries of all heads. */
        QUERY,
        /** Keys of all key heads. */
        KEY,
        /** Values of all key heads. */
        VALUE,
        /** The three of them in one matrix. */
        QUERY_KEY_VALUE,
        /** Of queries, before they are rotated. */
        QUERY_NORM,
        /** Of keys, before they are rotated. */
        KEY_NORM,
        /** From the heads back to the hidden size. */
        ATTENTION_OUTPUT,
        /** Of what attention adds. */
        ATTENTION_RESULT_NORM,
        /** Before the feed-forward part. */
        MLP_NORM,
        /** The part of a gated feed-forward network that goes through the activation. */
        GATE,
        /** From the hidden size to the intermediate size. */
        UP,
        /** Gate and up in one matrix, in this order. */
        GATE_AND_UP,
        /** From the intermediate size to the hidden size. */
        DOWN,
        /** Of what the feed-forward part adds. */
        MLP_RESULT_NORM;

        private DecoderPart decoderPart() {
            return DecoderPart.valueOf(name());
        }
    }

    private static final Pattern NAME = Pattern.compile("\\w+([.-]\\w+)*");

    private final DecoderFamily known;
    private final String modelType;
    private final Map<DecoderPart, String> names;
    private final Map<String, Object> defaults;
    private final Map<String, String> keys;
    private final Map<DecoderPart, String> biases;
    private final Problems problems = new Problems();
    private String layers;

    private ModelFamily(DecoderFamily known, String modelType) {
        this.known = known;
        this.modelType = modelType;
        names = new EnumMap<>(known.names());
        defaults = new HashMap<>(known.defaults());
        keys = new HashMap<>(known.keys());
        biases = new EnumMap<>(DecoderPart.class);
        biases.putAll(known.biases());
        layers = known.layers();
        name("modelType", modelType);
    }

    /**
     * Starts from a family that is known.
     *
     * @param known its {@code model_type}, such as {@code llama}
     * @param modelType {@code model_type} of the new family, as files name it
     * @return a family that reads what the known one reads, by the same names
     * @throws IllegalArgumentException if no family is known by that name
     */
    public static ModelFamily like(String known, String modelType) {
        Objects.requireNonNull(known, "ModelFamily.like: known is null; expected a model_type such as \"llama\"");
        Objects.requireNonNull(modelType, "ModelFamily.like: modelType is null; expected the new model_type");
        DecoderFamily family = DecoderFamily.of(known)
                .orElseThrow(() -> new IllegalArgumentException("ModelFamily.like: " + MessageText.name(known)
                        + " is no known model_type; expected one of " + Problems.quoted(DecoderFamily.modelTypes())
                        + ClosestNames.hint(known, DecoderFamily.modelTypes()) + "."));
        return new ModelFamily(family, modelType);
    }

    private void name(String what, String value) {
        problems.check(
                NAME.matcher(value).matches(),
                what + " is " + MessageText.name(value)
                        + ", expected letters, digits and underscores with dots or dashes" + " between them");
    }

    /**
     * Names what the paths of all layers begin with.
     *
     * @param path such as {@code model.layers}; the number of the layer follows
     * @return this
     */
    public ModelFamily layers(String path) {
        name("layers", Objects.requireNonNull(path, "layers: path is null; expected one such as model.layers"));
        layers = path + ".";
        return this;
    }

    /**
     * Names a part, or adds it.
     *
     * @param part the part
     * @param module path of its module: within a layer for a part of layers, from the top for others
     * @return this
     */
    public ModelFamily part(Part part, String module) {
        Objects.requireNonNull(part, "part: part is null; expected one such as Part.QUERY");
        name(part.name(), Objects.requireNonNull(module, "part: module is null; expected a path"));
        names.put(part.decoderPart(), module);
        return this;
    }

    /**
     * Leaves out parts that the known family has.
     *
     * @param parts the parts
     * @return this
     */
    public ModelFamily without(Part... parts) {
        for (Part part : Objects.requireNonNull(parts, "without: parts is null; expected some")) {
            Objects.requireNonNull(part, "without: a part is null; expected one such as Part.GATE");
            names.remove(part.decoderPart());
        }
        return this;
    }

    /**
     * Sets which linear parts always have a bias; all others have none.
     *
     * @param parts the parts; none for no bias anywhere
     * @return this
     */
    public ModelFamily biases(Part... parts) {
        biases.clear();
        for (Part part : Objects.requireNonNull(parts, "biases: parts is null; expected some, or nothing")) {
            Objects.requireNonNull(part, "biases: a part is null; expected one such as Part.QUERY");
            biases.put(part.decoderPart(), "");
        }
        return this;
    }

    /**
     * Sets the value of a field of the config where a file has none, or lets the family read a field of another one.
     *
     * @param name the field as the known families name it, such as {@code norm_eps} or {@code rope_theta}
     * @param fallback a truth value, a number or a text; null for a field that must be there, or means nothing if it is not
     * @return this
     */
    public ModelFamily field(String name, Object fallback) {
        Objects.requireNonNull(name, "field: name is null; expected one such as norm_eps");
        return field(name, fallback, keys.getOrDefault(name, name));
    }

    /**
     * As {@link #field(String, Object)}, for a field that files of this family call otherwise.
     *
     * @param name the field as the known families name it
     * @param fallback as in {@link #field(String, Object)}
     * @param key its name in files of this family
     * @return this
     */
    public ModelFamily field(String name, Object fallback, String key) {
        Objects.requireNonNull(name, "field: name is null; expected one such as norm_eps");
        name(name, Objects.requireNonNull(key, "field: key is null; expected the name in files"));
        problems.check(
                DecoderFamily.fields().contains(name),
                MessageText.name(name) + " is a field of no known family, expected one of "
                        + Problems.quoted(DecoderFamily.fields()) + ClosestNames.hint(name, DecoderFamily.fields()));
        problems.check(
                fallback == null
                        || fallback instanceof Boolean
                        || fallback instanceof Number
                        || fallback instanceof String,
                name + " has a value of " + (fallback == null ? "" : fallback.getClass())
                        + ", expected a truth value, a number, a text or null");
        defaults.put(name, fallback);
        keys.put(name, key);
        return this;
    }

    /**
     * Lets models of this family be read, in the whole program from now on. Registering an equal family again changes nothing.
     *
     * @throws IllegalArgumentException if a name is none, a part is missing or twice there, a field is unknown, or another family of
     *     this {@code model_type} is known; the message lists every problem
     */
    public void register() {
        requireParts(DecoderPart.WORDS, DecoderPart.FINAL_NORM, DecoderPart.HEAD, DecoderPart.ATTENTION_OUTPUT);
        requireParts(DecoderPart.DOWN);
        boolean fused = names.containsKey(DecoderPart.QUERY_KEY_VALUE);
        if (!fused) {
            requireParts(DecoderPart.QUERY, DecoderPart.KEY, DecoderPart.VALUE);
        }
        problems.check(
                !fused || !names.containsKey(DecoderPart.QUERY),
                "there are QUERY and QUERY_KEY_VALUE, expected one of them; leave out the other by without(...)");
        problems.check(
                names.containsKey(DecoderPart.UP) != names.containsKey(DecoderPart.GATE_AND_UP),
                "UP and GATE_AND_UP are both there or both missing, expected one of them");
        problems.check(
                names.values().stream().distinct().count() == names.size(),
                "two parts have one name, expected a name for each: " + MessageText.value(names));
        problems.throwIfAny("ModelFamily.register, " + MessageText.name(modelType));
        if (!DecoderFamily.register(known.as(modelType, layers, names, defaults, keys, biases))) {
            throw new IllegalArgumentException("ModelFamily.register: another family is known as "
                    + MessageText.name(modelType) + "; expected a model_type of its own. Known are "
                    + Problems.quoted(DecoderFamily.modelTypes()) + ".");
        }
    }

    private void requireParts(DecoderPart... parts) {
        Arrays.stream(parts)
                .forEach(part -> problems.check(
                        names.containsKey(part), part + " is missing, expected a name: part(Part." + part + ", ...)"));
    }

    @Override
    public String toString() {
        return "ModelFamily[" + MessageText.name(modelType) + ", like " + known + "]";
    }
}
