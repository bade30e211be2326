/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.tokenizer.Encoding;
import org.lora4j.tokenizer.Token;
import org.lora4j.tokenizer.Tokenizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/tokenizer.md. */
class GuideTokenizerTest {

    private static final Logger log = LoggerFactory.getLogger(GuideTokenizerTest.class);

    private final Path directory = Path.of("../text/src/test/resources/encoders/tokenizers/mpnet");

    @Test
    void tokens() throws IOException {
        Tokenizer tokenizer = Tokenizer.read(directory); // a model directory, or a tokenizer.json
        String text = "The café is small, but warm.";
        Encoding encoding = tokenizer.encode(text);
        for (Token token : encoding.tokens()) {
            if (token.start() >= 0) { // not one that is put around texts
                log.info("{} {} '{}'", token.id(), token.text(), text.substring(token.start(), token.end()));
            }
        }
        String again = tokenizer.decode(encoding.ids(), true); // without special tokens

        assertThat(encoding.ids()).startsWith(0).endsWith(2);
        assertThat(encoding.specialTokensMask()).startsWith(1, 0).endsWith(0, 1);
        assertThat(encoding.tokens().get(1).text()).isEqualTo("the");
        assertThat(encoding.tokens().stream()
                        .filter(token -> token.start() >= 0)
                        .map(token -> text.substring(token.start(), token.end()))
                        .reduce("", String::concat))
                .isEqualTo(text.replace(" ", ""));
        assertThat(again).isEqualTo("the cafe is small, but warm.");
    }

    @Test
    void batches() throws IOException {
        Tokenizer tokenizer = Tokenizer.read(directory).withMaxLength(16);
        List<Encoding> batch = tokenizer.padded(tokenizer.encodeAll(List.of("a short one", "one that is longer")));
        int[][] ids = batch.stream().map(Encoding::ids).toArray(int[][]::new);
        int[][] masks = batch.stream().map(Encoding::attentionMask).toArray(int[][]::new);
        Encoding pair = tokenizer.encodePair("Who wrote it?", "A very long passage, which loses its end ...");
        boolean cut = pair.isCut();

        assertThat(ids[0]).hasSameSizeAs(ids[1]).endsWith(1);
        assertThat(masks[0]).startsWith(1).endsWith(0);
        assertThat(masks[1]).doesNotContain(0);
        assertThat(pair.ids()).hasSize(16);
        assertThat(cut).isTrue();
    }

    @Test
    void pieces() throws IOException {
        List<String> sentences = List.of("The first sentence.", "A second one.", "And the third, which is longer.");
        int most = 24;
        Tokenizer tokenizer = Tokenizer.read(directory).withoutSpecialTokens();
        StringBuilder piece = new StringBuilder();
        for (String sentence : sentences) {
            String longer = piece.isEmpty() ? sentence : piece + " " + sentence;
            if (tokenizer.count(longer) > most) { // as many as encode gives
                log.info("{}", piece);
                longer = sentence;
            }
            piece.replace(0, piece.length(), longer);
        }

        assertThat(piece.toString()).endsWith("longer.");
        assertThat(tokenizer.count(sentences.get(0)))
                .isEqualTo(tokenizer.encode(sentences.get(0)).size());
    }
}
