/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.language.sampling.GenerationConfigFile;

class GenerationConfigTest {

    @TempDir
    Path folder;

    private GenerationConfig read(String fields) throws IOException {
        return GenerationConfig.read(write(fields));
    }

    private Path write(String fields) throws IOException {
        return Files.writeString(folder.resolve("generation_config.json"), "{" + fields + "}");
    }

    @Test
    void greedy_hasALengthAndNothingElse() {
        GenerationConfig config = GenerationConfig.greedy(40);

        assertThat(config.maxNewTokens()).hasValue(40);
        assertThat(config.doSample()).isFalse();
        assertThat(config.eosTokenIds()).isEmpty();
        assertThat(config).hasToString("greedy: maxNewTokens=40");
    }

    @Test
    void sampling_drawsWithTemperatureAndMass() {
        assertThat(GenerationConfig.sampling(64, 0.7, 0.9, 5))
                .hasToString("sampling: temperature=0.7, topP=0.9, seed=5, maxNewTokens=64");
    }

    @Test
    void builder_keepsEveryValue() {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .temperature(0.5)
                .topK(3)
                .topP(0.9)
                .minP(0.1)
                .typicalP(0.8)
                .epsilonCutoff(0.01)
                .etaCutoff(0.02)
                .repetitionPenalty(1.2)
                .frequencyPenalty(0.3)
                .presencePenalty(-0.4)
                .logitBias(Map.of(9, -100.0, 3, 1.5))
                .noRepeatNgramSize(4)
                .maxNewTokens(50)
                .maxLength(60)
                .minNewTokens(5)
                .seed(-9)
                .numReturnSequences(2)
                .logProbabilities(true)
                .topLogProbabilities(5)
                .eosTokenIds(7, 8)
                .stopStrings("\n", "END")
                .build();

        assertThat(config.doSample()).isTrue();
        assertThat(config.temperature()).isEqualTo(0.5);
        assertThat(config.topK()).isEqualTo(3);
        assertThat(config.topP()).isEqualTo(0.9);
        assertThat(config.minP()).isEqualTo(0.1);
        assertThat(config.typicalP()).isEqualTo(0.8);
        assertThat(config.epsilonCutoff()).isEqualTo(0.01);
        assertThat(config.etaCutoff()).isEqualTo(0.02);
        assertThat(config.repetitionPenalty()).isEqualTo(1.2);
        assertThat(config.frequencyPenalty()).isEqualTo(0.3);
        assertThat(config.presencePenalty()).isEqualTo(-0.4);
        assertThat(config.logitBias()).containsExactly(Map.entry(3, 1.5), Map.entry(9, -100.0));
        assertThat(config.topLogProbabilities()).isEqualTo(5);
        assertThat(config.noRepeatNgramSize()).isEqualTo(4);
        assertThat(config.maxNewTokens()).hasValue(50);
        assertThat(config.maxLength()).hasValue(60);
        assertThat(config.minNewTokens()).isEqualTo(5);
        assertThat(config.seed()).hasValue(-9);
        assertThat(config.numReturnSequences()).isEqualTo(2);
        assertThat(config.logProbabilities()).isTrue();
        assertThat(config.eosTokenIds()).contains(List.of(7, 8));
        assertThat(config.stopStrings()).containsExactly("\n", "END");
        assertThat(config.toBuilder().build()).isEqualTo(config).hasSameHashCodeAs(config);
        assertThat(config.toBuilder().seed(1).build()).isNotEqualTo(config);
        assertThat(config)
                .hasToString("sampling: logitBias={3=1.5, 9=-100.0}, repetitionPenalty=1.2, frequencyPenalty=0.3,"
                        + " presencePenalty=-0.4, noRepeatNgramSize=4, minNewTokens=5, temperature=0.5, topK=3, topP=0.9, minP=0.1, typicalP=0.8, epsilonCutoff=0.01, etaCutoff=0.02, seed=-9,"
                        + " numReturnSequences=2, maxNewTokens=50, maxLength=60, eosTokenIds=[7, 8], stopStrings=[\"\\n\","
                        + " \"END\"], logProbabilities=true, topLogProbabilities=5");
    }

    @Test
    void valuesAsAtFirst_makeEqualConfigs() {
        assertThat(GenerationConfig.builder().temperature(1).topK(0).build())
                .isEqualTo(GenerationConfig.builder().build())
                .hasToString("greedy");
    }

