/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.tokenizer.Token;

class LanguageTokenizerTest {

    private static final Path TOKENIZERS = Path.of("src/test/resources/language/tokenizers");

    @TempDir
    Path directory;

    private static LanguageTokenizer load(String name) throws IOException {
        return LanguageTokenizer.load(TOKENIZERS.resolve(name));
    }

    private Path copy(String name) throws IOException {
        return Files.copy(TOKENIZERS.resolve(name).resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
    }

    @Test
    void tokens_haveTheirPlacesInJavaCharacters() throws IOException {
        try (LanguageTokenizer tokenizer = load("llama2-style")) {
            String text = "\uD83D\uDE00 be";

            List<Token> tokens = tokenizer.tokenize(text, true);

            assertThat(tokens.get(0)).isEqualTo(new Token(1, "<s>", -1, -1, 0, true));
            assertThat(tokens.get(tokens.size() - 1)).isEqualTo(new Token(313, "\u2581be", 2, 5, 0, false));
            assertThat(tokens).extracting(Token::id).containsExactly(box(tokenizer.encode(text)));
            assertThat(tokenizer.encode(text, false)).hasSize(tokens.size() - 1);
        }
    }

    private static Integer[] box(int[] ids) {
        return java.util.Arrays.stream(ids).boxed().toArray(Integer[]::new);
    }

    @ParameterizedTest
    @CsvSource({"gpt2-style,''", "llama3-style,''", "llama2-style,' '", "stories260k,' '"})
    void bytesOfTokens_areTogetherThoseOfTheText(String name, String before) throws IOException {
        String text = "Tom's  caf\u00E9, \u4F60\u597D \uD83D\uDE00\n\tend \uFFFD.";
        try (LanguageTokenizer tokenizer = load(name)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int id : tokenizer.encode(text, false)) {
                bytes.writeBytes(tokenizer.bytes(id));
            }

            // In the manner of SentencePiece the first word has a blank before it, too.
            assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(before + text);
            assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.bytes(1 << 20));
        }
    }

    @Test
    void vocabulary_tellsTokensAndIds() throws IOException {
        try (LanguageTokenizer tokenizer = load("llama3-style")) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(562);
            assertThat(tokenizer.bosId()).hasValue(557);
            assertThat(tokenizer.token(557)).isEqualTo("<|begin_of_text|>");
            assertThat(tokenizer.eosId()).isEqualTo(tokenizer.id("<|eot_id|>"));
            assertThat(tokenizer.stopIds()).containsExactly(tokenizer.eosId().getAsInt());
            assertThat(tokenizer.padId()).isEmpty();
            assertThat(tokenizer.isSpecial(557)).isTrue();
            assertThat(tokenizer.isSpecial(0)).isFalse();
            assertThat(tokenizer.id("no token")).isEmpty();
        }
        try (LanguageTokenizer tokenizer = load("unigram-style")) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(500);
            assertThat(tokenizer.token(3)).isEqualTo("\u2581");
        }
        try (LanguageTokenizer tokenizer = load("wordpiece-uncased")) {
            assertThat(tokenizer.padId()).hasValue(0);
            assertThat(tokenizer.bosId()).isEmpty();
            assertThat(tokenizer.stopIds()).isEmpty();
        }
    }

    @Test
    void stopIds_areThoseOfTheGenerationConfig_thenOfTheConfig() throws IOException {
        copy("llama3-style");
        Files.writeString(directory.resolve("config.json"), "{\"eos_token_id\": 560, \"pad_token_id\": 559}");
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
            assertThat(tokenizer.stopIds()).containsExactly(560);
            assertThat(tokenizer.eosId()).hasValue(560);
            assertThat(tokenizer.padId()).hasValue(559);
            assertThat(tokenizer.bosId()).isEmpty();
        }
        Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [558, 561, -1, 99999]}");
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
            assertThat(tokenizer.stopIds()).containsExactly(558, 561);
        }
    }

    @Test
    void oddTexts_areEncodedAsTheyAre() throws IOException {
        for (String name : List.of("gpt2-style", "llama2-style", "llama3-style", "stories260k")) {
            try (LanguageTokenizer tokenizer = load(name)) {
                for (String text :
                        List.of("a\0b", "\0", "x\uD83D\uDE00\0\uD83D\uDE00", "\uFEFFa", "\r\n\t", "\uFFFD")) {
                    assertThat(tokenizer.decode(tokenizer.encode(text), true))
                            .as(name)
                            .isEqualTo(text);
                }
                assertThat(tokenizer.encode("a\uD83Db\uDE00"))
                        .as("halves of surrogates")
                        .isEqualTo(tokenizer.encode("a\uFFFDb\uFFFD"));
            }
        }
    }

    @Test
    void longText_isNotCut_andFileThatCutsAndPads_isNotObeyed() throws IOException {
        Path file = copy("gpt2-style");
        Files.writeString(
                file,
                Files.readString(file)
                        .replace(
                                "\"truncation\": null",
                                "\"truncation\": {\"max_length\": 4, \"strategy\": \"LongestFirst\", \"stride\": 0,"
                                        + " \"direction\": \"Right\"}")
                        .replace(
                                "\"padding\": null",
                                "\"padding\": {\"strategy\": {\"Fixed\": 8}, \"direction\": \"Right\","
                                        + " \"pad_to_multiple_of\": null, \"pad_id\": 0, \"pad_type_id\": 0,"
                                        + " \"pad_token\": \"!\"}"));
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
            String text = "To be, or not to be. ".repeat(2_000);

            assertThat(tokenizer.decode(tokenizer.encode(text), false)).isEqualTo(text);
            assertThat(tokenizer.encode("a")).hasSize(1);
        }
    }

    @Test
    void decode_ofIdsWithoutToken_listsThem() throws IOException {
        try (LanguageTokenizer tokenizer = load("gpt2-style")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tokenizer.decode(new int[] {0, 507, 1, -1}, true))
                    .withMessage("Tokenizer.decode: ids -1, 507 are not in the vocabulary;"
                            + " expected ids of this tokenizer, below 507.");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tokenizer.token(507))
                    .withMessage("Tokenizer.token: id = 507, expected an id of the vocabulary, below 507.");
            assertThat(tokenizer.decode(new int[0], true)).isEmpty();
        }
    }

    @Test
    void load_withoutFileOrDirectory_saysWhich() throws IOException {
        Path file = Files.writeString(directory.resolve("model"), "");

        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> LanguageTokenizer.load(directory))
                .withMessageContaining("tokenizer.json: no such file; expected the tokenizer.json of a model");
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> LanguageTokenizer.load(directory.resolve("none")))
                .withMessageContaining("none: no such directory; expected a model directory. Check the path.");
        assertThatExceptionOfType(FileSystemException.class)
                .isThrownBy(() -> LanguageTokenizer.load(file))
                .withMessageContaining("model: is a file; expected a model directory.");
    }

    @Test
    void damagedFile_isRefusedWithItsName() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        String whole = Files.readString(copy("gpt2-style"));
        for (String damaged : List.of(
                "",
                "[]",
                "{",
                "{}",
                "{\"model\": 7}",
                "{\"model\": {\"type\": \"BPE\"}}",
                "{\"model\": {\"vocab\": {\"a\": -1}}}",
                "{\"model\": {\"vocab\": {\"a\": 4000000000}}}",
                "{\"model\": {\"vocab\": {\"a\": \"b\"}}}",
                "{\"model\": {\"vocab\": [\"a\"]}}",
                "{\"model\": {\"vocab\": {\"a\": 0}}, \"added_tokens\": [7]}",
                whole.substring(0, whole.length() / 2),
                whole.replace("\"ByteLevel\"", "\"Unheard\""),
                whole.replace("\"merges\": [", "\"merges\": [\"no merge of it\", "))) {
            Files.writeString(file, damaged);

            assertThatExceptionOfType(ModelFormatException.class)
                    .as(damaged.substring(0, Math.min(50, damaged.length())))
                    .isThrownBy(() -> LanguageTokenizer.load(directory))
                    .withMessageStartingWith(file + ": ")
                    .withMessageContaining("; expected Hugging Face's tokenizer.json");
        }
    }

    /** Each of these ended the process when Hugging Face's native library read files. */
    @Test
    void fileThatEndedTheProcessInTheNativeLibrary_isRefused() throws IOException {
        String whole = Files.readString(copy("llama2-style"));
        Path file = directory.resolve("tokenizer.json");
        for (String[] trap : new String[][] {
            {"\"prepend\": \"\u2581\"", "\"prepend\": \"\"", "normalizer.normalizers[0].prepend = \"\", expected a text"
            },
            {
                "\"special_tokens\": {",
                "\"special_tokens\": {}, \"x\": {",
                "post_processor.single[0].SpecialToken.id = \"<s>\", is an unknown special token"
            },
            {
                "\"tokens\": [",
                "\"tokens\": [\"x\", ",
                "post_processor.special_tokens.<s> is a special token with 1 ids and 2"
            },
            {
                "\"continuing_subword_prefix\": null",
                "\"continuing_subword_prefix\": \"####\"",
                "model.byte_fallback = true, beside a prefix of inner tokens"
            }
        }) {
            String changed =
                    whole.replaceAll("\\s+", " ").replace("\\u2581", "\u2581").replace(trap[0], trap[1]);
            assertThat(changed).as(trap[0]).contains(trap[1]);
            Files.writeString(file, changed);

            assertThatExceptionOfType(ModelFormatException.class)
                    .isThrownBy(() -> LanguageTokenizer.load(directory))
                    .withMessageStartingWith(file + ": " + trap[2]);
        }
    }

    @Test
    void tokenizerThatFails_saysWhichFile() throws IOException {
        String whole = Files.readString(copy("wordpiece-uncased"));
        Files.writeString(
                directory.resolve("tokenizer.json"),
                whole.replaceAll("\"unk_token\": \"[^\"]*\"", "\"unk_token\": \"none\""));
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> tokenizer.encode("\u9FA5"))
                    .withMessageContaining("tokenizer.json: the tokenizer fails: WordPiece error")
                    .withMessageContaining("expected one that encodes every text");
        }
    }

    @Test
    void closedTokenizer_isRefused_andClosingTwiceIsNothing() throws IOException {
        LanguageTokenizer tokenizer = load("gpt2-style");
        StreamDecoder decoder = tokenizer.streamDecoder(true);
        tokenizer.close();
        tokenizer.close();

        assertThatIllegalStateException()
                .isThrownBy(() -> tokenizer.encode("a"))
                .withMessageContaining("is closed; expected an open one");
        assertThatIllegalStateException().isThrownBy(() -> decoder.push(1));
    }

    @Test
    void manyThreads_getTheSame_alsoWhileOneCloses() throws Exception {
        String text = "To be, or not to be, that is the question: ".repeat(20);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        LanguageTokenizer tokenizer = load("llama2-style");
        try {
            int[] expected = tokenizer.encode(text);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                running.add(threads.submit(() -> {
                    for (int run = 0; run < 200; run++) {
                        assertThat(tokenizer.encode(text)).isEqualTo(expected);
                    }
                }));
            }
            running.get(0).get();
            tokenizer.close();
            for (Future<?> each : running) {
                try {
                    each.get();
                } catch (ExecutionException e) {
                    assertThat(e).cause().hasMessageContaining("is closed");
                }
            }
        } finally {
            threads.shutdown();
        }
    }
}
