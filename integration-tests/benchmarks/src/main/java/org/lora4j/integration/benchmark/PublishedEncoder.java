/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.lora4j.integration.benchmark.TorchForm.Part.*;
import static org.lora4j.integration.benchmark.TorchForm.ofBert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.integration.benchmark.TorchForm.Places;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.nd4j.linalg.api.buffer.DataType;

/** A family of encoders at the size of its published base model, cut to six layers, with random weights. */
enum PublishedEncoder {
    /** BERT, what the others are compared with. */
    BERT(ofBert(30_522, 768, Places.TABLE, TYPES, BIASES), """
            {"model_type": "bert"}"""),
    /** DistilBERT. */
    DISTILBERT(ofBert(30_522, 768, Places.TABLE, BIASES), """
            {"model_type": "distilbert"}"""),
    /** MPNet. */
    MPNET(ofBert(30_527, 768, Places.BIAS, BIASES), """
            {"model_type": "mpnet"}"""),
    /** ELECTRA. */
    ELECTRA(ofBert(30_522, 768, Places.TABLE, TYPES, BIASES), """
            {"model_type": "electra", "embedding_size": 768, "hidden_size": 768, "num_attention_heads": 12,
             "intermediate_size": 3072}"""),
    /** ALBERT. */
    ALBERT(
            ofBert(30_000, 768, Places.TABLE, TYPES, BIASES, ONE_LAYER)
                    .embedding(128)
                    .feedForward(3072, PublishedEncoder::geluByTanh),
            """
            {"model_type": "albert", "vocab_size": 30000, "hidden_size": 768, "num_attention_heads": 12,
             "intermediate_size": 3072}"""),
    /** The first DeBERTa. */
    DEBERTA(ofBert(50_265, 768, Places.OWN_ROWS, BIASES, FUSED_ATTENTION), """
            {"model_type": "deberta", "relative_attention": true, "pos_att_type": ["c2p", "p2c"], "position_biased_input": false}"""),
    /** DeBERTa of version 3. */
    DEBERTA_V3(ofBert(128_100, 768, Places.SHARED_ROWS, BIASES), """
            {"model_type": "deberta-v2", "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072,
             "relative_attention": true, "pos_att_type": "p2c|c2p", "position_buckets": 256, "share_att_key": true,
             "norm_rel_ebd": "layer_norm", "position_biased_input": false}"""),
    /** ModernBERT. */
    MODERNBERT(
            ofBert(50_368, 768, Places.TURNED, NORM_BEFORE, GATED, FUSED_ATTENTION, FUSED_GATE)
                    .feedForward(1152, torch::gelu),
            """
            {"model_type": "modernbert"}"""),
    /** Nomic's BERT. */
    NOMIC_BERT(ofBert(30_528, 768, Places.TURNED, TYPES, GATED).feedForward(3072, torch::silu), """
            {"model_type": "nomic_bert"}"""),
    /** GTE. */
    GTE(ofBert(30_528, 768, Places.TURNED, TYPES, GATED, FUSED_ATTENTION, FUSED_GATE), """
            {"model_type": "new"}"""),
    /** The encoder of T5. */
    T5(ofBert(32_128, 768, Places.BIAS, RMS, NORM_BEFORE).feedForward(3072, torch::relu), """
            {"model_type": "t5", "d_model": 768, "d_ff": 3072, "num_heads": 12}"""),
    /** Qwen3-Embedding-0.6B. */
    QWEN3(
            ofBert(151_669, 1024, Places.TURNED, RMS, NORM_BEFORE, HEAD_NORMS, GATED, CAUSAL)
                    .heads(16, 8, 128)
                    .feedForward(3072, torch::silu),
            """
            {"model_type": "qwen3", "vocab_size": 151669, "hidden_size": 1024, "intermediate_size": 3072,
             "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128}""");

    private final TorchForm form;
    private final String config;

    PublishedEncoder(TorchForm form, String config) {
        this.form = form;
        this.config = config;
    }

    private static Tensor geluByTanh(Tensor x) {
        return torch.gelu(x, "tanh");
    }

    TorchForm form() {
        return form;
    }

    String key() {
        return name().toLowerCase(Locale.ROOT).replace("_", "");
    }

    /** The same sizes of layers as {@link #form}. */
    EncoderWeights weights() throws IOException {
        Path file = Files.createTempFile("config", ".json");
        try {
            String layers = ", \"num_hidden_layers\": 6, \"n_layers\": 6, \"num_layers\": 6}";
            Files.writeString(file, config.strip().replaceAll("}$", layers));
            return EncoderWeights.random(EncoderConfig.read(file), MiniLmModels.SEED, DataType.FLOAT);
        } finally {
            Files.delete(file);
        }
    }
}
