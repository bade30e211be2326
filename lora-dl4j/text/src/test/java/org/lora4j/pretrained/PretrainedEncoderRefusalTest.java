/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.DType;

/** Directories that are damaged, of another model, or would compute other numbers than in Python. */
class PretrainedEncoderRefusalTest {

    @TempDir
    private Path directory;

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(TinyCheckpoint tiny) throws IOException {
        tiny.write(directory);
        return assertThatThrownBy(() -> PretrainedEncoder.load(directory)).isInstanceOf(ModelFormatException.class);
    }

    static Stream<Arguments> unsupported() {
        return Stream.of(
                Arguments.of("is_decoder", true, "true, expected false"),
                Arguments.of("is_encoder_decoder", true, "true, expected false"),
                Arguments.of("add_cross_attention", true, "true, expected false"),
                Arguments.of("pruned_heads", Map.of("0", List.of(1)), "{0=[1]}, expected {}"),
                Arguments.of("quantization_config", Map.of("bits", 4), "{bits=4}, expected none"),
                Arguments.of(
                        "auto_map", Map.of("AutoModel", "own.Bert"), "expected no Python code of the model's own"));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void optionThatWouldChangeTheNumbers_isRefusedByName(String field, Object value, String message)
            throws IOException {
        assertRefused(TinyCheckpoint.bert().with(field, value))
                .hasMessageContaining("config.json: " + field + " is ")
                .hasMessageContaining(message)
                .hasMessageContaining("would change the numbers and is not supported");
    }

    @ParameterizedTest
    @ValueSource(strings = {"funnel", "bertoid", "llama", "BERT"})
    void modelOfAnotherType_isRefusedByName(String type) throws IOException {
        assertRefused(TinyCheckpoint.bert().with("model_type", type))
                .hasMessageContaining("model_type is \"" + type + "\", of the class [BertForSequenceClassification]")
                .hasMessageContaining(
                        "; expected one of \"bert\", \"roberta\", \"xlm-roberta\", \"camembert\", \"distilbert\"");
    }

    @Test
    void positionsOfAKindThatIsNotKnown_areRefusedByName() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("position_embedding_type", "alibi"))
                .hasMessageContaining("position_embedding_type is \"alibi\", expected one of \"absolute\","
                        + " \"relative_key\", \"relative_key_query\"");
    }

    @Test
    void configWithoutModelType_saysSo() throws IOException {
        assertRefused(TinyCheckpoint.bert().without("model_type")).hasMessageContaining("model_type is missing");
    }

    @Test
    void unknownActivation_offersTheClosest() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("hidden_act", "gelu_nwe"))
                .hasMessageContaining("hidden_act is \"gelu_nwe\", expected one of ")
                .hasMessageContaining("closest: \"gelu_new\"");
    }

    @Test
    void severalBadFields_areAllNamed() throws IOException {
        assertRefused(TinyCheckpoint.bert()
                        .with("hidden_size", 6.5)
                        .with("num_attention_heads", "two")
                        .with("vocab_size", 0)
                        .with("num_hidden_layers", 2.5)
                        .with("layer_norm_eps", "small")
                        .with("architectures", "BertModel"))
                .hasMessageContaining("config.json: 6 problems: ")
                .hasMessageContaining("hidden_size is 6.5, expected an integer, 1 or more")
                .hasMessageContaining("num_attention_heads is \"two\", expected an integer, 1 or more")
                .hasMessageContaining("vocab_size is 0, expected an integer, 1 or more")
                .hasMessageContaining("num_hidden_layers is 2.5, expected an integer, 1 or more")
                .hasMessageContaining("layer_norm_eps is \"small\", expected a number")
                .hasMessageContaining("architectures is \"BertModel\", expected a list of strings");
    }

    @Test
    void headsThatDoNotDivideTheHiddenSize_areRefused() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("num_attention_heads", 4))
                .hasMessageContaining("num_attention_heads is 4, expected a divisor of hidden_size 6");
    }

    @Test
    void missingUnexpectedAndMisshapenTensors_areAllNamed() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert()
                .rename(name -> name.replace("layer.1.output.dense.weight", "layer.1.output.dens.weight"))
                .add("bert.encoder.layer.0.intermediate.dense.weight", 6, 10)
                .add("crf.transitions", 3, 3);

        assertRefused(tiny)
                .hasMessage(directory.resolve("model.safetensors") + ": 3 problems:"
                        + " tensor \"bert.encoder.layer.0.intermediate.dense.weight\" has shape [6, 10], expected [10, 6];"
                        + " tensor \"bert.encoder.layer.1.output.dense.weight\" is missing, expected shape [6, 10];"
                        + " closest: \"bert.encoder.layer.1.output.dens.weight\";"
                        + " unexpected tensors: \"bert.encoder.layer.1.output.dens.weight\", \"crf.transitions\"."
                        + " The weights are not of the model that config.json describes, or the model has parts of its"
                        + " own: load(directory, List.of(start of their names)) leaves tensors out.");
    }

    @Test
    void layersBeyondThoseOfTheConfig_areUnexpected() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("num_hidden_layers", 1))
                .hasMessageContaining("unexpected tensors: \"bert.encoder.layer.1.attention.output.LayerNorm.bias\"")
                .hasMessageContaining("and 6 more");
    }

    @Test
    void numberOfLayersThatWouldFillTheMemory_isRefusedAtOnce() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("num_hidden_layers", Integer.MAX_VALUE))
                .hasMessageContaining("num_hidden_layers is 2147483647, but there are only 41 tensors");
    }

    @Test
    void sizesThatWouldFillTheMemory_areComparedBeforeAnythingIsAllocated() throws IOException {
        assertRefused(TinyCheckpoint.bert().with("vocab_size", Integer.MAX_VALUE))
                .hasMessageContaining("has shape [20, 6], expected [2147483647, 6]");
    }

    @Test
    void headOfAnotherNumberOfClasses_isRefused() throws IOException {
        assertRefused(TinyCheckpoint.bert().without("id2label"))
                .hasMessageContaining("the head has 3 outputs, but the config has no id2label");
    }

    @Test
    void classifierWithoutItsHeadOrPooler_namesWhatIsMissing() throws IOException {
        assertRefused(TinyCheckpoint.bert().remove("classifier.").remove("bert.pooler."))
                .hasMessageContaining("tensor \"bert.pooler.dense.weight\" is missing, expected shape [6, 6]")
                .hasMessageContaining("tensor \"classifier.bias\" is missing, expected shape [3]");
    }

    @Test
    void encoderUnderThePrefixOfAnotherFamily_isUnexpected() throws IOException {
        assertRefused(TinyCheckpoint.bert().rename(name -> name.replace("bert.", "model.")))
                .hasMessageContaining("tensor \"embeddings.word_embeddings.weight\" is missing")
                .hasMessageContaining("closest: \"model.embeddings.word_embeddings.weight\"");
    }

    @Test
    void oneTensorUnderOldAndNewName_isRefused() throws IOException {
        assertRefused(TinyCheckpoint.bert().add("bert.embeddings.LayerNorm.gamma", 1, 6))
                .hasMessageContaining("tensors \"bert.embeddings.LayerNorm")
                .hasMessageContaining("are the same one, expected only one of them");
    }

    @Test
    void integerWeights_areRefused() throws IOException {
        TinyCheckpoint.bert().write(directory, DType.I64);

        assertThatThrownBy(() -> PretrainedEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("has type I64, expected one of [F16, BF16, F32, F64]")
                .hasMessageContaining("and 31 more");
    }

    @Test
    void weightsThatAreNotFinite_areNamedWithTheElement() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        tiny.values("bert.encoder.layer.1.intermediate.dense.weight")[2][1] = Double.NaN;
        tiny.values("classifier.bias")[0][2] = Double.NEGATIVE_INFINITY;

        assertRefused(tiny)
                .hasMessageContaining(
                        "2 problems: tensor \"bert.encoder.layer.1.intermediate.dense.weight\" holds NaN or"
                                + " an infinity (element 13), expected finite numbers;"
                                + " tensor \"classifier.bias\" holds NaN or an infinity (element 2)");
    }

    @Test
    void positionTableThatEndsBeforeTheFirstPosition_isRefused() throws IOException {
        assertRefused(TinyCheckpoint.roberta().with("pad_token_id", 13))
                .hasMessageContaining("positions start at row 14, expected below maxPositions = 14");
    }

    @Test
    void truncatedWeights_areRefused() throws IOException {
        Path file = TinyCheckpoint.bert().write(directory).resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);

        for (int length : new int[] {0, 7, 8, 100, bytes.length / 2, bytes.length - 1}) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> PretrainedEncoder.load(directory))
                    .as("%s bytes", length)
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    @Test
    void directoryWithoutConfig_saysSo() {
        assertThatThrownBy(() -> PretrainedEncoder.load(directory))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining("expected the config.json of a Hugging Face model");
    }

    @Test
    void directoryWithoutWeights_saysSo() throws IOException {
        TinyCheckpoint.bert().writeConfig(directory);

        assertThatThrownBy(() -> PretrainedEncoder.load(directory))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("model.safetensors");
    }

    @Test
    void tokenizer_longerThanThePositions_isRefused() throws IOException {
        PretrainedEncoder loaded =
                PretrainedEncoder.load(TinyCheckpoint.roberta().write(directory));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> loaded.tokenizer(13))
                .withMessage(
                        "PretrainedEncoder: maxLength = 13; expected at most 12, the longest sequence of the model.");
    }

    @Test
    void tokenizer_ofADirectoryWithoutOne_namesTheFile() throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(TinyCheckpoint.bert().write(directory));

        assertThatThrownBy(() -> loaded.tokenizer(8))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("tokenizer.json");
    }

    @Test
    void classifier_withoutAHeadInTheFile_pointsToAFreshOne() throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(TinyCheckpoint.bert()
                .with("architectures", List.of("BertForTokenClassification"))
                .write(directory));

        assertThatIllegalStateException()
                .isThrownBy(loaded::classifier)
                .withMessage("PretrainedEncoder: " + directory + " has no head of a sequence classifier (its head"
                        + " is for TOKENS); expected one for classifier()."
                        + " Start with a fresh head: classifier(classes, seed).");
    }

    @Test
    void classifier_ofARegression_isRefused() throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(
                TinyCheckpoint.bert().with("problem_type", "regression").write(directory));

        assertThatIllegalStateException()
                .isThrownBy(loaded::classifier)
                .withMessageContaining("has 3 outputs and problem_type \"regression\"")
                .withMessageContaining("expected 2 or more and \"single_label_classification\"");
    }

    @Test
    void freshClassifier_overBertWithoutPooler_saysWhatIsMissing() throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(TinyCheckpoint.bert()
                .with("architectures", List.of("BertForMaskedLM"))
                .remove("classifier.")
                .remove("bert.pooler.")
                .write(directory));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> loaded.classifier(2, 1))
                .withMessage(
                        "Pooling.POOLER: the weights have no tensor \"pooler.dense.weight\"; expected the weights of an"
                                + " encoder with a pooler. Choose Pooling.MEAN or Pooling.CLS.");
    }

    @Test
    void freshClassifier_ofOneClass_isRefused() throws IOException {
        PretrainedEncoder loaded = PretrainedEncoder.load(TinyCheckpoint.bert().write(directory));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> loaded.classifier(1, 1))
                .withMessageContaining("classes = 1; expected 2 or more");
    }
}
