/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hugging Face's library is the judge, for texts that no golden file has. */
class TokenizerDifferentialTest {

    private static final int TEXTS = Integer.getInteger("lora4j.tokenizer.texts", 300);

    static Stream<Path> directories() throws IOException {
        return TokenizerGoldenTest.directories();
    }

    @ParameterizedTest
    @MethodSource("directories")
    void hostileTexts_haveTheTokensOfTheLibrary(Path directory) throws IOException {
        long seed = 20261130;
        Random random = new Random(seed);
        byte[] json = Files.readAllBytes(directory.resolve("tokenizer.json"));
        try (DjlComparison comparison = new DjlComparison(directory.getFileName() + ", seed " + seed, json)) {
            for (int i = 0; i < TEXTS; i++) {
                comparison.assertSame(HostileTexts.random(random));
            }
            for (int i = 0; i < TEXTS / 10; i++) {
                comparison.assertSamePair(HostileTexts.random(random), HostileTexts.random(random));
            }
            comparison.assertSame("a".repeat(5_000));
            comparison.assertSame("\u0301".repeat(3_000));
            comparison.assertSame("");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"NFC\"}",
                "{\"type\":\"NFD\"}",
                "{\"type\":\"NFKC\"}",
                "{\"type\":\"NFKD\"}",
                "{\"type\":\"Lowercase\"}",
                "{\"type\":\"StripAccents\"}",
                "{\"type\":\"Nmt\"}",
                "{\"type\":\"ByteLevel\"}",
                "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}",
                "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":false}",
                "{\"type\":\"Prepend\",\"prepend\":\"\u2581x\"}",
                "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}",
                "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"[a-e]+\"},\"content\":\"<>\"}",
                "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\s*$\"},\"content\":\"|\"}",
                "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,"
                        + "\"lowercase\":true}",
                "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":false,"
                        + "\"lowercase\":false}",
                "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"StripAccents\"},"
                        + "{\"type\":\"Lowercase\"},{\"type\":\"NFC\"}]}"
            })
    void normalizer_makesTheTextAndThePlacesOfTheLibrary(String normalizer) throws IOException {
        assertSameBytes(normalizer, "null");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"BertPreTokenizer\"}",
                "{\"type\":\"Whitespace\"}",
                "{\"type\":\"WhitespaceSplit\"}",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}",
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}",
                "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"always\",\"split\":true}",
                "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"first\",\"split\":true}",
                "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"never\",\"split\":false}",
                "{\"type\":\"Digits\",\"individual_digits\":true}",
                "{\"type\":\"Digits\",\"individual_digits\":false}",
                "{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}",
                "{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"}",
                "{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"a\"}",
                "{\"type\":\"FixedLength\",\"length\":3}",
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},{\"type\":\"Metaspace\","
                        + "\"replacement\":\"\u2581\",\"prepend_scheme\":\"first\",\"split\":true}]}"
            })
    void preTokenizer_cutsAsTheLibrary(String preTokenizer) throws IOException {
        assertSameBytes("null", preTokenizer);
        assertSameBytes("{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", preTokenizer);
    }

    static Stream<String> splits() {
        List<String> expressions = List.of(
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|"
                        + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+",
                "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]*[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]+"
                        + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|"
                        + "\\\\s+(?!\\\\S)|\\\\s+",
                "(?i:[sdmt]|ll|ve|re)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?+\\\\p{L}+|\\\\p{N}{1,3}+| ?[^\\\\s\\\\p{L}\\\\p{N}]++[\\\\r\\\\n]*+|"
                        + "\\\\s*[\\\\r\\\\n]|\\\\s+(?!\\\\S)|\\\\s",
                "[!\\\"#$%&'()*+,\\\\-./:;<=>?@\\\\[\\\\\\\\\\\\]^_`{|}~][A-Za-z]+|[^\\\\r\\\\n\\\\p{L}\\\\p{P}\\\\p{S}]?[\\\\p{L}\\\\p{M}]+|"
                        + " ?[\\\\p{P}\\\\p{S}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+",
                "\\\\d{1,3}(?=(?:\\\\d{3})*\\\\b)",
                "\\\\w+|[^\\\\w\\\\s]+",
                "\\\\b",
                "^|$",
                "a*",
                "a*?",
                "(?<=[a-z])(?=[^a-z])",
                "[[:punct:]]",
                "[[:alpha:]]+|[[:^alpha:]&&[^[:space:]]]+",
                "(?i)[k-s]",
                "\\\\p{Han}+|\\\\p{Hiragana}+|\\\\p{^L}",
                "\\\\A.|.\\\\z|\\\\Z",
                "(?m:a.)|.");
        List<String> behaviors = List.of("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous");
        return expressions.stream()
                .flatMap(expression -> behaviors.stream()
                        .map(behavior ->
                                "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" + expression + "\"},\"behavior\":\""
                                        + behavior + "\",\"invert\":" + (behavior.length() % 2 == 0) + "}"));
    }

    @ParameterizedTest
    @MethodSource("splits")
    void split_cutsAsTheLibrary(String split) throws IOException {
        assertSameBytes("null", split);
    }

    private static void assertSameBytes(String normalizer, String preTokenizer) throws IOException {
        long seed = 20261201;
        Random random = new Random(seed);
        byte[] json = DjlBytes.json(normalizer, preTokenizer).getBytes(StandardCharsets.UTF_8);
        try (DjlComparison comparison = new DjlComparison(normalizer + preTokenizer + ", seed " + seed, json)) {
            comparison.assertSame("");
            for (int i = 0; i < TEXTS; i++) {
                comparison.assertSame(HostileTexts.random(random));
            }
        }
    }
}
