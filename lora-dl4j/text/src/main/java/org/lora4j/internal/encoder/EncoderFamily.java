/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import static org.lora4j.internal.encoder.EncoderActivation.GELU;
import static org.lora4j.internal.encoder.EncoderActivation.RELU;
import static org.lora4j.internal.encoder.EncoderActivation.TANH;
import static org.lora4j.internal.encoder.EncoderPart.*;
import static org.lora4j.internal.encoder.HeadForm.always;
import static org.lora4j.internal.encoder.HeadForm.byField;
import static org.lora4j.internal.encoder.HeadForm.linear;
import static org.lora4j.internal.encoder.HeadForm.norm;
import static org.lora4j.internal.encoder.HeadForm.output;
import static org.lora4j.internal.encoder.HeadForm.score;
import static org.lora4j.internal.encoder.HeadForm.words;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.encoder.EncoderTensor.Stored;
import org.lora4j.internal.encoder.HeadForm.Input;
import org.lora4j.internal.encoder.HeadForm.Kind;
import org.lora4j.internal.encoder.HeadForm.Step;
import org.lora4j.internal.encoder.HeadForm.Task;

/**
 * The table of what differs from one family of encoders to the next. A row has the names of the parts as Transformers' class of
 * the bare encoder has them (a part without a name is not there), the fields of its config with the values that the Python class
 * gives them where a file has none, what its attention adds to scores, and its heads. Fields that a row does not have are not
 * read: the Python class ignores them, too.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class EncoderFamily {

    /** What attention adds to scores for where tokens stand to each other. */
    enum Relative {
        /** Nothing. */
        NONE,
        /** A number for each head, from T5's buckets. */
        T5_BIAS,
        /** A number for each head, from MPNet's buckets. */
        MPNET_BIAS,
        /** Products with a layer's rows for distances, if the config says so. */
        DISTANCES,
        /** Products with projected rows, one for each distance. */
        DISENTANGLED,
        /** The same with rows for buckets of distances, perhaps projected as tokens are. */
        DISENTANGLED_BUCKETS
    }

    /** A part under another name in files. */
    private record StoredPart(String name, int piece, int of) {}

    private static final Set<EncoderPart> ATTENTION = EnumSet.of(QUERY, KEY, VALUE, QUERY_KEY_VALUE, ATTENTION_OUTPUT);
    private static final Set<EncoderPart> MLP = EnumSet.of(GATE, UP, GATE_AND_UP, UP_AND_GATE, DOWN);

    private static final Set<EncoderPart> NORMS = EnumSet.of(
            EMBEDDING_NORM,
            RELATIVE_NORM,
            CONVOLUTION_NORM,
            FINAL_NORM,
            ATTENTION_NORM,
            QUERY_NORM,
            KEY_NORM,
            ATTENTION_SUM_NORM,
            MLP_NORM,
            MLP_SUM_NORM);

    private static final Set<EncoderPart> LINEAR =
            EnumSet.of(EMBEDDING_PROJECTION, POOLER, QUERY, KEY, VALUE, ATTENTION_OUTPUT, UP, DOWN);

    private static final Map<EncoderPart, String> BERT_NAMES = Map.ofEntries(
            Map.entry(WORDS, "embeddings.word_embeddings"),
            Map.entry(POSITIONS, "embeddings.position_embeddings"),
            Map.entry(TYPES, "embeddings.token_type_embeddings"),
            Map.entry(EMBEDDING_NORM, "embeddings.LayerNorm"),
            Map.entry(POOLER, "pooler.dense"),
            Map.entry(QUERY, "attention.self.query"),
            Map.entry(KEY, "attention.self.key"),
            Map.entry(VALUE, "attention.self.value"),
            Map.entry(ATTENTION_OUTPUT, "attention.output.dense"),
            Map.entry(ATTENTION_SUM_NORM, "attention.output.LayerNorm"),
            Map.entry(UP, "intermediate.dense"),
            Map.entry(DOWN, "output.dense"),
            Map.entry(MLP_SUM_NORM, "output.LayerNorm"));

    private static final HeadForm TOKENS = new HeadForm(Input.TOKENS, List.of(output("classifier")));
    private static final HeadForm POOLED = new HeadForm(Input.POOLER, List.of(output("classifier")));

    private static final HeadForm TWO_LAYERS =
            new HeadForm(Input.FIRST, List.of(linear("classifier.dense"), always(TANH), output("classifier.out_proj")));

    private static final HeadForm ROBERTA_WORDS = new HeadForm(
            Input.TOKENS,
            List.of(linear("lm_head.dense"), always(GELU), norm("lm_head.layer_norm"), words("lm_head.bias")));

    private static final HeadForm BERT_WORDS = new HeadForm(
            Input.TOKENS,
            List.of(
                    linear("cls.predictions.transform.dense"),
                    byField("hidden_act"),
                    norm("cls.predictions.transform.LayerNorm"),
                    words("cls.predictions.bias")));

    private static final HeadForm DEBERTA_WORDS = new HeadForm(
            Input.TOKENS,
            List.of(
                    new Step(Kind.TO_EMBEDDING, "cls.predictions.transform.dense"),
                    byField("hidden_act"),
                    norm("cls.predictions.transform.LayerNorm"),
                    words("cls.predictions.bias")));

    private static final HeadForm CONTEXT_POOLER = new HeadForm(
            Input.FIRST, List.of(linear("pooler.dense"), byField("pooler_hidden_act"), output("classifier")));

    private static final List<EncoderFamily> TABLE = List.of(
            bert("bert", "Bert")
                    .named(DISTANCES, "attention.self.distance_embedding")
                    .relative(Relative.DISTANCES)
                    .head(Task.SEQUENCE, POOLED)
                    .head(Task.MASKED_WORDS, BERT_WORDS),
            roberta("roberta", "Roberta", 50_265),
            roberta("xlm-roberta", "XLMRoberta", 30_522),
            roberta("camembert", "Camembert", 30_522),
            new EncoderFamily("distilbert", "DistilBert", "distilbert.", "transformer.layer.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "embeddings.word_embeddings"),
                            Map.entry(POSITIONS, "embeddings.position_embeddings"),
                            Map.entry(EMBEDDING_NORM, "embeddings.LayerNorm"),
                            Map.entry(QUERY, "attention.q_lin"),
                            Map.entry(KEY, "attention.k_lin"),
                            Map.entry(VALUE, "attention.v_lin"),
                            Map.entry(ATTENTION_OUTPUT, "attention.out_lin"),
                            Map.entry(ATTENTION_SUM_NORM, "sa_layer_norm"),
                            Map.entry(UP, "ffn.lin1"),
                            Map.entry(DOWN, "ffn.lin2"),
                            Map.entry(MLP_SUM_NORM, "output_layer_norm")))
                    .scope("attention", "ffn")
                    .sizes(30_522, 768, 6, 12, 3072)
                    .key("hidden_size", "dim")
                    .key("num_hidden_layers", "n_layers")
                    .key("num_attention_heads", "n_heads")
                    .key("intermediate_size", "hidden_dim")
                    .field("hidden_act", "gelu", "activation")
                    .field("max_position_embeddings", 512)
                    .biased(LINEAR)
                    .biased(NORMS)
                    .targets("q_lin", "v_lin")
                    .head(
                            Task.SEQUENCE,
                            new HeadForm(
                                    Input.FIRST, List.of(linear("pre_classifier"), always(RELU), output("classifier"))))
                    .head(Task.TOKENS, TOKENS)
                    .head(
                            Task.MASKED_WORDS,
                            new HeadForm(
                                    Input.TOKENS,
                                    List.of(
                                            linear("vocab_transform"),
                                            byField("hidden_act"),
                                            norm("vocab_layer_norm"),
                                            words("vocab_projector.bias")))),
            bert("mpnet", "MPNet")
                    .sizes(30_527, 768, 12, 12, 3072)
                    .without(TYPES)
                    .named(Map.ofEntries(
                            Map.entry(RELATIVE_TABLE, "encoder.relative_attention_bias"),
                            Map.entry(QUERY, "attention.attn.q"),
                            Map.entry(KEY, "attention.attn.k"),
                            Map.entry(VALUE, "attention.attn.v"),
                            Map.entry(ATTENTION_OUTPUT, "attention.attn.o"),
                            Map.entry(ATTENTION_SUM_NORM, "attention.LayerNorm")))
                    .scope("attention.attn", "intermediate")
                    .unread("position_embedding_type")
                    .unread("type_vocab_size")
                    .countsFromPadding(1)
                    .field("relative_attention_num_buckets", Buckets.MPNET_BUCKETS)
                    .relative(Relative.MPNET_BIAS)
                    .targets("q", "v")
                    .head(Task.SEQUENCE, TWO_LAYERS)
                    .head(Task.MASKED_WORDS, ROBERTA_WORDS),
            bert("electra", "Electra")
                    .sizes(30_522, 256, 12, 4, 1024)
                    .without(POOLER)
                    .named(EMBEDDING_PROJECTION, "embeddings_project")
                    .named(DISTANCES, "attention.self.distance_embedding")
                    .relative(Relative.DISTANCES)
                    .field("embedding_size", 128)
                    .head(
                            Task.SEQUENCE,
                            new HeadForm(
                                    Input.FIRST,
                                    List.of(linear("classifier.dense"), always(GELU), output("classifier.out_proj"))))
                    .head(
                            Task.MASKED_WORDS,
                            new HeadForm(
                                    Input.TOKENS,
                                    List.of(
                                            new Step(Kind.TO_EMBEDDING, "generator_predictions.dense"),
                                            always(GELU),
                                            norm("generator_predictions.LayerNorm"),
                                            words("generator_lm_head.bias"))))
                    .head(
                            Task.REPLACED_WORDS,
                            new HeadForm(
                                    Input.TOKENS,
                                    List.of(
                                            linear("discriminator_predictions.dense"),
                                            byField("hidden_act"),
                                            output("discriminator_predictions.dense_prediction")))),
            bert("albert", "Albert")
                    .sizes(30_000, 4096, 12, 64, 16_384)
                    .named(Map.ofEntries(
                            Map.entry(EMBEDDING_PROJECTION, "encoder.embedding_hidden_mapping_in"),
                            Map.entry(POOLER, "pooler"),
                            Map.entry(QUERY, "attention.query"),
                            Map.entry(KEY, "attention.key"),
                            Map.entry(VALUE, "attention.value"),
                            Map.entry(DISTANCES, "attention.distance_embedding"),
                            Map.entry(ATTENTION_OUTPUT, "attention.dense"),
                            Map.entry(ATTENTION_SUM_NORM, "attention.LayerNorm"),
                            Map.entry(UP, "ffn"),
                            Map.entry(DOWN, "ffn_output"),
                            Map.entry(MLP_SUM_NORM, "full_layer_layer_norm")))
                    .scope("attention", "ffn")
                    .relative(Relative.DISTANCES)
                    .field("hidden_act", "gelu_new")
                    .field("embedding_size", 128)
                    .field("num_hidden_groups", 1)
                    .field("inner_group_num", 1)
                    .alwaysProjects()
                    .head(Task.SEQUENCE, POOLED)
                    .head(
                            Task.MASKED_WORDS,
                            new HeadForm(
                                    Input.TOKENS,
                                    List.of(
                                            new Step(Kind.TO_EMBEDDING, "predictions.dense"),
                                            byField("hidden_act"),
                                            norm("predictions.LayerNorm"),
                                            words("predictions.bias")))),
            deberta("deberta", "Deberta")
                    .sizes(50_265, 768, 12, 12, 3072)
                    .without(QUERY, KEY, VALUE)
                    .named(Map.ofEntries(
                            Map.entry(QUERY_KEY_VALUE, "attention.self.in_proj"),
                            Map.entry(QUERY_BIAS, "attention.self.q_bias"),
                            Map.entry(VALUE_BIAS, "attention.self.v_bias"),
                            Map.entry(POSITION_KEY, "attention.self.pos_proj"),
                            Map.entry(POSITION_QUERY, "attention.self.pos_q_proj"),
                            Map.entry(SCORE_MIXTURE, "attention.self.head_logits_proj"),
                            Map.entry(SHARE_MIXTURE, "attention.self.head_weights_proj")))
                    .field("talking_head", false)
                    .biased(Set.of(POSITION_QUERY))
                    .fusedByHead()
                    .relative(Relative.DISENTANGLED)
                    .targets("in_proj"),
            deberta("deberta-v2", "DebertaV2")
                    .sizes(128_100, 1536, 24, 24, 6144)
                    .named(Map.ofEntries(
                            Map.entry(RELATIVE_NORM, "encoder.LayerNorm"),
                            Map.entry(CONVOLUTION, "encoder.conv.conv"),
                            Map.entry(CONVOLUTION_NORM, "encoder.conv.LayerNorm"),
                            Map.entry(QUERY, "attention.self.query_proj"),
                            Map.entry(KEY, "attention.self.key_proj"),
                            Map.entry(VALUE, "attention.self.value_proj"),
                            Map.entry(POSITION_KEY, "attention.self.pos_key_proj"),
                            Map.entry(POSITION_QUERY, "attention.self.pos_query_proj")))
                    .biased(Set.of(POSITION_KEY, POSITION_QUERY))
                    .field("position_buckets", -1)
                    .field("share_att_key", false)
                    .field("norm_rel_ebd", "none")
                    .field("attention_head_size", null)
                    .field("conv_kernel_size", 0)
                    .field("conv_groups", 1)
                    .field("conv_act", "tanh")
                    .relative(Relative.DISENTANGLED_BUCKETS)
                    .targets("query_proj", "value_proj"),
            new EncoderFamily("modernbert", "ModernBert", "model.", "layers.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "embeddings.tok_embeddings"),
                            Map.entry(EMBEDDING_NORM, "embeddings.norm"),
                            Map.entry(FINAL_NORM, "final_norm"),
                            Map.entry(ATTENTION_NORM, "attn_norm"),
                            Map.entry(QUERY_KEY_VALUE, "attn.Wqkv"),
                            Map.entry(ATTENTION_OUTPUT, "attn.Wo"),
                            Map.entry(MLP_NORM, "mlp_norm"),
                            Map.entry(GATE_AND_UP, "mlp.Wi"),
                            Map.entry(DOWN, "mlp.Wo")))
                    .scope("attn", "mlp")
                    .sizes(50_368, 768, 22, 12, 1152)
                    .field("hidden_act", "gelu", "hidden_activation")
                    .field("max_position_embeddings", 8192)
                    .field("norm_eps", 1e-5)
                    .field("norm_bias", false)
                    .field("attention_bias", false)
                    .field("mlp_bias", false)
                    .field("decoder_bias", true)
                    .field("global_attn_every_n_layers", 3)
                    .field("local_attention", 128)
                    .field("global_rope_theta", 160_000.0)
                    .field("local_rope_theta", 10_000.0)
                    .field("layer_types", null)
                    .field("rope_parameters", null)
                    .field("classifier_pooling", "cls")
                    .field("classifier_activation", "gelu")
                    .field("classifier_bias", false)
                    .field("rope_scaling", null)
                    .biased("norm_bias", NORMS)
                    .biased("attention_bias", ATTENTION)
                    .biased("mlp_bias", MLP)
                    .rotates()
                    .withoutFirstNorm()
                    .targets("Wqkv")
                    .head(Task.SEQUENCE, modernHead(Input.CONFIGURED, output("classifier")))
                    .head(Task.TOKENS, modernHead(Input.TOKENS, output("classifier")))
                    .head(Task.MASKED_WORDS, modernHead(Input.TOKENS, words("decoder.bias"))),
            new EncoderFamily("nomic_bert", "NomicBert", "nomic_bert.", "layers.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "embeddings.word_embeddings"),
                            Map.entry(TYPES, "embeddings.token_type_embeddings"),
                            Map.entry(EMBEDDING_NORM, "embeddings.LayerNorm"),
                            Map.entry(POOLER, "pooler.dense"),
                            Map.entry(QUERY, "self_attn.q_proj"),
                            Map.entry(KEY, "self_attn.k_proj"),
                            Map.entry(VALUE, "self_attn.v_proj"),
                            Map.entry(ATTENTION_OUTPUT, "self_attn.o_proj"),
                            Map.entry(ATTENTION_SUM_NORM, "post_attention_layernorm"),
                            Map.entry(GATE, "mlp.gate_proj"),
                            Map.entry(UP, "mlp.up_proj"),
                            Map.entry(DOWN, "mlp.down_proj"),
                            Map.entry(MLP_SUM_NORM, "post_mlp_layernorm")))
                    .scope("self_attn", "mlp")
                    .storedLayers("bert.", "encoder.layers.")
                    .stored(EMBEDDING_NORM, "emb_ln")
                    .stored(QUERY, "attn.Wqkv", 0, 3)
                    .stored(KEY, "attn.Wqkv", 1, 3)
                    .stored(VALUE, "attn.Wqkv", 2, 3)
                    .stored(ATTENTION_OUTPUT, "attn.out_proj")
                    .stored(ATTENTION_SUM_NORM, "norm1")
                    .stored(UP, "mlp.fc11")
                    .stored(GATE, "mlp.fc12")
                    .stored(DOWN, "mlp.fc2")
                    .stored(MLP_SUM_NORM, "norm2")
                    .sizes(30_528, 768, 12, 12, 3072)
                    .orKey("hidden_size", "n_embd")
                    .orKey("num_hidden_layers", "n_layer")
                    .orKey("num_attention_heads", "n_head")
                    .orKey("intermediate_size", "n_inner")
                    .orKey("max_position_embeddings", "n_positions")
                    .orKey("norm_eps", "layer_norm_epsilon")
                    .orKey("rope_theta", "rotary_emb_base")
                    .orKey("hidden_act", "activation_function")
                    .field("hidden_act", "silu")
                    .field("max_position_embeddings", 2048)
                    .field("type_vocab_size", 2)
                    .field("norm_eps", 1e-12, "layer_norm_eps")
                    .field("head_dim", null)
                    .field("rope_theta", 1000.0)
                    .field("rope_scaling", null)
                    .field("rope_parameters", null)
                    .field("pad_vocab_size_multiple", 1)
                    .only("prenorm", false)
                    .only("parallel_block", false)
                    .only("causal", false)
                    .only("use_rms_norm", false)
                    .only("moe_every_n_layers", 0, -1)
                    .only("scale_attn_weights", true)
                    .only("scale_attn_by_inverse_layer_idx", false)
                    .only("qkv_proj_bias", false)
                    .only("mlp_fc1_bias", false)
                    .only("mlp_fc2_bias", false)
                    .only("rotary_emb_fraction", 1.0)
                    .only("rotary_emb_interleaved", false)
                    .only("rotary_emb_scale_base")
                    .only("rotary_scaling_factor")
                    .biased(Set.of(POOLER))
                    .biased(NORMS)
                    .rotates()
                    .knownByShape()
                    .targets("q_proj", "v_proj")
                    .head(Task.SEQUENCE, POOLED)
                    .head(Task.TOKENS, TOKENS)
                    .head(Task.MASKED_WORDS, BERT_WORDS),
            new EncoderFamily("new", "New", "new.", "encoder.layer.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "embeddings.word_embeddings"),
                            Map.entry(TYPES, "embeddings.token_type_embeddings"),
                            Map.entry(EMBEDDING_NORM, "embeddings.LayerNorm"),
                            Map.entry(POOLER, "pooler.dense"),
                            Map.entry(QUERY_KEY_VALUE, "attention.qkv_proj"),
                            Map.entry(QUERY, "attention.q_proj"),
                            Map.entry(KEY, "attention.k_proj"),
                            Map.entry(VALUE, "attention.v_proj"),
                            Map.entry(ATTENTION_OUTPUT, "attention.o_proj"),
                            Map.entry(ATTENTION_SUM_NORM, "attn_ln"),
                            Map.entry(UP_AND_GATE, "mlp.up_gate_proj"),
                            Map.entry(DOWN, "mlp.down_proj"),
                            Map.entry(MLP_SUM_NORM, "mlp_ln")))
                    .scope("attention", "mlp")
                    .sizes(30_528, 768, 12, 12, 3072)
                    .field("hidden_act", "gelu")
                    .field("max_position_embeddings", 2048)
                    .field("type_vocab_size", 1)
                    .field("norm_eps", 1e-12, "layer_norm_eps")
                    .field("layer_norm_type", "layer_norm")
                    .field("pack_qkv", true)
                    .field("rope_theta", 10_000.0)
                    .only("rope_parameters")
                    .field("rope_scaling", null)
                    .only("position_embedding_type", "rope")
                    .only("logn_attention_scale", false)
                    .biased(ATTENTION)
                    .biased(Set.of(POOLER, DOWN))
                    .biased(NORMS)
                    .rotates()
                    .knownByShape()
                    .targets("qkv_proj", "q_proj", "v_proj")
                    .head(Task.SEQUENCE, POOLED)
                    .head(Task.TOKENS, TOKENS)
                    .head(
                            Task.MASKED_WORDS,
                            new HeadForm(
                                    Input.TOKENS,
                                    List.of(
                                            linear("lm_head.dense"),
                                            byField("hidden_act"),
                                            norm("lm_head.norm"),
                                            words("lm_head.decoder.bias")))),
            new EncoderFamily("t5", "T5", "transformer.", "encoder.block.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "shared"),
                            Map.entry(RELATIVE_TABLE, "encoder.block.0.layer.0.SelfAttention.relative_attention_bias"),
                            Map.entry(FINAL_NORM, "encoder.final_layer_norm"),
                            Map.entry(ATTENTION_NORM, "layer.0.layer_norm"),
                            Map.entry(QUERY, "layer.0.SelfAttention.q"),
                            Map.entry(KEY, "layer.0.SelfAttention.k"),
                            Map.entry(VALUE, "layer.0.SelfAttention.v"),
                            Map.entry(ATTENTION_OUTPUT, "layer.0.SelfAttention.o"),
                            Map.entry(MLP_NORM, "layer.1.layer_norm"),
                            Map.entry(GATE, "layer.1.DenseReluDense.wi_0"),
                            Map.entry(UP, "layer.1.DenseReluDense.wi"),
                            Map.entry(DOWN, "layer.1.DenseReluDense.wo")))
                    .scope("layer.0.SelfAttention", "layer.1.DenseReluDense")
                    .bareClass("T5EncoderModel")
                    .whenGated(UP, "layer.1.DenseReluDense.wi_1")
                    .stored(WORDS, "encoder.embed_tokens")
                    .ignored("encoder.embed_tokens.weight", "decoder.", "lm_head.")
                    .sizes(32_128, 512, 6, 8, 2048)
                    .key("hidden_size", "d_model")
                    .key("num_hidden_layers", "num_layers")
                    .key("num_attention_heads", "num_heads")
                    .key("intermediate_size", "d_ff")
                    .field("head_dim", 64, "d_kv")
                    .field("feed_forward_proj", "relu")
                    .field("dense_act_fn", null)
                    .field("is_gated_act", null)
                    .ofEncoderAndDecoder()
                    .field("max_position_embeddings", 512, "n_positions")
                    .field("norm_eps", 1e-6, "layer_norm_epsilon")
                    .field("relative_attention_num_buckets", 32)
                    .field("relative_attention_max_distance", 128)
                    .rms(NORMS)
                    .unscaled()
                    .relative(Relative.T5_BIAS)
                    .targets("q", "v")
                    .head(Task.TOKENS, TOKENS),
            new EncoderFamily("qwen3", "Qwen3", "model.", "layers.")
                    .named(Map.ofEntries(
                            Map.entry(WORDS, "embed_tokens"),
                            Map.entry(FINAL_NORM, "norm"),
                            Map.entry(ATTENTION_NORM, "input_layernorm"),
                            Map.entry(QUERY, "self_attn.q_proj"),
                            Map.entry(KEY, "self_attn.k_proj"),
                            Map.entry(VALUE, "self_attn.v_proj"),
                            Map.entry(QUERY_NORM, "self_attn.q_norm"),
                            Map.entry(KEY_NORM, "self_attn.k_norm"),
                            Map.entry(ATTENTION_OUTPUT, "self_attn.o_proj"),
                            Map.entry(MLP_NORM, "post_attention_layernorm"),
                            Map.entry(GATE, "mlp.gate_proj"),
                            Map.entry(UP, "mlp.up_proj"),
                            Map.entry(DOWN, "mlp.down_proj")))
                    .scope("self_attn", "mlp")
                    .ignored("lm_head.")
                    .sizes(151_936, 4096, 32, 32, 22_016)
                    .field("num_key_value_heads", 32)
                    .field("head_dim", 128)
                    .field("hidden_act", "silu")
                    .field("max_position_embeddings", 32_768)
                    .field("norm_eps", 1e-6, "rms_norm_eps")
                    .field("attention_bias", false)
                    .field("rope_theta", 10_000.0)
                    .field("rope_parameters", null)
                    .field("rope_scaling", null)
                    .field("layer_types", null)
                    .only("use_sliding_window", false)
                    .only("is_causal", true)
                    .only("use_bidirectional_attention", false)
                    .biased("attention_bias", ATTENTION)
                    .rms(NORMS)
                    .rotates()
                    .causal()
                    .targets("q_proj", "v_proj")
                    .field("pad_token_id", null)
                    .head(Task.SEQUENCE, new HeadForm(Input.LAST, List.of(score("score"))))
                    .head(Task.TOKENS, new HeadForm(Input.TOKENS, List.of(output("score")))));

    private static final Map<String, EncoderFamily> BY_TYPE = new LinkedHashMap<>();

    static {
        TABLE.forEach(family -> BY_TYPE.put(family.modelType, family));
    }

    private final String modelType;
    private final String className;
    private final String prefix;
    private final String layers;
    private final Map<EncoderPart, String> names = new EnumMap<>(EncoderPart.class);
    private final Map<EncoderPart, String> namesWhenGated = new EnumMap<>(EncoderPart.class);
    private final Map<EncoderPart, StoredPart> stored = new EnumMap<>(EncoderPart.class);
    private final Map<EncoderPart, String> biases = new EnumMap<>(EncoderPart.class);
    private final Map<String, Object> defaults = new HashMap<>();
    private final Map<String, String> keys = new HashMap<>();
    private final Map<String, String> otherKeys = new HashMap<>();
    private final FixedFields fixed = new FixedFields();
    private final Map<Task, FixedFields> fixedOfHeads = new EnumMap<>(Task.class);
    private final Map<Task, HeadForm> heads = new EnumMap<>(Task.class);
    private final Set<EncoderPart> rms = EnumSet.noneOf(EncoderPart.class);
    private String bareClass;
    private String attentionScope = "attention.self";
    private String mlpScope = "intermediate";
    private String storedPrefix = "";
    private String storedLayers = "";
    private List<String> ignored = List.of();
    private List<String> targets = List.of("query", "value");
    private Relative relative = Relative.NONE;
    private boolean countsFromPadding;
    private boolean fusedByHead;
    private boolean alwaysProjects;
    private boolean projectsBeforeNorm;
    private boolean masksEmbeddings;
    private boolean rotates;
    private boolean scaled = true;
    private boolean causal;
    private boolean withoutFirstNorm;
    private boolean knownByShape;

    private EncoderFamily(String modelType, String className, String prefix, String layers) {
        this.modelType = modelType;
        this.className = className;
        this.bareClass = className + "Model";
        this.prefix = prefix;
        this.layers = layers;
        only("is_encoder_decoder", false);
    }

    private static EncoderFamily bert(String modelType, String className) {
        return new EncoderFamily(modelType, className, modelType + ".", "encoder.layer.")
                .named(BERT_NAMES)
                .sizes(30_522, 768, 12, 12, 3072)
                .field("hidden_act", "gelu")
                .field("max_position_embeddings", 512)
                .field("type_vocab_size", 2)
                .field("norm_eps", 1e-12, "layer_norm_eps")
                .field("position_embedding_type", "absolute")
                .biased(LINEAR)
                .biased(NORMS)
                .head(Task.TOKENS, TOKENS);
    }

    private static EncoderFamily roberta(String modelType, String className, int vocabulary) {
        EncoderFamily row = bert(modelType, className);
        EncoderFamily family = new EncoderFamily(modelType, className, "roberta.", row.layers);
        family.names.putAll(row.names);
        family.defaults.putAll(row.defaults);
        family.keys.putAll(row.keys);
        family.biases.putAll(row.biases);
        family.heads.putAll(row.heads);
        return family.field("vocab_size", vocabulary)
                .named(DISTANCES, "attention.self.distance_embedding")
                .relative(Relative.DISTANCES)
                .countsFromPadding(1)
                .head(Task.SEQUENCE, TWO_LAYERS)
                .head(Task.MASKED_WORDS, ROBERTA_WORDS);
    }

    private static EncoderFamily deberta(String modelType, String className) {
        EncoderFamily family = new EncoderFamily(modelType, className, "deberta.", "encoder.layer.").named(BERT_NAMES);
        return family.without(POOLER)
                .named(EMBEDDING_PROJECTION, "embeddings.embed_proj")
                .named(RELATIVE_TABLE, "encoder.rel_embeddings")
                .field("hidden_act", "gelu")
                .field("max_position_embeddings", 512)
                .field("type_vocab_size", 0)
                .field("norm_eps", 1e-7, "layer_norm_eps")
                .field("embedding_size", null)
                .field("position_biased_input", true)
                .field("relative_attention", false)
                .field("max_relative_positions", -1)
                .field("pos_att_type", null)
                .field("pooler_hidden_act", "gelu")
                .biased(LINEAR)
                .biased(NORMS)
                .unbiased(EMBEDDING_PROJECTION)
                .projectsBeforeNorm()
                .masksEmbeddings()
                .onlyFor(Task.MASKED_WORDS, "legacy", true)
                .head(Task.SEQUENCE, CONTEXT_POOLER)
                .head(Task.TOKENS, TOKENS)
                .head(Task.MASKED_WORDS, DEBERTA_WORDS);
    }

    private static HeadForm modernHead(Input input, Step last) {
        return new HeadForm(
                input, List.of(linear("head.dense"), byField("classifier_activation"), norm("head.norm"), last));
    }

    /**
     * A row that reads no tokens and so is not of the table: layers between embeddings that come from elsewhere and a final norm.
     *
     * @param names of its parts
     * @param attention what attention's variables are named after
     * @param mlp the same for the feed-forward part
     */
    public static EncoderFamily ofEmbeddings(
            String modelType, String className, Map<EncoderPart, String> names, String attention, String mlp) {
        return new EncoderFamily(modelType, className, modelType + ".", "encoder.layer.")
                .named(names)
                .scope(attention, mlp);
    }

    /** The family of a {@code model_type}. */
    public static Optional<EncoderFamily> of(String modelType) {
        return Optional.ofNullable(BY_TYPE.get(modelType));
    }

    /** Every {@code model_type} that can be read. */
    public static Collection<String> modelTypes() {
        return Collections.unmodifiableSet(BY_TYPE.keySet());
    }

    /** The {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /**
     * A Python class of the family.
     *
     * @param suffix how its name ends; {@code Model} for the encoder alone
     * @return for example {@code DebertaV2ForTokenClassification}
     */
    public String className(String suffix) {
        return suffix.equals("Model") ? bareClass : className + suffix;
    }

    /** What models with a head put before the path of an encoder's module. */
    public String prefix() {
        return prefix;
    }

    /** What files may have before the names of tensors, the most likely first. */
    public List<String> prefixesInFiles() {
        return storedPrefix.isEmpty() ? List.of(prefix) : List.of(prefix, storedPrefix);
    }

    /** What LoRA adapts where the caller does not say: PEFT's choice, or where it has none that of published recipes. */
    public List<String> targets() {
        return targets;
    }

    /** How a head is computed, if there is one for the task. */
    public Optional<HeadForm> head(Task task) {
        return Optional.ofNullable(heads.get(task));
    }

    /** All heads. */
    public Map<Task, HeadForm> heads() {
        return Collections.unmodifiableMap(heads);
    }

    /** Starts of names of tensors that are of no use to an encoder. */
    public List<String> ignored() {
        return ignored;
    }

    /** Whether code of the model's own computes what is known here. */
    boolean isKnownByShape() {
        return knownByShape;
    }

    /** Fields of which not all values are computed. */
    FixedFields fixed() {
        return fixed;
    }

    /** The same for those that only change a head. */
    FixedFields fixed(Task task) {
        return fixedOfHeads.getOrDefault(task, new FixedFields());
    }

    /** The fields of its config that are read, by the names that all families have for them. */
    Set<String> fields() {
        return Collections.unmodifiableSet(defaults.keySet());
    }

    Set<EncoderPart> parts() {
        return names.keySet();
    }

    /** The path of a part, within a layer for those of layers. */
    String name(EncoderPart part, boolean gated) {
        return gated ? namesWhenGated.getOrDefault(part, names.get(part)) : names.get(part);
    }

    String layers() {
        return layers;
    }

    /** Within a layer, what attention is called; names of its steps begin so. */
    String attentionScope() {
        return attentionScope;
    }

    String mlpScope() {
        return mlpScope;
    }

    Relative relative() {
        return relative;
    }

    boolean isFusedByHead() {
        return fusedByHead;
    }

    boolean isAlwaysProjected() {
        return alwaysProjects;
    }

    boolean isProjectedBeforeNorm() {
        return projectsBeforeNorm;
    }

    boolean hasMaskedEmbeddings() {
        return masksEmbeddings;
    }

    boolean isRotated() {
        return rotates;
    }

    boolean isScaled() {
        return scaled;
    }

    boolean isCausal() {
        return causal;
    }

    boolean isWithoutFirstNorm() {
        return withoutFirstNorm;
    }

    boolean countsFromPadding() {
        return countsFromPadding;
    }

    boolean isRms(EncoderPart part) {
        return rms.contains(part);
    }

    /** Whether files have names of their own for most tensors. */
    public boolean isStoredOtherwise() {
        return !storedLayers.isEmpty();
    }

    /** Where files hold a tensor of a part, if under another name. */
    Optional<Stored> stored(EncoderPart part, String layerNumber, String parameter) {
        StoredPart other = stored.get(part);
        if (other == null) {
            return Optional.empty();
        }
        String name = part.perLayer() ? storedLayers + layerNumber + "." + other.name() : other.name();
        return Optional.of(new Stored(name + "." + parameter, other.piece(), other.of()));
    }

    /** The field that says whether a part has a bias; empty text if it always has one. */
    Optional<String> bias(EncoderPart part) {
        return Optional.ofNullable(biases.get(part));
    }

    boolean reads(String field) {
        return defaults.containsKey(field);
    }

    /** The name of a field in files of this family. */
    String key(String field) {
        return keys.getOrDefault(field, field);
    }

    /** What published files of this family call the field, too. */
    Optional<String> otherKey(String field) {
        return Optional.ofNullable(otherKeys.get(field));
    }

    Object fallback(String field) {
        return defaults.get(field);
    }

    private EncoderFamily named(Map<EncoderPart, String> more) {
        names.putAll(more);
        return this;
    }

    private EncoderFamily named(EncoderPart part, String name) {
        names.put(part, name);
        return this;
    }

    private EncoderFamily bareClass(String name) {
        bareClass = name;
        return this;
    }

    private EncoderFamily whenGated(EncoderPart part, String name) {
        namesWhenGated.put(part, name);
        return this;
    }

    private EncoderFamily without(EncoderPart... parts) {
        Arrays.asList(parts).forEach(names::remove);
        return this;
    }

    private EncoderFamily scope(String attention, String mlp) {
        attentionScope = attention;
        mlpScope = mlp;
        return this;
    }

    private EncoderFamily sizes(int vocabulary, int hidden, int layerCount, int headCount, int intermediate) {
        return field("vocab_size", vocabulary)
                .field("hidden_size", hidden)
                .field("num_hidden_layers", layerCount)
                .field("num_attention_heads", headCount)
                .field("intermediate_size", intermediate);
    }

    private EncoderFamily field(String name, Object fallback) {
        defaults.put(name, fallback);
        return this;
    }

    private EncoderFamily field(String name, Object fallback, String key) {
        return key(name, key).field(name, fallback);
    }

    /** Files are those of an encoder with a decoder, of which the encoder is taken. */
    private EncoderFamily ofEncoderAndDecoder() {
        fixed.remove("is_encoder_decoder");
        return this;
    }

    private EncoderFamily unread(String name) {
        defaults.remove(name);
        return this;
    }

    private EncoderFamily key(String name, String key) {
        keys.put(name, key);
        return this;
    }

    private EncoderFamily orKey(String name, String key) {
        otherKeys.put(name, key);
        return this;
    }

    private EncoderFamily only(String name, Object... allowed) {
        fixed.only(name, allowed);
        return this;
    }

    private EncoderFamily onlyFor(Task head, String name, Object... allowed) {
        fixedOfHeads.computeIfAbsent(head, task -> new FixedFields()).only(name, allowed);
        return this;
    }

    private EncoderFamily biased(Set<EncoderPart> parts) {
        return biased("", parts);
    }

    private EncoderFamily biased(String field, Set<EncoderPart> parts) {
        parts.forEach(part -> biases.put(part, field));
        return this;
    }

    private EncoderFamily unbiased(EncoderPart part) {
        biases.remove(part);
        return this;
    }

    private EncoderFamily rms(Set<EncoderPart> parts) {
        rms.addAll(parts);
        return this;
    }

    private EncoderFamily storedLayers(String before, String itsLayers) {
        storedPrefix = before;
        storedLayers = itsLayers;
        return this;
    }

    private EncoderFamily stored(EncoderPart part, String name) {
        return stored(part, name, 0, 1);
    }

    private EncoderFamily stored(EncoderPart part, String name, int piece, int of) {
        stored.put(part, new StoredPart(name, piece, of));
        return this;
    }

    private EncoderFamily ignored(String... starts) {
        ignored = List.of(starts);
        return this;
    }

    private EncoderFamily targets(String... names) {
        targets = List.of(names);
        return this;
    }

    private EncoderFamily head(Task task, HeadForm form) {
        heads.put(task, form);
        return this;
    }

    private EncoderFamily relative(Relative kind) {
        relative = kind;
        return this;
    }

    private EncoderFamily countsFromPadding(int paddingId) {
        countsFromPadding = true;
        return field("pad_token_id", paddingId);
    }

    private EncoderFamily fusedByHead() {
        fusedByHead = true;
        return this;
    }

    private EncoderFamily alwaysProjects() {
        alwaysProjects = true;
        return this;
    }

    private EncoderFamily projectsBeforeNorm() {
        projectsBeforeNorm = true;
        return this;
    }

    private EncoderFamily masksEmbeddings() {
        masksEmbeddings = true;
        return this;
    }

    private EncoderFamily rotates() {
        rotates = true;
        return only("partial_rotary_factor", 1);
    }

    private EncoderFamily unscaled() {
        scaled = false;
        return this;
    }

    private EncoderFamily causal() {
        causal = true;
        return this;
    }

    private EncoderFamily withoutFirstNorm() {
        withoutFirstNorm = true;
        return this;
    }

    private EncoderFamily knownByShape() {
        knownByShape = true;
        return this;
    }

    @Override
    public String toString() {
        return modelType;
    }
}