    @Test
    void everythingWrong_isSaidAtOnce() {
        assertThatThrownBy(() -> GenerationConfig.builder()
                        .doSample(true)
                        .temperature(0)
                        .topK(-1)
                        .topP(1.5)
                        .minP(Double.NaN)
                        .typicalP(0)
                        .epsilonCutoff(1)
                        .repetitionPenalty(-2)
                        .maxNewTokens(0)
                        .eosTokenIds(3, -4)
                        .stopStrings("a", "")
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "GenerationConfig: 10 problems: repetitionPenalty = -2.0, expected [1e-30, 1e30]; temperature = 0.0,"
                                + " expected [1e-30, 1e30]; for the best token each time doSample(false); topK = -1, expected an integer,"
                                + " 0 or more; topP = 1.5, expected [0, 1]; minP = NaN, expected [0, 1]; typicalP = 0.0, expected (0, 1];"
                                + " epsilonCutoff = 1.0, expected [0, 1); maxNewTokens = 0, expected an integer, 1 or more; eosTokenIds ="
                                + " [3, -4], expected ids of tokens, 0 or more; stopStrings = [\"a\", \"\"], expected texts of a character"
                                + " or more");
    }

    @Test
    void penaltiesAndBiases_haveTheBoundsOfOpenAi() {
        assertThatThrownBy(() -> GenerationConfig.builder()
                        .frequencyPenalty(2.1)
                        .presencePenalty(Double.NaN)
                        .logitBias(Map.of(-1, 0.0, 4, 101.0))
                        .topLogProbabilities(-1)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("GenerationConfig: 4 problems: logitBias = {-1=0.0, 4=101.0}, expected ids of tokens, 0 or"
                        + " more, each with a number in [-100, 100]; frequencyPenalty = 2.1, expected [-2, 2];"
                        + " presencePenalty = NaN, expected [-2, 2]; topLogProbabilities = -1, expected an integer, 0 or"
                        + " more");
        assertThat(GenerationConfig.builder().topLogProbabilities(1).build().logProbabilities())
                .isTrue();
    }

    @Test
    void filtersWithoutSampling_areRefused_unlessThatIsSaid() {
        assertThatThrownBy(() ->
                        GenerationConfig.builder().temperature(0.7).topK(5).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "GenerationConfig: temperature=0.7, topK=5 without doSample: the best token would be taken each time,"
                                + " expected doSample(true), or doSample(false) if that is meant");
        GenerationConfig meant = GenerationConfig.sampling(5, 0.7, 0.9, 1).toBuilder()
                .doSample(false)
                .build();
        assertThat(meant.temperature()).isEqualTo(0.7);
        assertThat(meant).hasToString("greedy: seed=1, maxNewTokens=5");
    }

    @Test
    void valuesThatContradict_areRefused() {
        assertThatThrownBy(() -> GenerationConfig.builder()
                        .maxNewTokens(5)
                        .minNewTokens(6)
                        .numReturnSequences(2)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "GenerationConfig: 2 problems: numReturnSequences = 2 with doSample = false: all would be equal,"
                                + " expected 1 or doSample(true); minNewTokens = 6, expected at most 5, the new tokens that may be");
    }

    @Test
    void stopStringNull_isRefused() {
        assertThatThrownBy(
                        () -> GenerationConfig.builder().stopStrings("a", null).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stopStrings = [\"a\", \"null\"], expected texts");
    }

    @Test
    void newTokens_areThoseOfTheLengthThatIsGiven() {
        assertThat(GenerationConfig.greedy(7).newTokens(100)).isEqualTo(7);
        assertThat(GenerationConfig.builder().build().newTokens(100)).isEqualTo(20);
        assertThat(GenerationConfig.builder().maxLength(120).build().newTokens(100))
                .isEqualTo(20);
        assertThat(GenerationConfig.builder().maxLength(120).build().maxNewTokens())
                .isEqualTo(OptionalInt.empty());
    }

    @Test
    void eosTokenIds_ofNone_areNotThoseOfTheModel() {
        assertThat(GenerationConfig.builder().eosTokenIds().build().eosTokenIds())
                .contains(List.of());
    }

    @Test
    void file_ofASamplingModel_isReadAsTransformersDoes() throws IOException {
        GenerationConfig config = read(
                "\"bos_token_id\": 2, \"eos_token_id\": [1, 106], \"do_sample\": true,"
                        + " \"temperature\": 1, \"top_p\": 0.95, \"repetition_penalty\": 1.1, \"max_length\": 4096,"
                        + " \"stop_strings\": \"END\", \"cache_implementation\": \"hybrid\", \"transformers_version\": \"4.55.0\"");

        assertThat(config)
                .isEqualTo(GenerationConfig.builder()
                        .doSample(true)
                        .topK(50)
                        .topP(0.95)
                        .repetitionPenalty(1.1)
                        .maxLength(4096)
                        .eosTokenIds(1, 106)
                        .stopStrings("END")
                        .build());
        assertThat(GenerationConfig.read(folder)).isEqualTo(config);
    }

    @Test
    void file_withTopKNull_hasNoBound() throws IOException {
        assertThat(read("\"do_sample\": true, \"top_k\": null").topK()).isZero();
        assertThat(read("\"do_sample\": true, \"top_k\": 7").topK()).isEqualTo(7);
    }

    @Test
    void file_withoutSampling_isGreedy_whateverItsTemperature() throws IOException {
        assertThat(read("\"_from_model_config\": true, \"eos_token_id\": 2, \"temperature\": 0.0, \"top_p\": 0.9"))
                .hasToString("greedy: eosTokenIds=[2]");
    }

    @Test
    void file_withoutSampling_askedToSample_hasTheTopKOfTransformers() throws IOException {
        assertThat(read("\"top_p\": 0.9").toBuilder().doSample(true).build())
                .hasToString("sampling: topK=50, topP=0.9");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"num_beams\": 1, \"num_beam_groups\": 1, \"diversity_penalty\": 0.0, \"length_penalty\": 2.0",
                "\"penalty_alpha\": null, \"guidance_scale\": 1.0, \"suppress_tokens\": [], \"bad_words_ids\": null",
                "\"encoder_repetition_penalty\": 1, \"token_healing\": false, \"min_length\": 0, \"early_stopping\": false",
                "\"renormalize_logits\": true, \"pad_token_id\": -1, \"output_attentions\": false, \"use_cache\": true",
                "\"eos_token_id\": null, \"max_new_tokens\": null, \"temperature\": null, \"do_sample\": null"
            })
    void file_withFieldsThatChangeNothing_isRead(String fields) throws IOException {
        assertThat(read(fields)).hasToString("greedy");
    }

    @Test
    void file_withFieldsThatChangeTheText_isRefusedByName() throws IOException {
        Path file = write("\"num_beams\": 4, \"penalty_alpha\": 0.6, \"guidance_scale\": 1.5, \"suppress_tokens\": [1],"
                + " \"tempreature\": 2");

        assertThatThrownBy(() -> GenerationConfig.read(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(file
                        + ": 5 problems: num_beams = 4 is not supported, and changes the text; expected 1; penalty_alpha = 0.6 is"
                        + " not supported, and changes the text; expected 0; guidance_scale = 1.5 is not supported, and changes"
                        + " the text; expected 1; suppress_tokens = [1] is not supported, and changes the text; expected null;"
                        + " \"tempreature\" is not known, and may change the text; closest: \"temperature\". Correct the file, or"
                        + " say what is wanted by GenerationConfig.builder().");
    }

    @Test
    void file_withValuesOfOtherTypesOrRanges_isRefused() throws IOException {
        Path file = write(
                "\"do_sample\": true, \"temperature\": \"hot\", \"top_k\": 2.5, \"top_p\": 7, \"eos_token_id\": [2,"
                        + " \"x\"], \"max_new_tokens\": 0");

        assertThatThrownBy(() -> GenerationConfig.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(": 5 problems: temperature = hot, expected [1e-30, 1e30]")
                .hasMessageContaining("; top_k = 2.5, expected an integer, 0 or more; top_p = 7, expected [0, 1];")
                .hasMessageContaining(
                        "; max_new_tokens = 0, expected an integer, 1 or more; eos_token_id = [\"2\", \"x\"],"
                                + " expected ids of tokens, 0 or more.");
    }

    @Test
    void endTokensOfAFile_areReadWhateverElseItAsksFor() throws IOException {
        GenerationConfigFile beams = GenerationConfigFile.read(write("\"num_beams\": 4, \"eos_token_id\": 3"));
        GenerationConfigFile none = GenerationConfigFile.read(write("\"num_beams\": 4"));
        GenerationConfigFile bad = GenerationConfigFile.read(write("\"eos_token_id\": -3"));

        assertThat(beams.eosTokenIds()).contains(List.of(3));
        assertThat(none.eosTokenIds()).isEqualTo(Optional.empty());
        assertThatThrownBy(bad::eosTokenIds)
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("eos_token_id = -3, expected ids of tokens, 0 or more");
    }

    @Test
    void noFile_isSaid() {
        assertThatThrownBy(() -> GenerationConfig.read(folder)).isInstanceOf(NoSuchFileException.class);
    }
}
