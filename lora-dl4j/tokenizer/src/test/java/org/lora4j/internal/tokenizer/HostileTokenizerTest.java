/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;

/** Files and texts that are made to do harm: each is refused with its place, or works. */
class HostileTokenizerTest {

    private static final String SPLIT =
            "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"%s\"},\"behavior\":\"Isolated\",\"invert\":false}";

    private static TokenizerPipeline read(String json) throws ModelFormatException {
        return TokenizerPipeline.read("t.json", json.getBytes(StandardCharsets.UTF_8));
    }

    private static String base(String normalizer, String preTokenizer) {
        return DjlBytes.json(normalizer, preTokenizer);
    }

    private static String charsmap(byte[] bytes) {
        return base(
                "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\""
                        + Base64.getEncoder().encodeToString(bytes) + "\"}",
                "null");
    }

    private static byte[] units(int... units) {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * units.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(4 * units.length);
        for (int unit : units) {
            bytes.putInt(unit);
        }
        return bytes.array();
    }

    private static String processor(String processor) {
        return base("null", "null").replace("\"post_processor\":null", "\"post_processor\":" + processor);
    }

    private static String template(String single, String tokens) {
        return processor("{\"type\":\"TemplateProcessing\",\"single\":[" + single + "],\"pair\":[],\"special_tokens\":{"
                + tokens + "}}");
    }

    private static String decoder(String decoder) {
        return base("null", "null").replace("\"decoder\":null", "\"decoder\":" + decoder);
    }

