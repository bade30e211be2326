/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
    @EnumSource(PeftTensor.class)
    void parse_ofAFactorsKey_givesTheFactorBack(PeftTensor tensor) {
        assertThat(PeftKeys.parse(PeftKeys.factor(QUERY, tensor))).isEqualTo(new PeftKey.Factor(QUERY, tensor));
    }

    @ParameterizedTest
    @CsvSource({
        "LORA_A, LORA_B",
        "LORA_B, LORA_A",
        "EMBEDDING_A, EMBEDDING_B",
        "EMBEDDING_B, EMBEDDING_A",
        "LORA_B_BIAS, LORA_B",
        "MAGNITUDE,",
        "TOKEN_ROWS,"
    })
    void partner_isTheTensorThatMustBeThere(PeftTensor tensor, PeftTensor partner) {
        assertThat(tensor.partner()).isEqualTo(Optional.ofNullable(partner));
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
