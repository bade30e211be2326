/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeftKeysTest {

    private static final String QUERY = "encoder.layer.0.attention.self.query";

    @Test
    void factor_ofALinearModule_isPeftsKey() {
        assertThat(PeftKeys.factor(QUERY, PeftTensor.LORA_A))
                .isEqualTo("base_model.model.encoder.layer.0.attention.self.query.lora_A.weight");
    }

    @Test
    void factor_ofAnEmbedding_hasNoWeight() {
        assertThat(PeftKeys.factor("embed", PeftTensor.EMBEDDING_B))
                .isEqualTo("base_model.model.embed.lora_embedding_B");
    }

    @ParameterizedTest
    @CsvSource({
        "lora_A.weight, LORA, false",
        "lora_B.weight, LORA, false",
        "lora_embedding_A, LORA, false",
        "lora_embedding_B, LORA, false",
        "lora_B.bias, LORA, false",
        "lora_magnitude_vector, LORA, false",
        "lora_diag, LORA, false",
        "token_adapter.trainable_tokens_delta, LORA, false",
        "trainable_tokens_delta, TRAINABLE_TOKENS, false",
        "ia3_l, IA3, false",
        "hada_t1, LOHA, false",
        "hada_t2, LOHA, false",
        "hada_w1_a, LOHA, false",
        "hada_w1_b, LOHA, false",
        "hada_w2_a, LOHA, false",
        "hada_w2_b, LOHA, false",
        "lokr_w1, LOKR, false",
        "lokr_w1_a, LOKR, false",
        "lokr_w1_b, LOKR, false",
        "lokr_w2, LOKR, false",
        "lokr_w2_a, LOKR, false",
        "lokr_w2_b, LOKR, false",
        "lokr_t2, LOKR, false",
        "miss_block, MISS, false",
        "hira_A, HIRA, false",
        "hira_B, HIRA, false",
        "hira_embedding_A, HIRA, false",
        "hira_embedding_B, HIRA, false",
        "vera_lambda_b, VERA, false",
        "vera_lambda_d, VERA, false",
        "vera_A, VERA, false",
        "vera_B, VERA, false",
        "pvera_lambda_b, PVERA, false",
        "pvera_lambda_d, PVERA, false",
        "pvera_A, PVERA, false",
        "pvera_B, PVERA, false",
        "randlora_lambda, RANDLORA, false",
        "randlora_gamma, RANDLORA, false",
        "randlora_A, RANDLORA, false",
        "randlora_B, RANDLORA, false",
        "shira_weight, SHIRA, false",
        "shira_indices, SHIRA, true",
        "lora_A, ADALORA, false",
        "lora_B, ADALORA, false",
        "lora_E, ADALORA, false",
        "gralora_A, GRALORA, false",
        "gralora_B, GRALORA, false",
        "gralora_A_general.weight, GRALORA, false",
        "gralora_B_general.weight, GRALORA, false",
        "delora_A, DELORA, false",
        "delora_B, DELORA, false",
        "delora_lambda, DELORA, false",
        "delora_w_norm, DELORA, false",
        "c3a_kernel, C3A, false",
        "road_theta, ROAD, false",
        "road_alpha, ROAD, false",
        "oft_R.weight, OFT, false",
        "hra_u, HRA, false",
        "boft_R, BOFT, false",
        "boft_s, BOFT, false",
        "fourierft_spectrum, FOURIERFT, false",
        "fourierft_indices, FOURIERFT, true",
        "vblora_logits_A, VBLORA, false",
        "vblora_logits_B, VBLORA, false",
        "vblora_logits_A_topk_indices, VBLORA, true",
        "vblora_logits_B_topk_indices, VBLORA, true",
        "vblora_logits_A_topk_weights, VBLORA, false",
        "vblora_logits_B_topk_weights, VBLORA, false",
        "vblora_vector_bank, VBLORA, false"
    })
    void parse_ofAFactorsKey_givesTheFactorBack(String suffix, String type, boolean integers) {
        PeftTensor tensor = new PeftTensor(suffix, type, integers);

        assertThat(PeftTensor.ofSuffix(suffix)).contains(tensor);
        assertThat(PeftKeys.parse(PeftKeys.factor(QUERY, tensor))).isEqualTo(new PeftKey.Factor(QUERY, tensor));
        assertThat(PeftKeys.isInteger(PeftKeys.factor(QUERY, tensor))).isEqualTo(integers);
    }

    @ParameterizedTest
    @CsvSource({
        "lora_A.weight, lora_B.weight",
        "lora_B.weight, lora_A.weight",
        "lora_embedding_A, lora_embedding_B",
        "lora_embedding_B, lora_embedding_A",
        "lora_B.bias, lora_B.weight",
        "lora_magnitude_vector,",
        "token_adapter.trainable_tokens_delta,"
    })
    void partner_isTheTensorThatMustBeThere(String tensor, String partner) {
        assertThat(PeftTensor.ofSuffix(tensor).orElseThrow().partner().map(PeftTensor::suffix))
                .isEqualTo(Optional.ofNullable(partner));
    }

    @ParameterizedTest
    @CsvSource({
        "base_model.model.mha.base_layer.out_proj.lora_A.weight, mha.base_layer.out_proj, mha, mha.out_proj",
        "base_model.model.x.experts.base_layer.lora_A.weight, x.experts.base_layer, x.experts, x.experts",
        "base_model.model.x.experts.lora_A.weight, x.experts, x.experts, x.experts"
    })
    void parse_ofANestedFactor_keepsTheNesting(String key, String path, String wrapper, String plain) {
        assertThat(PeftKeys.parse(key)).isEqualTo(new PeftKey.Factor(path, PeftTensor.LORA_A));
        assertThat(PeftKeys.wrapperOf(path)).isEqualTo(wrapper);
        assertThat(PeftKeys.withoutWrappers(path)).isEqualTo(plain);
    }

    @Test
    void saved_withinANestedModule_namesEveryWrapper() {
        String key = "base_model.model.mha.base_layer.out_proj.base_layer.bias";

        assertThat(PeftKeys.saved("mha.out_proj.bias", Set.of("mha", "mha.base_layer.out_proj")))
                .isEqualTo(key);
        assertThat(PeftKeys.parse(key)).isEqualTo(new PeftKey.Saved("mha.out_proj.bias", true));
    }

    @ParameterizedTest
    @CsvSource({
        "base_model.model.classifier.weight, classifier.weight, false",
        "base_model.model.fc1.base_layer.bias, fc1.bias, true",
        "base_model.model.model.embed_tokens.base_layer.weight, model.embed_tokens.weight, true",
        "base_model.model.logit_scale, logit_scale, false"
    })
    void parse_ofAParameter_givesItsPathInTheBase(String key, String path, boolean adapted) {
        assertThat(PeftKeys.parse(key)).isEqualTo(new PeftKey.Saved(path, adapted));
    }

    @Test
    void saved_ofAnAdaptedModule_hasBaseLayer() {
        assertThat(PeftKeys.saved("fc1.bias", Set.of("fc1"))).isEqualTo("base_model.model.fc1.base_layer.bias");
        assertThat(PeftKeys.saved("fc3.bias", Set.of("fc1"))).isEqualTo("base_model.model.fc3.bias");
        assertThat(PeftKeys.saved("scale", Set.of("fc1"))).isEqualTo("base_model.model.scale");
    }

    @ParameterizedTest
    @CsvSource({
        "base_model.model.fc3.modules_to_save.bias, fc3.bias",
        "base_model.model.fc3.original_module.bias, fc3.bias"
    })
    void parse_ofPeftsSecondCopies_namesTheParameter(String key, String path) {
        assertThat(PeftKeys.parse(key)).isEqualTo(new PeftKey.Copy(path));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model.fc1.lora_A.weight | does not begin with",
                "base_model.other_A | does not begin with",
                "base_model.model. | empty part",
                "base_model.model..lora_A.weight | empty part",
                "base_model.model.a..b | empty part",
                "base_model.model.lora_A.weight | no tensor of LoRA",
                "base_model.model.fc1.lora_C.weight | no tensor of LoRA",
                "base_model.model.fc1.lora_A.default.weight | no tensor of LoRA",
                "base_model.model.base_layer.lora_A.weight | without a wrapper",
                "base_model.model.fc1.base_layer.scales | other than weight and bias"
            })
    void parse_ofWhatIsNotUnderstood_saysWhy(String key, String reason) {
        assertThat(PeftKeys.parse(key))
                .asInstanceOf(type(PeftKey.Unknown.class))
                .extracting(PeftKey.Unknown::reason)
                .asString()
                .contains(reason);
    }
}
