/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamDecoderTest {

    private static final Path TOKENIZERS = Path.of("src/test/resources/language/tokenizers");

    private static List<String> pieces(LanguageTokenizer tokenizer, int[] ids, boolean skip) {
        StreamDecoder decoder = tokenizer.streamDecoder(skip);
        List<String> pieces = new ArrayList<>();
        for (int id : ids) {
            pieces.add(decoder.push(id));
        }
        pieces.add(decoder.finish());
        return pieces;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gpt2-style", "llama2-style", "llama3-style", "stories260k", "unigram-style", "wordpiece-uncased"
            })
    void piecesOfAnyIds_areTheWholeText(String name) throws IOException {
        SplittableRandom random = new SplittableRandom(11);
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve(name))) {
            int[] bytes = IntStream.range(0, tokenizer.vocabularySize())
                    .filter(id -> tokenizer.token(id).length() == 1
                            || tokenizer.token(id).startsWith("<0x")
                            || tokenizer.isSpecial(id))
                    .toArray();
            for (int run = 0; run < 300; run++) {
                // Single bytes, blanks and special tokens are where decoders hold something back.
                boolean odd = random.nextBoolean();
                int[] ids = random.ints(random.nextInt(60), 0, odd ? bytes.length : tokenizer.vocabularySize())
                        .map(at -> odd ? bytes[at] : at)
                        .toArray();
                for (boolean skip : new boolean[] {true, false}) {
                    assertThat(String.join("", pieces(tokenizer, ids, skip)))
                            .as("run %d", run)
                            .isEqualTo(tokenizer.decode(ids, skip));
                }
            }
        }
    }

    /** Decoders that the fixtures do not have: of other models, and some that nobody uses. */
    @ParameterizedTest
    @Tag("thorough")
    @ValueSource(
            strings = {
                "null",
                "{'type': 'Fuse'}",
                "{'type': 'BPEDecoder', 'suffix': '</w>'}",
                "{'type': 'WordPiece', 'prefix': '##', 'cleanup': false}",
                "{'type': 'CTC', 'pad_token': '<pad>', 'word_delimiter_token': '|', 'cleanup': true}",
                "{'type': 'Metaspace', 'replacement': '\u2581', 'prepend_scheme': 'never', 'split': true}",
                "{'type': 'Metaspace', 'replacement': '\u2581', 'prepend_scheme': 'first', 'split': true}",
                "{'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '\u2581'}, 'content': ' '},"
                        + " {'type': 'ByteFallback'}, {'type': 'Fuse'}]}",
                "{'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '\u2581'}, 'content': ' '},"
                        + " {'type': 'ByteFallback'}, {'type': 'Fuse'},"
                        + " {'type': 'Strip', 'content': ' ', 'start': 3, 'stop': 0}]}",
                "{'type': 'Sequence', 'decoders': [{'type': 'Fuse'},"
                        + " {'type': 'Replace', 'pattern': {'String': 'e'}, 'content': ''}]}"
            })
    void piecesUnderOtherDecoders_areTheWholeText(String decoder, @TempDir Path directory) throws IOException {
        ObjectMapper json = new ObjectMapper();
        SplittableRandom random = new SplittableRandom(13);
        for (String name : List.of("llama2-style", "gpt2-style", "wordpiece-uncased")) {
            ObjectNode file = (ObjectNode) json.readTree(
                    TOKENIZERS.resolve(name).resolve("tokenizer.json").toFile());
            file.set("decoder", json.readTree(decoder.replace('\'', '"')));
            json.writeValue(directory.resolve("tokenizer.json").toFile(), file);
            try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
                for (int run = 0; run < 200; run++) {
                    // Few different ones, among them those beside each other, in every second run.
                    int from = random.nextBoolean() ? 0 : random.nextInt(tokenizer.vocabularySize() - 6);
                    int to = from == 0 ? tokenizer.vocabularySize() : from + 6;
                    int[] ids = random.ints(random.nextInt(70), from, to).toArray();

                    assertThat(String.join("", pieces(tokenizer, ids, run % 2 == 0)))
                            .as("%s, run %d", name, run)
                            .isEqualTo(tokenizer.decode(ids, run % 2 == 0));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-style", "llama2-style", "llama3-style", "unigram-style"})
    void piecesOfWords_comeAtOnce(String name) throws IOException {
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve(name))) {
            int[] ids = tokenizer.encode("First Citizen: Before we proceed any further, hear me speak.", false);

            assertThat(pieces(tokenizer, ids, true)).last().isEqualTo("");
            assertThat(pieces(tokenizer, ids, true).stream().filter(String::isEmpty))
                    .as("pieces but the last one that say nothing: the blank before the first word")
                    .hasSizeLessThanOrEqualTo(2);
        }
    }

    @Test
    void piecesOfAnEmoji_comeTogether() throws IOException {
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve("gpt2-style"))) {
            int[] ids = tokenizer.encode("a\uD83D\uDE00b", false);

            assertThat(pieces(tokenizer, ids, true)).containsExactly("a", "", "", "", "\uD83D\uDE00", "b", "");
        }
    }

    @Test
    void streamThatEndsInTheMiddleOfACharacter_givesTheRestAtTheEnd() throws IOException {
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve("llama2-style"))) {
            int[] ids = {
                tokenizer.id("a").getAsInt(),
                tokenizer.id("<0xF0>").getAsInt(),
                tokenizer.id("<0x9F>").getAsInt()
            };

            assertThat(pieces(tokenizer, ids, true)).containsExactly("a", "", "", "\uFFFD\uFFFD");
        }
    }

    @Test
    void push_ofAnIdWithoutToken_isRefusedAndChangesNothing() throws IOException {
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve("gpt2-style"))) {
            StreamDecoder decoder = tokenizer.streamDecoder(true);
            String first = decoder.push(tokenizer.id("a").getAsInt());

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> decoder.push(507))
                    .withMessage("Tokenizer.token: id = 507, expected an id of the vocabulary, below 507.");
            assertThat(first + decoder.push(tokenizer.id("b").getAsInt()) + decoder.finish())
                    .isEqualTo("ab");
            assertThatIllegalStateException().isThrownBy(() -> decoder.push(1)).withMessageContaining("Take a new one");
        }
    }
}
