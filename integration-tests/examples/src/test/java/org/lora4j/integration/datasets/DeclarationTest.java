/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeclarationTest {

    @TempDir
    private Path folder;

    @Test
    void article_followsTheEnglishDeclaration() {
        assertThat(Declaration.article(0)).isEqualTo("preamble");
        assertThat(Declaration.article(7)).isEqualTo("preamble");
        assertThat(Declaration.article(8)).isEqualTo("article 01");
        assertThat(Declaration.article(9)).isEqualTo("article 02");
        assertThat(Declaration.article(10)).isEqualTo("article 02");
        assertThat(Declaration.article(57)).isEqualTo("article 30");
    }

    @Test
    void read_joinsTheParagraphThatAnotherLanguageHasInTwo() throws IOException {
        List<String> english = new ArrayList<>();
        for (int i = 0; i < 58; i++) {
            english.add("word ".repeat(1 + 7 * i % 29));
        }
        List<String> german = new ArrayList<>(english);
        german.set(20, "x".repeat(english.get(20).length() / 2));
        german.add(21, "y".repeat(english.get(20).length() / 2));
        StringBuilder rows = new StringBuilder("declaration\tlanguage\tparagraph\ttext\n");
        append(rows, "eng\ten", english);
        append(rows, "deu\tde", german);
        append(rows, "cut\tde", german.subList(0, 10));
        append(rows, "023\tund", english);
        Path file = folder.resolve("rows.tsv.gz");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(rows.toString().getBytes(StandardCharsets.UTF_8));
        }

        List<Declaration> read = Declaration.read(file);

        assertThat(read).extracting(Declaration::language).containsExactly("de", "en");
        Declaration joined = read.get(0);
        assertThat(joined.paragraphs()).hasSize(59);
        assertThat(joined.parallel()).hasSize(58);
        assertThat(joined.parallel().get(20)).startsWith("x").endsWith("y");
        assertThat(joined.parallel().get(21)).isEqualTo(english.get(21));
        assertThat(joined.scripts()).containsExactly("LATIN");
        assertThat(joined.part(0.5, 1)).hasSize(30);
    }

    private static void append(StringBuilder rows, String name, List<String> paragraphs) {
        for (int i = 0; i < paragraphs.size(); i++) {
            rows.append(name)
                    .append('\t')
                    .append(i)
                    .append('\t')
                    .append(paragraphs.get(i))
                    .append('\n');
        }
    }

    @Test
    void families_haveParallelDeclarations() throws IOException {
        List<Declaration> all = Declaration.read(SharedFiles.folder("udhr").resolve("udhr.tsv.gz"));

        for (Function<LanguageFamily, List<String>> languages : List.<Function<LanguageFamily, List<String>>>of(
                LanguageFamily::learned, LanguageFamily::chosen, LanguageFamily::held)) {
            int expected = LanguageFamily.ALL.stream()
                    .mapToInt(family -> languages.apply(family).size())
                    .sum();
            assertThat(LanguageFamily.paragraphs(all, languages, 100)).hasSize(58 * expected);
            assertThat(LanguageFamily.paragraphs(all, languages, 10)).hasSize(6 * expected);
        }
        assertThat(all).hasSize(477);
    }
}
