/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;

class HuggingFaceTextTokenizerTest {

    @Test
    void load_ofSomethingElse_isRefusedWithTheSource() {
        InputStream in = new ByteArrayInputStream("{\"model\": 7}".getBytes(StandardCharsets.UTF_8));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(in, "other.json", 128))
                .withMessageStartingWith("other.json: ")
                .withMessageContaining("expected Hugging Face's tokenizer.json");
    }

    @Test
    void load_ofAMissingFile_namesIt(@TempDir Path directory) {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(directory.resolve("none.json"), 128))
                .withMessageContaining("none.json")
                .withMessageContaining("expected the tokenizer.json");
    }

    @Test
    void loadResource_thatIsNotOnTheClassPath_namesIt() {
        assertThatExceptionOfType(FileNotFoundException.class)
                .isThrownBy(
                        () -> HuggingFaceTextTokenizer.loadResource(getClass().getClassLoader(), "none.json", 128))
                .withMessageContaining("resource \"none.json\"");
    }

    @Test
    void load_withRoomForNoToken_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(InputStream.nullInputStream(), "x.json", 2))
                .withMessageContaining("maxLength = 2; expected 3 or more");
    }

    private static HuggingFaceTextTokenizer wordLevel(String parts) throws IOException {
        String json = "{\"version\":\"1.0\"," + parts + "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"none\","
                + "\"vocab\":{\"a\":0,\"b\":1}}}";
        return HuggingFaceTextTokenizer.load(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), "words.json", 3);
    }

    @Test
    void textThatNormalizesToNothing_withoutSpecialTokens_isRefusedWithTheReason() throws IOException {
        HuggingFaceTextTokenizer tokenizer =
                wordLevel("\"normalizer\":{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true},");

        for (Executable call : List.<Executable>of(
                () -> tokenizer.encode(" \t"),
                () -> tokenizer.tokenize(" \t"),
                () -> tokenizer.tokenizePair("", " \t"),
                () -> tokenizer.tokenizeWords(List.of("", " \t")))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(call::execute)
                    .withMessageContaining(
                            "has no token, as words.json leaves nothing of it and adds no special tokens;"
                                    + " expected a text of one token or more. Leave the text out.");
        }
        assertThat(tokenizer.encode("  a ")).containsExactly(0);
    }

    @Test
    void textThatTheFileHasNoTokenFor_isTheFilesFault() throws IOException {
        HuggingFaceTextTokenizer tokenizer = wordLevel("");

        assertThatIllegalStateException()
                .isThrownBy(() -> tokenizer.encode("c"))
                .withMessageContaining("words.json: the tokenizer fails: WordLevel error: its vocabulary lacks")
                .withMessageContaining("expected one that encodes every text");
    }

    @Test
    void firstPieces_areMadeWithoutWhatIsBehindThem() throws IOException {
        HuggingFaceTextTokenizer tokenizer = wordLevel("\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},");

        assertThat(tokenizer.pieces("a b b a", false, 3))
                .isEqualTo(tokenizer.pieces("a b b a", false).subList(0, 3));
        assertThat(tokenizer.pieces("a b", false, 3)).hasSize(2);
        // The file has no token for c, which nobody asks for.
        assertThat(tokenizer.pieces("a b b a c", false, 2)).hasSize(2);
        assertThatIllegalStateException().isThrownBy(() -> tokenizer.pieces("a b b a c", false));
    }

    @Test
    void missingTextsAndWords_areNamed() throws IOException {
        HuggingFaceTextTokenizer tokenizer = wordLevel("");

        assertThatNullPointerException()
                .isThrownBy(() -> tokenizer.encode(null))
                .withMessageContaining("text is null; expected a text");
        assertThatNullPointerException()
                .isThrownBy(() -> tokenizer.tokenizeWords(null))
                .withMessageContaining("words is null; expected a list of words");
    }

    @Test
    void tokenizePair_takesOfTheLongerOneMore() throws IOException {
        HuggingFaceTextTokenizer tokenizer = wordLevel("\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},");

        TokenizedText pair = tokenizer.tokenizePair("a", "b b b b b");

        assertThat(pair.ids()).containsExactly(0, 1, 1);
        assertThat(pair.typeIds()).containsExactly(0, 1, 1);
        assertThat(pair.cut()).isTrue();
        assertThat(tokenizer.cuts("a b a")).isFalse();
        assertThat(tokenizer.cuts("a b a b")).isTrue();
    }
}
