/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories without a tokenizer.json, which {@code slow_files.py} wrote: they are the tokenizers that they were made from. */
class SlowTokenizerTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path SLOW = Path.of("src/test/resources/slow");
    private static final List<Path> GOLDEN = List.of(
            Path.of("../text/src/test/resources/encoders/tokenizers"),
            Path.of("../language/src/test/resources/language/tokenizers"));

    private static Stream<Path> directories(boolean trained) throws IOException {
        List<Path> found;
        try (Stream<Path> all = Files.list(SLOW)) {
            found = all.filter(Files::isDirectory)
                    .filter(each -> each.getFileName().toString().startsWith("sentencepiece-") == trained)
                    .sorted()
                    .toList();
        }
        assertThat(found).hasSize(trained ? 6 : 25);
        return found.stream();
    }

    static Stream<Path> golden() throws IOException {
        return directories(false);
    }

    static Stream<Path> trained() throws IOException {
        return directories(true);
    }

    private static JsonNode goldenOf(Path directory) throws IOException {
        String name = directory.getFileName().toString().replaceFirst("^old-", "");
        for (Path folder : GOLDEN) {
            Path file = folder.resolve(name).resolve("golden.json");
            if (Files.exists(file)) {
                return JSON.readTree(file.toFile());
            }
        }
        throw new AssertionError("no golden case is called " + name);
    }

    private static int[] ints(JsonNode node) {
        return JSON.convertValue(node, int[].class);
    }

    /** Qwen's embeddings put a token around texts that the class of the tokenizer does not. */
    private static boolean putsTheSameAround(Path directory) {
        return !directory.endsWith("qwen3-embedding");
    }

    @ParameterizedTest
    @MethodSource("golden")
    void olderFiles_giveWhatTheTokenizerGives(Path directory) throws IOException {
        Tokenizer tokenizer = Tokenizer.read(directory);
        JsonNode golden = goldenOf(directory);

        for (JsonNode one : golden.get("encode")) {
            String text = one.get("text").textValue();
            assertThat(tokenizer.withoutSpecialTokens().encode(text).ids())
                    .as("plain ids of '%s'", text)
                    .isEqualTo(ints(one.get("ids_plain")));
            if (!putsTheSameAround(directory)) {
                continue;
            }
            Encoding encoding = tokenizer.encode(text);
            assertThat(encoding.ids()).as("ids of '%s'", text).isEqualTo(ints(one.get("ids")));
            assertThat(encoding.specialTokensMask())
                    .as("mask of '%s'", text)
                    .isEqualTo(ints(one.get("special_tokens_mask")));
            int[] offsets = IntStream.of(encoding.offsets())
                    .map(place -> text.codePointCount(0, Math.max(0, place)))
                    .toArray();
            int[] expected = IntStream.range(0, 2 * encoding.size())
                    .map(i -> one.get("offsets").get(i / 2).get(i % 2).intValue())
                    .toArray();
            assertThat(offsets).as("places in '%s'", text).isEqualTo(expected);
            if (one.has("decoded_skip")) {
                assertThat(tokenizer.decode(encoding.ids(), true))
                        .isEqualTo(one.get("decoded_skip").textValue());
                assertThat(tokenizer.decode(encoding.ids(), false))
                        .isEqualTo(one.get("decoded_keep").textValue());
            }
        }
        for (JsonNode pair : putsTheSameAround(directory) ? golden.get("pairs") : JSON.createArrayNode()) {
            Encoding encoding = tokenizer.encodePair(
                    pair.get("a").textValue(), pair.get("b").textValue());
            assertThat(encoding.ids()).isEqualTo(ints(pair.get("ids")));
            assertThat(encoding.typeIds()).isEqualTo(ints(pair.get("type_ids")));
        }
    }

    @ParameterizedTest
    @MethodSource("trained")
    void modelsOfSentencePiece_giveItsIds(Path directory) throws IOException {
        Tokenizer tokenizer = Tokenizer.read(directory).withoutSpecialTokens();
        JsonNode expected = JSON.readTree(directory.resolve("expected.json").toFile());

        for (int i = 0; i < expected.get("texts").size(); i++) {
            String text = expected.get("texts").get(i).textValue();
            assertThat(tokenizer.encode(text).ids())
                    .as("'%s'", text)
                    .isEqualTo(ints(expected.get("ids").get(i)));
        }
    }

    @ParameterizedTest
    @MethodSource({"golden", "trained"})
    void json_isTheSameTokenizer(Path directory) throws IOException {
        Tokenizer tokenizer = Tokenizer.read(directory);
        Tokenizer again = Tokenizer.read(new ByteArrayInputStream(tokenizer.json()), "again");

        String text = "The first one's 12,345 blanks  and <mask> [MASK] caf\u00E9";
        assertThat(again.encode(text)).isEqualTo(tokenizer.encode(text));
        assertThat(again.vocabularySize()).isEqualTo(tokenizer.vocabularySize());
    }
}
