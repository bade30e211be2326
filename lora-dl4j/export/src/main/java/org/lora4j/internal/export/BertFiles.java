/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;

/**
 * A BERT-family encoder as Hugging Face Transformers names and shapes it: {@code config.json}, and tensors in PyTorch's layout.
 *
 * @apiNote Status: internal
 */
public final class BertFiles {

    private static final double DROPOUT = 0.1;
    private static final double INITIALIZER_RANGE = 0.02;

    private static final Set<String> FAMILIES = Set.of("bert", "roberta", "xlm-roberta", "camembert");

    private BertFiles() {}

    /**
     * Whether this class writes the config of an encoder.
     *
     * @return false for families that have other fields, and for relative positions
     */
    public static boolean canDescribe(EncoderWeights weights) {
        return FAMILIES.contains(weights.config().modelType())
                && weights.tensors().containsKey("embeddings.position_embeddings.weight");
    }

    /**
     * The class of Transformers, without its task.
     *
     * @return {@code Bert}, or {@code Roberta} where positions begin behind the padding id
     */
    public static String family(EncoderConfig config) {
        return config.positions().paddingId().isPresent() ? "Roberta" : "Bert";
    }

    /**
     * The fields of {@code config.json}. Dropout, which no tensor tells, is what all published models have.
     *
     * @param architecture the class, such as {@code BertModel}
     * @param type PyTorch's name of the element type
     */
    public static Map<String, Object> config(EncoderConfig config, String architecture, String type) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("architectures", List.of(architecture));
        fields.put("attention_probs_dropout_prob", DROPOUT);
        fields.put("hidden_act", config.activation());
        fields.put("hidden_dropout_prob", DROPOUT);
        fields.put("hidden_size", config.hidden());
        fields.put("initializer_range", INITIALIZER_RANGE);
        fields.put("intermediate_size", config.intermediate());
        fields.put("layer_norm_eps", config.layerNormEpsilon());
        fields.put("max_position_embeddings", config.maxPositions());
        fields.put("model_type", config.positions().paddingId().isPresent() ? "roberta" : "bert");
        fields.put("num_attention_heads", config.heads());
        fields.put("num_hidden_layers", config.layers());
        fields.put("pad_token_id", config.positions().paddingId().orElse(0));
        fields.put("position_embedding_type", "absolute");
        fields.put("torch_dtype", type);
        fields.put("type_vocab_size", config.typeVocabulary());
        fields.put("use_cache", true);
        fields.put("vocab_size", config.vocabulary());
        return fields;
    }
}
