/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Hugging Face's library made of texts, with seventeen forms of tokenizers: all of it must be equal. */
class TokenizerGoldenTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    static Stream<Path> directories() throws IOException {
        List<Path> found = new ArrayList<>();
        for (String folder :
                List.of("../language/src/test/resources/language", "../text/src/test/resources/encoders")) {
            try (Stream<Path> directories = Files.list(Path.of(folder, "tokenizers"))) {
                directories
                        .filter(directory -> Files.exists(directory.resolve("golden.json")))
                        .forEach(found::add);
            }
        }
        assertThat(found).hasSize(17);
        return found.stream().sorted();
    }

    @ParameterizedTest
    @MethodSource("directories")
    void goldenTexts_haveTheTokensOfTheLibrary(Path directory) throws IOException {
        TokenizerPipeline tokenizer = load(directory);
        JsonNode golden = JSON.readTree(directory.resolve("golden.json").toFile());

        assertThat(tokenizer.size()).isEqualTo(golden.get("vocab_size").asInt());
        for (JsonNode one : golden.get("encode")) {
            String text = one.get("text").textValue();
            EncodedTokens encoding = tokenizer.encode(text, true, -1);
            assertThat(encoding.ids()).as("ids of '%s'", text).isEqualTo(ints(one.get("ids")));
            for (int i = 0; i < encoding.size(); i++) {
                assertThat(encoding.token(i))
                        .as("token %d of '%s'", i, text)
                        .isEqualTo(one.get("tokens").get(i).textValue());
                assertThat(new int[] {encoding.start(i), encoding.end(i)})
                        .as("offsets of token %d of '%s'", i, text)
                        .isEqualTo(ints(one.get("offsets").get(i)));
                assertThat(encoding.sequence(i) < 0 ? 1 : 0)
                        .as("mask of token %d of '%s'", i, text)
                        .isEqualTo(one.get("special_tokens_mask").get(i).intValue());
            }
            if (one.has("type_ids")) {
                assertThat(encoding.types()).as("types of '%s'", text).isEqualTo(ints(one.get("type_ids")));
            }
            assertThat(tokenizer.encode(text, false, -1).ids())
                    .as("plain ids of '%s'", text)
                    .isEqualTo(ints(one.get("ids_plain")));
            assertDecoded(tokenizer, one.get("ids_plain"), false, one.get("decoded_plain"));
            assertDecoded(tokenizer, one.get("ids"), true, one.get("decoded_skip"));
            assertDecoded(tokenizer, one.get("ids"), false, one.get("decoded_keep"));
        }
    }

    @ParameterizedTest
    @MethodSource("directories")
    void goldenPairsAndIds_areThoseOfTheLibrary(Path directory) throws IOException {
        TokenizerPipeline tokenizer = load(directory);
        JsonNode golden = JSON.readTree(directory.resolve("golden.json").toFile());

        for (JsonNode one : golden.get("pairs")) {
            EncodedTokens encoding =
                    tokenizer.encode(one.get("a").textValue(), one.get("b").textValue(), true, -1);
            assertThat(encoding.ids()).as("%s", one).isEqualTo(ints(one.get("ids")));
            assertThat(encoding.types()).as("%s", one).isEqualTo(ints(one.get("type_ids")));
        }
        for (JsonNode one : golden.path("decode")) {
            assertDecoded(tokenizer, one.get("ids"), true, one.get("skip"));
            assertDecoded(tokenizer, one.get("ids"), false, one.get("keep"));
        }
    }

    private static void assertDecoded(TokenizerPipeline tokenizer, JsonNode ids, boolean skip, JsonNode expected) {
        if (expected != null) {
            assertThat(tokenizer.decode(ints(ids), skip)).as("text of %s", ids).isEqualTo(expected.textValue());
        }
    }

    private static int[] ints(JsonNode values) {
        return JSON.convertValue(values, int[].class);
    }

    static TokenizerPipeline load(Path directory) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        return TokenizerPipeline.read(file.toString(), Files.readAllBytes(file));
    }
}
