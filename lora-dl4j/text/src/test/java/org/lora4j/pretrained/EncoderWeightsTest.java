/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EncoderWeightsTest {

    private static final EncoderConfig CONFIG = EncoderConfig.bert(1, 4, 2, 6, 10, 8, 2);

    @Test
    void random_hasTheTensorsOfBert() {
        EncoderWeights weights = EncoderWeights.random(CONFIG, 1, DataType.FLOAT);

        assertThat(weights.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(weights.tensors()).hasSize(5 + 16);
        assertThat(weights.tensor("encoder.layer.0.intermediate.dense.weight").shape())
                .containsExactly(4, 6);
        assertThat(weights.tensor("encoder.layer.0.output.dense.weight").shape())
                .containsExactly(6, 4);
        assertThat(weights.tensor("encoder.layer.0.attention.output.LayerNorm.weight")
                        .toDoubleVector())
                .containsOnly(1);
        assertThat(weights.tensor("encoder.layer.0.attention.self.key.bias").toDoubleVector())
                .containsOnly(0);
    }

    @Test
    void random_drawsMatricesWithStandardDeviationTwoHundredths() {
        EncoderWeights weights = EncoderWeights.random(EncoderConfig.bert(1, 64, 2, 64, 500, 8, 2), 3, DataType.DOUBLE);

        INDArray words = weights.tensor("embeddings.word_embeddings.weight");

        // 32,000 draws: the standard error of the deviation is 0.02 / sqrt(64,000), that of the mean 0.02 /
        // sqrt(32,000).
        assertThat(words.stdNumber().doubleValue()).isCloseTo(0.02, within(4e-4));
        assertThat(words.meanNumber().doubleValue()).isCloseTo(0, within(5e-4));
    }

    @Test
    void random_ofEqualSeeds_isEqualAndOfOthersIsNot() {
        String name = "encoder.layer.0.attention.self.query.weight";

        INDArray first = EncoderWeights.random(CONFIG, 5, DataType.DOUBLE).tensor(name);

        assertThat(EncoderWeights.random(CONFIG, 5, DataType.DOUBLE).tensor(name))
                .isEqualTo(first);
        assertThat(EncoderWeights.random(CONFIG, 6, DataType.DOUBLE).tensor(name))
                .isNotEqualTo(first);
    }

    @Test
    void random_ofAnIntegerType_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.random(CONFIG, 1, DataType.INT32))
                .withMessageContaining("dataType = INT")
                .withMessageContaining("expected FLOAT or DOUBLE");
    }

    @Test
    void of_withMissingMisshapenAndUnknownTensors_namesThemAllWithTheClosestName() {
        Map<String, INDArray> tensors = new LinkedHashMap<>(
                EncoderWeights.random(CONFIG, 1, DataType.FLOAT).tensors());
        INDArray query = tensors.remove("encoder.layer.0.attention.self.query.bias");
        tensors.put("encoder.layer.0.attention.self.querry.bias", query);
        tensors.put("encoder.layer.0.intermediate.dense.weight", Nd4j.zeros(DataType.FLOAT, 6, 4));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.of(CONFIG, tensors))
                .withMessageStartingWith("EncoderWeights: 3 problems: ")
                .withMessageContaining(
                        "tensor \"encoder.layer.0.attention.self.query.bias\" is missing, expected shape [4];"
                                + " closest: \"encoder.layer.0.attention.self.querry.bias\"")
                .withMessageContaining(
                        "tensor \"encoder.layer.0.intermediate.dense.weight\" has shape [6, 4], expected [4, 6]")
                .withMessageContaining("unknown tensors: \"encoder.layer.0.attention.self.querry.bias\"");
    }

    @Test
    void of_withMixedDataTypes_isRefused() {
        Map<String, INDArray> tensors = new LinkedHashMap<>(
                EncoderWeights.random(CONFIG, 1, DataType.FLOAT).tensors());
        tensors.computeIfPresent("embeddings.LayerNorm.bias", (name, array) -> array.castTo(DataType.DOUBLE));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.of(CONFIG, tensors))
                .withMessageContaining("expected FLOAT or DOUBLE, the same for all tensors");
    }

    @Test
    void of_withNoTensors_listsTenAndCountsTheRest() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.of(CONFIG, Map.of()))
                .withMessageContaining("21 problems")
                .withMessageContaining("and 11 more");
    }

    @Test
    void copy_sharesNothingWithTheOriginal() {
        EncoderWeights weights = EncoderWeights.random(CONFIG, 1, DataType.FLOAT);

        weights.copy().tensors().values().forEach(array -> array.assign(9));

        assertThat(weights.tensor("embeddings.LayerNorm.bias").toDoubleVector()).containsOnly(0);
    }

    @Test
    void converted_keepsTheValues() {
        EncoderWeights weights = EncoderWeights.random(CONFIG, 1, DataType.FLOAT);

        EncoderWeights converted = weights.converted(DataType.DOUBLE);

        assertThat(converted.dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(converted.tensor("embeddings.position_embeddings.weight").castTo(DataType.FLOAT))
                .isEqualTo(weights.tensor("embeddings.position_embeddings.weight"));
    }

    @Test
    void tensor_ofAnUnknownName_offersTheClosest() {
        EncoderWeights weights = EncoderWeights.random(CONFIG, 1, DataType.FLOAT);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> weights.tensor("embeddings.LayerNorm.bais"))
                .withMessageStartingWith(
                        "EncoderWeights: no tensor \"embeddings.LayerNorm.bais\"; closest: \"embeddings.LayerNorm.bias\"");
    }

    @Test
    void config_withSeveralBadValues_namesThemAll() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderConfig.bert(0, 10, 3, 1, 1, 1, 1, Double.NaN, null))
                .withMessage(
                        "EncoderConfig: 4 problems: layers = 0, expected 1 or more; heads = 3, expected a divisor of"
                                + " hidden = 10; layerNormEpsilon = NaN, expected [0, 1); activation = null, expected one of"
                                + " [gelu, gelu_accurate, gelu_fast, gelu_new, gelu_python, gelu_pytorch_tanh, quick_gelu, relu,"
                                + " sigmoid, silu, swish, tanh]");
    }
}
