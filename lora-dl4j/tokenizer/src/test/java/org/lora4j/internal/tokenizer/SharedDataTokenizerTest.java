/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** All lines of the shared data, each with the next one of the golden tokenizers: Hugging Face's library is the judge. */
@Tag("thorough")
class SharedDataTokenizerTest {

    private static final Path DATA = Path.of("../../../shared/data");

    private static final List<String> FILES = List.of(
            "tinyshakespeare/input.txt",
            "banking77/train.csv",
            "banking77/test.csv",
            "clinc150/data_full.json",
            "udhr/udhr.tsv.gz",
            "medquad/medquad-subset.tsv.gz",
            "snips-slots/train.jsonl.gz");

    @Test
    void lines_haveTheTokensOfTheLibrary() throws IOException {
        assumeTrue(Files.isDirectory(DATA), () -> DATA + ": the shared data are not there");
        List<DjlComparison> comparisons = new ArrayList<>();
        for (Path directory : TokenizerGoldenTest.directories().toList()) {
            comparisons.add(
                    new DjlComparison(directory.toString(), Files.readAllBytes(directory.resolve("tokenizer.json"))));
        }
        int count = 0;
        for (String file : FILES) {
            try (BufferedReader lines = open(DATA.resolve(file))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    comparisons.get(count++ % comparisons.size()).assertSame(line);
                }
            }
        }
        comparisons.forEach(DjlComparison::close);

        assertThat(count).isGreaterThan(100_000);
    }

    private static BufferedReader open(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        return new BufferedReader(new InputStreamReader(
                file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in, StandardCharsets.UTF_8));
    }
}
