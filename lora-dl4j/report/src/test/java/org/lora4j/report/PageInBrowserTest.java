/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages in a browser, if there is one: nothing is wrong for axe-core, and the page does not scroll sideways. */
@Tag("thorough")
class PageInBrowserTest {

    @TempDir
    private static Path folder;

    private static Path browser;
    private static String axe;

    @BeforeAll
    static void find() throws Exception {
        browser = Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(place -> Path.of(place, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(browser != null, "skipped: there is no Chromium");
        Path script = folder.resolve("node_modules/axe-core/axe.min.js");
        try {
            run("npm", "install", "--prefix", folder.toString(), "--no-audit", "--no-fund", "axe-core");
        } catch (IOException e) {
            assumeTrue(false, "skipped: there is no npm");
        }
        assumeTrue(Files.exists(script), "skipped: npm did not bring axe-core");
        axe = Files.readString(script);
    }

    private static String run(String... command) throws Exception {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(3, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return Files.readString(out);
    }

    /** What is in the title after the page and a script behind it have run. */
    private static String titleAfter(String html, int width, boolean dark, String script) throws Exception {
        Path page = Files.createTempFile(folder, "page", ".html");
        // The policy would keep the script of the test out.
        Files.writeString(
                page,
                html.replaceFirst("<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "")
                        .replace("</body>", "<script>" + script + "</script></body>"));
        return title(page, width, dark);
    }

    private static String title(Path page, int width, boolean dark) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--user-data-dir=" + Files.createTempDirectory(folder, "profile"),
                "--window-size=" + width + ",900",
                "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1),
                "--virtual-time-budget=30000",
                "--dump-dom",
                page.toUri().toString()));
        Matcher title =
                Pattern.compile("<title>(.*?)</title>", Pattern.DOTALL).matcher(run(command.toArray(String[]::new)));
        assertThat(title.find()).as("a page with a title").isTrue();
        return title.group(1);
    }

    @ParameterizedTest
    @CsvSource({"500,false", "500,true", "1440,false", "1440,true"})
    void axeFindsNothing_andThePageDoesNotScrollSideways(int width, boolean dark) throws Exception {
        String script = axe + ";axe.run(document,{resultTypes:['violations']}).then(function(r){document.title="
                + "r.violations.length+' violations '+r.violations.map(function(v){return v.id+' '+v.nodes[0].target}).join()"
                + "+'; dark '+matchMedia('(prefers-color-scheme: dark)').matches"
                + "+'; sideways '+(document.documentElement.scrollWidth>innerWidth)})";

        assertThat(titleAfter(Everything.of("plain").html(), width, dark, script))
                .isEqualTo("0 violations ; dark " + dark + "; sideways false");
    }

    @Test
    void thePolicy_letsTheScriptOfThePageRun_andNoOther() throws Exception {
        String attack = "\"><img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>";
        Path page = TrainingReport.titled("waits")
                .withSamples(List.of(new TextSample(0, attack, attack), new TextSample(1, attack, attack)))
                .write(folder.resolve("attack.html"));
        assertThat(title(page, 800, false)).isEqualTo("waits");

        // The heads of tables become buttons by the page's own script; one that was put behind it does not run.
        String html = Files.readString(page).replace("</body>", "<script>document.title='ran'</script></body>");
        Files.writeString(page, html);
        assertThat(title(page, 800, false)).isEqualTo("waits");
        assertThat(titleAfter(
                        html, 800, false, "document.title=document.querySelectorAll('th button').length+' buttons'"))
                .isEqualTo("3 buttons");
    }
}
