/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Texts of strangers stand everywhere in a report: none runs, none breaks the page, and none is lost. */
class HostileReportTest {

    /** What nobody may be fooled by: it turns the direction of what follows, or is no character at all. */
    private static final String INVISIBLE =
            "[\\p{Cc}\\p{Cs}\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF&&[^\n\t]]";

    private static PageReader plain;

    @BeforeAll
    static void readPlainPage() throws Exception {
        plain = PageReader.of(Everything.of("plain").html());
    }

    static Stream<String> texts() {
        return Stream.of(
                "<script>alert(1)</script>",
                "</script><script>alert(1)</script>",
                "</style><img src=x onerror=alert(1)>",
                "\"><svg onload=alert(1)>",
                "' onmouseover='alert(1)' style='position:fixed",
                "` onfocus=alert(1) autofocus `",
                "javascript:alert(1)",
                "]]><!--<![CDATA[",
                "--><iframe srcdoc='<script>1</script>'>",
                "<!-- <table><tr><td></td></div></main></body></html>",
                "&lt;b&gt; &amp; &#60;script&#62; &nbsp",
                "\u202Ereversed\u202C \u2066isolate \u200Fright \u0627\u0644\u0633\u0644\u0627\u0645",
                "half \uD83D and half \uDE00 and whole \uD83D\uDE00",
                "\u0000\u0001\u001B[31m\u007F\u0085\uFFFE\uFFFF\uFEFF",
                "lines\r\nand\u2028more\u2029lines\ttabs",
                "x".repeat(100_000),
                "<b>".repeat(40_000),
                "\uD83D\uDE00".repeat(50_000),
                "\u202E".repeat(20_000),
                "." + "\r".repeat(5_000),
                "x".repeat(5_000) + " characters in all)",
                "\u2026" + "x".repeat(5_000) + "\u2026 (9 characters in all)",
                "$1 \\1 %s %n {0} ${jndi:ldap://x/}",
                " ",
                "");
    }

    @ParameterizedTest
    @MethodSource("texts")
    void noText_runsOrBreaksThePage(String text, @TempDir Path folder) throws Exception {
        TrainingReport report = Everything.of(text.isEmpty() || text.isBlank() ? text + "." : text);

        check(report, folder);
    }

    @Test
    void noMixtureOfThem_runsOrBreaksThePage(@TempDir Path folder) throws Exception {
        List<String> all = texts().filter(text -> text.length() < 200).toList();
        for (int seed = 0; seed < 8; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            StringBuilder text = new StringBuilder("m");
            for (int i = 0; i < 6; i++) {
                String piece = all.get(random.nextInt(all.size()));
                text.append(piece, 0, random.nextInt(piece.length() + 1));
                text.append((char) random.nextInt(0x10000));
            }
            check(Everything.of(text.toString()), folder.resolve(String.valueOf(seed)));
        }
    }

    private static void check(TrainingReport report, Path folder) throws Exception {
        String html = report.html();
        PageReader page = PageReader.of(html);
        page.requireHarmless();
        assertThat(page.text()).doesNotContainPattern(INVISIBLE);
        // The structure is that of the report, whatever its texts are.
        for (String tag : List.of("h1", "h2", "section", "table", "svg", "figure", "main", "ul")) {
            assertThat(page.elements(tag)).as(tag).hasSameSizeAs(plain.elements(tag));
        }
        assertThat(html.getBytes(StandardCharsets.UTF_8).length).isLessThan(TrainingReport.MOST_BYTES);
        assertThat(report.text()).doesNotContainPattern(INVISIBLE);

        Files.createDirectories(folder);
        Path json = report.overwrite(folder.resolve("report.json"));
        assertThat(TrainingReport.read(json)).isEqualTo(report);
    }
}
