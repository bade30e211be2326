/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.ModelFormatException;

/** What would give other ids, or is damaged, in the older files of a tokenizer. */
class SlowTokenizerRefusalTest {

    private static final Path SLOW = Path.of("src/test/resources/slow");

    @TempDir
    private Path directory;

    private void copy(String name) throws IOException {
        try (Stream<Path> files = Files.list(SLOW.resolve(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }
    }

    static Stream<Arguments> settings() {
        return Stream.of(
                arguments(
                        "old-distilbert",
                        "{\"tokenizer_class\": \"PhobertTokenizer\"}",
                        "expected a tokenizer.json, or"),
                arguments("old-distilbert", "{\"do_upper_case\": true}", "do_upper_case is true; expected a setting"),
                arguments("old-distilbert", "{\"do_lower_case\": 1}", "do_lower_case is 1; expected true or false"),
                arguments("old-distilbert", "{\"strip_accents\": \"yes\"}", "strip_accents is yes; expected true"),
                arguments("old-distilbert", "{\"never_split\": [\"C++\"]}", "never_split is [C++]; expected special"),
                arguments(
                        "old-distilbert", "{\"split_special_tokens\": true}", "split_special_tokens is true; expected"),
                arguments("old-distilbert", "{\"cls_token\": null}", "cls_token is null; expected a token, which a"),
                arguments("old-distilbert", "{\"unk_token\": \"none\"}", "has no token for unknown words, \"none\""),
                arguments(
                        "old-distilbert",
                        "{\"added_tokens_decoder\": {\"999\": {\"content\": \"<x>\"}}}",
                        "the id of the added token \"<x>\" is 999; expected 450"),
                arguments(
                        "old-distilbert",
                        "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}",
                        "added_tokens_decoder[x] is x; expected an id"),
                arguments("old-albert", "{\"remove_space\": false}", "remove_space is false; expected true"),
                arguments("old-albert", "{\"sp_model_kwargs\": {\"alpha\": 0.1}}", "sp_model_kwargs is {alpha=0.1}"),
                arguments("t5", "{\"tokenizer_class\": \"T5Tokenizer\", \"extra_ids\": -1}", "extra_ids is -1"),
                arguments("old-llama2-style", "{\"add_prefix_space\": false}", "add_prefix_space is false"));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void settingThatIsNotSupported_isRefusedByName(String name, String settings, String message) throws IOException {
        copy(name);
        Files.writeString(directory.resolve("tokenizer_config.json"), settings);

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> Tokenizer.read(directory))
                .withMessageContaining(directory.toString())
                .withMessageContaining(message)
                .withMessageContaining("docs/troubleshooting.md#tokenizer");
    }

    static Stream<Arguments> files() {
        return Stream.of(
                arguments("old-gpt2-style", "merges.txt", "a b\n", "line 1: is \"a b\", expected one that begins with"),
                arguments(
                        "old-gpt2-style", "merges.txt", "#version: 0.2\na b c\n", "line 2: is \"a b c\", expected two"),
                arguments(
                        "old-gpt2-style",
                        "merges.txt",
                        "#version: 0.2\nzq qz\n",
                        "\"zq\", which is not in the vocabulary"),
                arguments(
                        "old-gpt2-style", "vocab.json", "{\"a\": 1.5}", "the id of \"a\" is 1.5; expected an integer"),
                arguments("old-distilbert", "vocab.txt", "x".repeat(3_000), "line 1: is longer than tokens are"),
                arguments("old-albert", "spiece.model", "\u000B\u0000", "field 1 has the wire type 3"),
                arguments("old-albert", "spiece.model", "\n\u00FF", "it ends within"),
                arguments("old-albert", "spiece.model", "\n\u007Fa", "announces 127 bytes, expected at most the 1"),
                arguments(
                        "old-albert",
                        "spiece.model",
                        "",
                        "trainer_spec.unk_id is 0; expected the unknown one of the 0"),
                arguments("old-albert", "spiece.model", "\n\u0002\u0018\u0001", "pieces[0] is \"\" with the score"),
                arguments(
                        "old-albert", "spiece.model", "\n\u0005\n\u0001a\u0018\u0005", "pieces[0].type is 5; expected"),
                arguments("old-albert", "spiece.model", "\u0012\u0002\u0018\u0003", "model_type is 3; expected 1"));
    }

    @ParameterizedTest
    @MethodSource("files")
    void damagedFile_isRefusedWithItsPlace(String name, String file, String content, String message)
            throws IOException {
        copy(name);
        Files.write(directory.resolve(file), content.getBytes(StandardCharsets.ISO_8859_1));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> Tokenizer.read(directory))
                .withMessageContaining(directory.toString())
                .withMessageContaining(message);
    }

    @Test
    void classWithoutItsFile_saysWhichFileItReads() throws IOException {
        copy("old-distilbert");
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"T5TokenizerFast\"}");

        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> Tokenizer.read(directory))
                .withMessageContaining("has neither tokenizer.json nor spiece.model, which a T5Tokenizer reads");
    }

    @Test
    void directoryWithoutAnyFile_isRefusedAsBefore() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> Tokenizer.read(directory))
                .withMessageContaining("tokenizer.json: no such file");
    }

    /** The largest number of bytes that a field may announce takes no memory. */
    @Test
    void changedBytes_areReadOrRefused() throws IOException {
        long seed = 20261207;
        Random random = new Random(seed);
        int refused = 0;
        for (String name : List.of("albert", "llama2-style", "gpt2-style", "mpnet", "sentencepiece-gemma")) {
            try (Stream<Path> files = Files.list(SLOW.resolve(name))) {
                for (Path file : files.toList()) {
                    Files.copy(file, directory.resolve(file.getFileName()));
                }
            }
            for (int i = 0; i < 60; i++) {
                Path file = pick(random);
                byte[] bytes = Files.readAllBytes(file);
                byte[] changed = bytes.clone();
                for (int j = 0; j < 1 + random.nextInt(4); j++) {
                    changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
                }
                Files.write(file, changed);
                try {
                    Tokenizer.read(directory).encode("To be, or not to be: 2024!");
                } catch (ModelFormatException | IllegalStateException e) {
                    refused++;
                    assertThat(e.getMessage()).as("seed %d", seed).contains(directory.toString());
                }
                Files.write(file, bytes);
            }
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
        assertThat(refused).isPositive();
    }

    private Path pick(Random random) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> all =
                    files.filter(file -> !file.endsWith("golden.json")).sorted().toList();
            return all.get(random.nextInt(all.size()));
        }
    }
}
