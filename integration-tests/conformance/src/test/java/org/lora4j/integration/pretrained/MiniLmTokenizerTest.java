/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.pretrained;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;

class MiniLmTokenizerTest {

    @Test
    void encode_ofHelloWorld_isThePublishedIdsWithoutPadding() throws IOException {
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(128)) {
            assertThat(tokenizer.encode("hello world")).containsExactly(101, 7592, 2088, 102);
            assertThat(tokenizer.encode("Hello WORLD")).containsExactly(101, 7592, 2088, 102);
            assertThat(tokenizer.encode("")).containsExactly(101, 102);
        }
    }

    @Test
    void encode_ofALongText_isTruncatedWithTheLastSpecialToken() throws IOException {
        String text = "hello world ".repeat(300);
        for (int maxLength : List.of(3, 5, 128, 512)) {
            try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(maxLength)) {
                int[] ids = tokenizer.encode(text);

                assertThat(ids).hasSize(maxLength).startsWith(101, 7592).endsWith(102);
            }
        }
    }

    @Test
    void load_fromAFile_encodesAsFromTheClassPath(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        try (InputStream in = MiniLm.class.getClassLoader().getResourceAsStream(MiniLm.TOKENIZER)) {
            Files.copy(in, file);
        }

        try (HuggingFaceTextTokenizer tokenizer = HuggingFaceTextTokenizer.load(file, 16)) {
            assertThat(tokenizer.encode("hello world")).containsExactly(101, 7592, 2088, 102);
            assertThat(tokenizer.maxLength()).isEqualTo(16);
        }
    }

    @Test
    void glosses_inBuckets_arePaddedLittle() throws IOException {
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(128)) {
            LengthBuckets buckets = LengthBuckets.of(WordNetGlosses.load(1).training(), tokenizer, 25, 32);

            assertThat(buckets.size()).isEqualTo(2421);
            assertThat(buckets.paddedLengths()).hasSizeLessThanOrEqualTo(8);
            assertThat(buckets.paddingRatio()).isLessThan(0.15);
        }
    }
}
