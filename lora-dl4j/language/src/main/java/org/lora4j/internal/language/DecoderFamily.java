/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import static org.lora4j.internal.language.DecoderPart.*;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The table of what differs from one family to the next. A row has the names of the parts with their place in Transformers'
 * class for language modelling (a part without a name is not there), the fields of its config with the values that the
 * Python class gives them where a file has none, and how its tensors are laid out. Fields that a row does not have are not
 * read: the Python class ignores them, too.
 *
 * <p><b>State.</b> A row is immutable; rows of programs are added to those of the table. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class DecoderFamily {

    /** Which layers see a window only, where the file has no {@code layer_types}. */
    enum Windows {
        /** All of them. */
        ALL,
        /** Those from {@code max_window_layers} on. */
        UPPER,
        /** The first, the third and so on. */
        EVERY_SECOND,
        /** All but every n-th. */
        PATTERN,
        /** Those that do not rotate. */
        UNTURNED,
        /** None. */
        NONE
    }

    private static final Map<DecoderPart, String> LLAMA_NAMES = Map.ofEntries(
            Map.entry(WORDS, "model.embed_tokens"),
            Map.entry(FINAL_NORM, "model.norm"),
            Map.entry(HEAD, "lm_head"),
            Map.entry(ATTENTION_NORM, "input_layernorm"),
            Map.entry(QUERY, "self_attn.q_proj"),
            Map.entry(KEY, "self_attn.k_proj"),
            Map.entry(VALUE, "self_attn.v_proj"),
            Map.entry(ATTENTION_OUTPUT, "self_attn.o_proj"),
            Map.entry(MLP_NORM, "post_attention_layernorm"),
            Map.entry(GATE, "mlp.gate_proj"),
            Map.entry(UP, "mlp.up_proj"),
            Map.entry(DOWN, "mlp.down_proj"));

    private static final Map<DecoderPart, String> HEAD_NORMS =
            Map.ofEntries(Map.entry(QUERY_NORM, "self_attn.q_norm"), Map.entry(KEY_NORM, "self_attn.k_norm"));

    private static final Map<DecoderPart, String> NORMS_AROUND = Map.ofEntries(
            Map.entry(ATTENTION_RESULT_NORM, "post_attention_layernorm"),
            Map.entry(MLP_NORM, "pre_feedforward_layernorm"),
            Map.entry(MLP_RESULT_NORM, "post_feedforward_layernorm"));

    private static final Set<DecoderPart> ATTENTION = EnumSet.of(QUERY, KEY, VALUE, ATTENTION_OUTPUT);
    private static final Set<DecoderPart> MLP = EnumSet.of(GATE, UP, DOWN);

    private static final List<DecoderFamily> TABLE = List.of(
            llama("llama").field("mlp_bias", false).biased("mlp_bias", MLP),
            llama("mistral")
                    .unbiased()
                    .field("num_key_value_heads", 8)
                    .field("max_position_embeddings", 131_072)
                    .field("sliding_window", 4096)
                    .windows(Windows.ALL),
            llama("qwen2").unbiased().biased(EnumSet.of(QUERY, KEY, VALUE)).qwen(),
            llama("qwen3").named(HEAD_NORMS).field("head_dim", 128).qwen(),
            gemma("gemma").field("num_key_value_heads", 16),
            gemma("gemma2")
                    .named(NORMS_AROUND)
                    .field("num_key_value_heads", 4)
                    .field("query_pre_attn_scalar", 256)
                    .field("attn_logit_softcapping", 50.0)
                    .field("final_logit_softcapping", 30.0)
                    .field("sliding_window", 4096)
                    .field("layer_types", null)
                    .windows(Windows.EVERY_SECOND),
            gemma("gemma3_text")
                    .named(NORMS_AROUND)
                    .named(HEAD_NORMS)
                    .field("num_key_value_heads", 4)
                    .field("max_position_embeddings", 131_072)
                    .field("query_pre_attn_scalar", 256)
                    .field("attn_logit_softcapping", null)
                    .field("final_logit_softcapping", null)
                    .field("sliding_window", 4096)
                    .field("sliding_window_pattern", 6)
                    .field("_sliding_window_pattern", null)
                    .field("layer_types", null)
                    .field("rope_theta", 1e6)
                    .field("rope_local_base_freq", 1e4)
                    .windows(Windows.PATTERN),
            llama("phi3")
                    .without(QUERY, KEY, VALUE, GATE, UP)
                    .named(Map.ofEntries(
                            Map.entry(QUERY_KEY_VALUE, "self_attn.qkv_proj"),
                            Map.entry(GATE_AND_UP, "mlp.gate_up_proj")))
                    .unbiased()
                    .field("norm_eps", 1e-5, "rms_norm_eps")
                    .field("max_position_embeddings", 4096)
                    .field("partial_rotary_factor", 1.0)
                    .field("original_max_position_embeddings", 4096)
                    .field("sliding_window", null)
                    .windows(Windows.ALL),
            llama("olmo2")
                    .without(ATTENTION_NORM)
                    .named(NORMS_AROUND)
                    .without(MLP_NORM)
                    .named(HEAD_NORMS)
                    .normsOverHeads()
                    .field("norm_eps", 1e-5, "rms_norm_eps"),
            llama("granite")
                    .biased("mlp_bias", MLP)
                    .field("mlp_bias", false)
                    .field("embedding_multiplier", 1.0)
                    .field("residual_multiplier", 1.0)
                    .field("attention_multiplier", 1.0)
                    .field("logits_scaling", 1.0),
            llama("smollm3")
                    .field("mlp_bias", false)
                    .biased("mlp_bias", MLP)
                    .field("num_key_value_heads", 4)
                    .field("max_position_embeddings", 32_768)
                    .field("tie_word_embeddings", true)
                    .field("rope_theta", 2e6)
                    .field("no_rope_layers", null)
                    .field("no_rope_layer_interval", 4)
                    .field("use_sliding_window", false)
                    .field("sliding_window", null)
                    .field("layer_types", null)
                    .windows(Windows.UNTURNED),
            new DecoderFamily("gpt_neox", "gpt_neox.layers.", NormKind.LAYER)
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "gpt_neox.embed_in"),
                            Map.entry(FINAL_NORM, "gpt_neox.final_layer_norm"),
                            Map.entry(HEAD, "embed_out"),
                            Map.entry(ATTENTION_NORM, "input_layernorm"),
                            Map.entry(QUERY_KEY_VALUE, "attention.query_key_value"),
                            Map.entry(ATTENTION_OUTPUT, "attention.dense"),
                            Map.entry(MLP_NORM, "post_attention_layernorm"),
                            Map.entry(UP, "mlp.dense_h_to_4h"),
                            Map.entry(DOWN, "mlp.dense_4h_to_h")))
                    .sizes()
                    .field("norm_eps", 1e-5, "layer_norm_eps")
                    .field("hidden_act", "gelu")
                    .field("max_position_embeddings", 2048)
                    .field("tie_word_embeddings", false)
                    .field("use_parallel_residual", true)
                    .field("rope_theta", 1e4, "rotary_emb_base")
                    .field("rope_scaling", null)
                    .field("rope_parameters", null)
                    .field("partial_rotary_factor", 0.25, "rotary_pct")
                    .field("attention_bias", true)
                    .biased("attention_bias", EnumSet.of(QUERY_KEY_VALUE, ATTENTION_OUTPUT))
                    .biased(EnumSet.of(UP, DOWN))
                    .groupedByHead(),
            new DecoderFamily("gpt2", "transformer.h.", NormKind.LAYER)
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "transformer.wte"),
                            Map.entry(POSITIONS, "transformer.wpe"),
                            Map.entry(FINAL_NORM, "transformer.ln_f"),
                            Map.entry(HEAD, "lm_head"),
                            Map.entry(ATTENTION_NORM, "ln_1"),
                            Map.entry(QUERY_KEY_VALUE, "attn.c_attn"),
                            Map.entry(ATTENTION_OUTPUT, "attn.c_proj"),
                            Map.entry(MLP_NORM, "ln_2"),
                            Map.entry(UP, "mlp.c_fc"),
                            Map.entry(DOWN, "mlp.c_proj")))
                    .field("vocab_size", null)
                    .field("hidden_size", null, "n_embd")
                    .field("num_hidden_layers", null, "n_layer")
                    .field("num_attention_heads", null, "n_head")
                    .field("intermediate_size", null, "n_inner")
                    .field("max_position_embeddings", 1024, "n_positions")
                    .field("norm_eps", 1e-5, "layer_norm_epsilon")
                    .field("hidden_act", "gelu_new", "activation_function")
                    .field("tie_word_embeddings", true)
                    .field("scale_attn_weights", true)
                    .field("scale_attn_by_inverse_layer_idx", false)
                    .biased(EnumSet.of(QUERY_KEY_VALUE, ATTENTION_OUTPUT, UP, DOWN))
                    .transposed()
                    .fourfold());

    /** The table, and what programs registered. */
    private static final ConcurrentNavigableMap<String, DecoderFamily> BY_TYPE = new ConcurrentSkipListMap<>(
            TABLE.stream().collect(Collectors.toMap(DecoderFamily::modelType, Function.identity())));

    private final String modelType;
    private final String layers;
    private final NormKind norm;
    private final Map<DecoderPart, String> names = new EnumMap<>(DecoderPart.class);
    private final Map<String, Object> defaults = new HashMap<>();
    private final Map<String, String> keys = new HashMap<>();
    private final Map<DecoderPart, String> biases = new EnumMap<>(DecoderPart.class);
    private Windows windows = Windows.NONE;
    private boolean normsPerHead = true;
    private boolean fusedByHead;
    private boolean inputsFirst;
    private boolean fourfoldByDefault;

    private DecoderFamily(String modelType, String layers, NormKind norm) {
        this.modelType = modelType;
        this.layers = layers;
        this.norm = norm;
    }

    /**
     * Another family that is as this one but for what is given.
     *
     * @param other its {@code model_type}
     * @param otherLayers what the names in its layers begin with
     * @param itsDefaults the fields that it reads, with their values where a file has none
     * @param itsKeys names of fields in its files, where they differ
     * @param itsBiases for each linear part with a bias the field that says so, or an empty text
     */
    public DecoderFamily as(
            String other,
            String otherLayers,
            Map<DecoderPart, String> itsNames,
            Map<String, Object> itsDefaults,
            Map<String, String> itsKeys,
            Map<DecoderPart, String> itsBiases) {
        DecoderFamily family = new DecoderFamily(other, otherLayers, norm).windows(windows);
        family.names.putAll(itsNames);
        family.defaults.putAll(itsDefaults);
        family.keys.putAll(itsKeys);
        family.biases.putAll(itsBiases);
        family.normsPerHead = normsPerHead;
        family.fusedByHead = fusedByHead;
        family.inputsFirst = inputsFirst;
        family.fourfoldByDefault = fourfoldByDefault;
        return family;
    }

    /**
     * Adds a family to those that can be read.
     *
     * @return whether there was none of its {@code model_type}, or an equal one
     */
    public static boolean register(DecoderFamily family) {
        DecoderFamily before = BY_TYPE.putIfAbsent(family.modelType, family);
        return before == null || before.content().equals(family.content());
    }

    private List<Object> content() {
        return List.of(
                layers,
                norm,
                names,
                defaults,
                keys,
                biases,
                windows,
                normsPerHead,
                fusedByHead,
                inputsFirst,
                fourfoldByDefault);
    }

    /**
     * Every field that some family of the table reads.
     *
     * @return names as Llama's config has them, where it has the field
     */
    public static Set<String> fields() {
        return TABLE.stream()
                .flatMap(family -> family.defaults.keySet().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static DecoderFamily llama(String modelType) {
        return llama(modelType, NormKind.RMS);
    }

    private static DecoderFamily llama(String modelType, NormKind norm) {
        return new DecoderFamily(modelType, "model.layers.", norm)
                .named(LLAMA_NAMES)
                .sizes()
                .field("num_key_value_heads", null)
                .field("head_dim", null)
                .field("norm_eps", 1e-6, "rms_norm_eps")
                .field("hidden_act", "silu")
                .field("max_position_embeddings", 2048)
                .field("tie_word_embeddings", false)
                .field("rope_theta", 1e4)
                .field("rope_scaling", null)
                .field("rope_parameters", null)
                .field("attention_bias", false)
                .biased("attention_bias", ATTENTION);
    }

    private static DecoderFamily gemma(String modelType) {
        return llama(modelType, NormKind.RMS_AROUND_ONE)
                .field("hidden_act", "gelu_pytorch_tanh", "hidden_activation")
                .field("head_dim", 256)
                .field("max_position_embeddings", 8192)
                .field("tie_word_embeddings", true)
                .field("scales_embeddings", true);
    }

    /**
     * The family of a {@code model_type}.
     *
     * @param modelType the value of the field
     * @return its row, if there is one
     */
    public static Optional<DecoderFamily> of(String modelType) {
        return Optional.ofNullable(BY_TYPE.get(modelType));
    }

    /**
     * Every {@code model_type} that can be read.
     *
     * @return in the order of the alphabet
     */
    public static Collection<String> modelTypes() {
        return BY_TYPE.keySet();
    }

    /** The {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /** How rows are normalized. */
    public NormKind norm() {
        return norm;
    }

    /**
     * Whether linear weights are {@code [in, out]}, as in GPT-2's {@code Conv1D}. The head's never are.
     *
     * @return true for that layout
     */
    public boolean inputsFirst() {
        return inputsFirst;
    }

    /** Whether a part is there at all. */
    boolean has(DecoderPart part) {
        return names.containsKey(part);
    }

    /** The parts that are there. */
    Set<DecoderPart> parts() {
        return names.keySet();
    }

    /** Path of a part's module. */
    String module(DecoderPart part, int layer) {
        String name = names.get(part);
        return part.perLayer() ? layer(layer) + "." + name : name;
    }

    /** Path of a layer. */
    String layer(int layer) {
        return layers + layer;
    }

    /**
     * What the names in layers begin with.
     *
     * @return with a dot at its end
     */
    public String layers() {
        return layers;
    }

    /** What the class for language modelling puts before the names of the model inside it, with a dot. */
    String root() {
        int end = layers.indexOf('.') + 1;
        return end == layers.length() ? "" : layers.substring(0, end);
    }

    /** Whether the inner size is four times the hidden one where a file does not say it. */
    boolean fourfoldByDefault() {
        return fourfoldByDefault;
    }

    /**
     * The parts that are there.
     *
     * @return their paths, within a layer for those of layers
     */
    public Map<DecoderPart, String> names() {
        return Collections.unmodifiableMap(names);
    }

    /**
     * The fields that are read.
     *
     * @return with their values where a file has none, which may be null
     */
    public Map<String, Object> defaults() {
        return Collections.unmodifiableMap(defaults);
    }

    /** Names of fields in files, where they differ. */
    public Map<String, String> keys() {
        return Collections.unmodifiableMap(keys);
    }

    /**
     * The linear parts that may have a bias.
     *
     * @return the field that says so; an empty text if it always has one
     */
    public Map<DecoderPart, String> biases() {
        return Collections.unmodifiableMap(biases);
    }

    Windows windows() {
        return windows;
    }

    /** Whether the norms of queries and keys are over each head by itself, or over all of them. */
    boolean normsPerHead() {
        return normsPerHead;
    }

    /** Whether the fused projection has query, key and value of the first head, then of the second. */
    boolean fusedByHead() {
        return fusedByHead;
    }

    /** Whether the Python class knows a field. */
    boolean reads(String field) {
        return defaults.containsKey(field);
    }

    /** The name of a field in files of this family. */
    String key(String field) {
        return keys.getOrDefault(field, field);
    }

    /** The value of a field that a file leaves out. */
    Object fallback(String field) {
        return defaults.get(field);
    }

    /** The field that says whether a linear part has a bias; empty text if it always has one. */
    Optional<String> bias(DecoderPart part) {
        return Optional.ofNullable(biases.get(part));
    }

    private DecoderFamily named(Map<DecoderPart, String> more) {
        names.putAll(more);
        return this;
    }

    private DecoderFamily without(DecoderPart... parts) {
        List.of(parts).forEach(names::remove);
        return this;
    }

    private DecoderFamily sizes() {
        List.of("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
                .forEach(name -> field(name, null));
        return this;
    }

    private DecoderFamily field(String name, Object fallback) {
        defaults.put(name, fallback);
        return this;
    }

    private DecoderFamily field(String name, Object fallback, String key) {
        keys.put(name, key);
        return field(name, fallback);
    }

    private DecoderFamily biased(Set<DecoderPart> parts) {
        return biased("", parts);
    }

    private DecoderFamily biased(String field, Set<DecoderPart> parts) {
        parts.forEach(part -> biases.put(part, field));
        return this;
    }

    private DecoderFamily unbiased() {
        biases.clear();
        return this;
    }

    private DecoderFamily windows(Windows where) {
        windows = where;
        return this;
    }

    private DecoderFamily qwen() {
        return field("num_key_value_heads", 32)
                .field("max_position_embeddings", 32_768)
                .field("use_sliding_window", false)
                .field("sliding_window", 4096)
                .field("max_window_layers", 28)
                .field("layer_types", null)
                .windows(Windows.UPPER);
    }

    private DecoderFamily normsOverHeads() {
        normsPerHead = false;
        return this;
    }

    private DecoderFamily groupedByHead() {
        fusedByHead = true;
        return this;
    }

    private DecoderFamily transposed() {
        inputsFirst = true;
        return this;
    }

    private DecoderFamily fourfold() {
        fourfoldByDefault = true;
        return this;
    }

    @Override
    public String toString() {
        return modelType;
    }
}