    static Stream<Arguments> files() {
        String base = base("null", "null");
        return Stream.of(
                arguments("an empty charsmap", charsmap(new byte[0]), "normalizer.precompiled_charsmap has 0 bytes"),
                arguments("a short charsmap", charsmap(new byte[] {8, 0, 0, 0, 1}), "announce a table of 8"),
                arguments("a charsmap without table", charsmap(units()), "announce a table of 0"),
                arguments(
                        "a charsmap that points outside",
                        charsmap(units(0x7FFFFFFF)),
                        "a table of 1 units that points to unit"),
                arguments("a charsmap of one unit", charsmap(units(0)), "a table of 1 units that points to unit 0"),
                arguments(
                        "a charsmap that is not base64",
                        base("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"!\"}", "null"),
                        "normalizer.precompiled_charsmap = \"!\", expected base64"),
                arguments(
                        "5,000 parentheses",
                        base("null", String.format(SPLIT, "(".repeat(5_000) + "a" + ")".repeat(5_000))),
                        "parentheses nested more than 100 deep"),
                arguments(
                        "an unfinished expression",
                        base("null", String.format(SPLIT, "(a")),
                        "pre_tokenizer.pattern.Regex = \"(a\", has a parenthesis that is not closed at character 0"),
                arguments(
                        "pieces of no length",
                        base("null", "{\"type\":\"FixedLength\",\"length\":0}"),
                        "pre_tokenizer.length = 0, expected an integer from 1"),
                arguments(
                        "a search for nothing",
                        base("{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"x\"}", "null"),
                        "normalizer.pattern.String = \"\", expected a text of one character or more"),
                arguments(
                        "two patterns",
                        base(
                                "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\",\"Regex\":\"a\"},\"content\":\"x\"}",
                                "null"),
                        "expected an object with either String or Regex"),
                arguments(
                        "nothing to prepend",
                        base("{\"type\":\"Prepend\",\"prepend\":\"\"}", "null"),
                        "normalizer.prepend = \"\", expected a text of one character or more"),
                arguments(
                        "a template of one text that names two",
                        template("{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}", ""),
                        "post_processor.single[0].Sequence.id = \"B\", expected A, the only text"),
                arguments(
                        "a template with an unknown token",
                        template("{\"SpecialToken\":{\"id\":\"x\",\"type_id\":0}}", ""),
                        "single[0].SpecialToken.id = \"x\", is an unknown special token"),
                arguments(
                        "a special token with more spellings than ids",
                        template("", "\"x\":{\"id\":\"x\",\"ids\":[1],\"tokens\":[\"x\",\"y\"]}"),
                        "post_processor.special_tokens.x is a special token with 1 ids and 2 tokens"),
                arguments(
                        "a special token beyond the vocabulary",
                        template("", "\"x\":{\"id\":\"x\",\"ids\":[256],\"tokens\":[\"x\"]}"),
                        "post_processor.special_tokens.x.ids[0] = 256, expected the id of a token"),
                arguments(
                        "a type of token below nothing",
                        template("{\"Sequence\":{\"id\":\"A\",\"type_id\":-1}}", ""),
                        "single[0].Sequence.type_id = -1, expected an integer from 0"),
                arguments(
                        "two processors that add tokens",
                        processor(
                                "{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\",\"sep\":[\"a\",1],"
                                        + "\"cls\":[\"b\",2]},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
                                        + "\"trim_offsets\":false}]}"),
                        "post_processor.processors[1] stands behind one that adds special tokens"),
                arguments(
                        "a merge of tokens that there are not",
                        base.replace("\"merges\":[]", "\"merges\":[[\"<0x00>\",\"x\"]]"),
                        "model.merges[0] = \"x\", which is not in the vocabulary"),
                arguments(
                        "a merge without the prefix of inner tokens",
                        base.replace("\"merges\":[]", "\"merges\":[[\"<0x00>\",\"<0x01>\"]]")
                                .replace(
                                        "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,"
                                                + "\"byte_fallback\":true",
                                        "\"continuing_subword_prefix\":\"##########\",\"byte_fallback\":false"),
                        "lacks the prefix of inner tokens"),
                arguments(
                        "a drawn tokenization",
                        base.replace("\"dropout\":null", "\"dropout\":0.5"),
                        "model.dropout = 0.5, draws tokens at random"),
                arguments(
                        "an id of a byte too many",
                        base.replace("\"<0x00>\":0", "\"<0x00>\":4294967296"),
                        "is no integer from 0 to 10000000"),
                arguments(
                        "a field that is not known",
                        base.replace("\"dropout\":null", "\"sampling\":true"),
                        "model.sampling is a field that is not known here"),
                arguments(
                        "a part that is not known",
                        base("{\"type\":\"Magic\"}", "null"),
                        "normalizer.type = \"Magic\", is not supported; supported are"),
                arguments("another version", base.replace("\"1.0\"", "\"2.0\""), "version = \"2.0\", expected \"1.0\""),
                arguments("no version", base.replace("\"1.0\"", "null"), "version = null, expected \"1.0\""),
                arguments(
                        "half a character",
                        base("{\"type\":\"Prepend\",\"prepend\":\"\\ud800\"}", "null"),
                        "has half a character"),
                arguments(
                        "an added token of nothing",
                        base("{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", "null")
                                .replace(
                                        "\"added_tokens\":[]",
                                        "\"added_tokens\":[{\"id\":256,\"content\":\" \",\"single_word\":false,"
                                                + "\"lstrip\":false,\"rstrip\":false,\"normalized\":true,\"special\":false}]"),
                        "of which the normalizer leaves nothing"),
                arguments("values nested without end", "[".repeat(100_000), "holds no JSON object"),
                arguments("objects nested without end", "{\"padding\":" + "{\"a\":".repeat(100_000), "not valid JSON"),
                arguments("more behind the end", base + "{}", "goes on behind its end"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void file_isRefusedWithItsPlace(String name, String json, String expected) {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read(json))
                .withMessageStartingWith("t.json: ")
                .withMessageContaining(expected)
                .withMessageContaining("; expected Hugging Face's tokenizer.json");
    }

    @Test
    void decoderThatStripsMoreThanThereIs_stripsAllThatThereIs() throws IOException {
        TokenizerPipeline tokenizer = read(decoder("{\"type\":\"Strip\",\"content\":\"<\",\"start\":0,\"stop\":9}"));

        assertThat(tokenizer.decode(new int[] {1, 2}, false)).isEqualTo("<0x01><0x02>");
        assertThat(read(decoder("{\"type\":\"BPEDecoder\",\"suffix\":\">\"}")).decode(new int[0], false))
                .isEmpty();
    }

    @Test
    void expressionThatBacktracksWithoutEnd_endsForEveryText() throws IOException {
        TokenizerPipeline tokenizer = read(base("null", String.format(SPLIT, "(a+)+$")));

        EncodedTokens encoding = Assertions.assertTimeout(
                Duration.ofMinutes(1), () -> tokenizer.encode("a".repeat(50_000) + "!", false, -1));

        assertThat(encoding.size()).isEqualTo(50_001);
    }

    @Test
    void expressionThatReadsTheRestBehindEachMatch_isStoppedWithTheFile() throws IOException {
        TokenizerPipeline tokenizer = read(base("null", String.format(SPLIT, "a+b|a")));

        assertThatIllegalStateException()
                .isThrownBy(() -> tokenizer.encode("a".repeat(100_000), false, -1))
                .withMessageStartingWith("t.json: the tokenizer fails: expression \"a+b|a\": more than ")
                .withMessageContaining("expected one that encodes every text");
    }

    @Test
    void nestedReplacements_thatMakeGigabytesOfFourLetters_areStopped() throws IOException {
        String twice = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
        String all = IntStream.range(0, 28).mapToObj(i -> twice).collect(Collectors.joining(","));
        TokenizerPipeline normalizes = read(base("{\"type\":\"Sequence\",\"normalizers\":[" + all + "]}", "null"));
        TokenizerPipeline decodes = read(decoder("{\"type\":\"Sequence\",\"decoders\":["
                + all.replace("\"a\"", "\"0\"").replace("\"aa\"", "\"00\"") + "]}"));

        assertThatIllegalStateException()
                .isThrownBy(() -> normalizes.encode("aaaa", false, -1))
                .withMessageContaining("its normalizers make more than 10400 characters of a text");
        assertThatIllegalStateException()
                .isThrownBy(() -> decodes.decode(new int[] {0, 0}, false))
                .withMessageContaining("its decoder makes more than ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "\u0301",
                "\u1100",
                " ",
                "\uD83D\uDE00",
                "\u0E33",
                "\uFDFA",
                "\u200D",
                "ab ",
                "\n",
                "\u4E2D",
                "1"
            })
    void longTexts_takeTimeInProportion(String part) throws IOException {
        for (Path directory : TokenizerGoldenTest.directories().toList()) {
            TokenizerPipeline tokenizer = TokenizerGoldenTest.load(directory);

            EncodedTokens encoding = Assertions.assertTimeout(
                    Duration.ofMinutes(1), () -> tokenizer.encode(part.repeat(30_000), true, -1), directory.toString());

            assertThat(tokenizer.decode(encoding.ids(), false)).isNotNull();
        }
    }

    /** One character after the other is changed, left out or doubled, and values are exchanged. */
    @Test
    void changedFiles_areRefusedOrWork() throws IOException {
        long seed = 20261130;
        Random random = new Random(seed);
        List<Path> directories = TokenizerGoldenTest.directories().toList();
        int refused = 0;
        for (int i = 0; i < Integer.getInteger("lora4j.tokenizer.changes", 600); i++) {
            Path directory = directories.get(i % directories.size());
            String changed = changed(Files.readString(directory.resolve("tokenizer.json")), random);
            try {
                TokenizerPipeline tokenizer = read(changed);
                for (int text = 0; text < 3; text++) {
                    use(tokenizer, HostileTexts.random(random));
                }
            } catch (ModelFormatException e) {
                refused++;
                assertThat(e).as("seed %d, change %d", seed, i).hasMessageStartingWith("t.json: ");
            } catch (RuntimeException e) {
                throw new AssertionError(directory + ", seed " + seed + ", change " + i, e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static void use(TokenizerPipeline tokenizer, String text) {
        try {
            EncodedTokens encoding = tokenizer.encode(text, text, true, 40);
            tokenizer.decode(encoding.ids(), true);
            tokenizer.encode(List.of(text, "b"), true, -1);
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageStartingWith("t.json: the tokenizer fails: ");
        }
    }

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1",
            "4294967296",
            "1e400",
            "\"\"",
            "\"a\"",
            "[]",
            "{}",
            "[[]]",
            "\"\\ud83d\"");

    /** Structure changes outside of the vocabulary, where most changes mean nothing. */
    private static String changed(String json, Random random) {
        StringBuilder changed = new StringBuilder(json);
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            int vocabulary = Math.max(1, changed.indexOf("\"vocab\""));
            int at = random.nextInt(random.nextInt(4) == 0 ? changed.length() : vocabulary);
            int colon = changed.indexOf(":", at);
            int end = colon < 0 ? -1 : changed.indexOf(",", colon);
            switch (random.nextInt(5)) {
                case 0 -> changed.deleteCharAt(at);
                case 1 -> changed.insert(at, changed.charAt(random.nextInt(changed.length())));
                case 2 -> changed.setCharAt(at, (char) (' ' + random.nextInt(95)));
                default -> {
                    if (end > 0) {
                        changed.replace(colon + 1, end, VALUES.get(random.nextInt(VALUES.size())));
                    }
                }
            }
        }
        return changed.toString();
    }
}
