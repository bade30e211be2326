/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pages in a browser, if there is one: on a telephone, a tablet and a wide screen, in light and dark, on paper, and by keys alone. Nothing is
 * wrong for axe-core, and the page does not scroll sideways.
 */
@Tag("thorough")
class PageInBrowserTest {

    private static final int TAB = 9;
    private static final int ENTER = 13;
    private static final int A4 = 718;

    /** What can have the focus and is seen. */
    private static final String FOCUSABLE =
            "[...document.querySelectorAll('a[href],button,input,summary,[tabindex=\"0\"]')]"
                    + ".filter(e=>e.offsetParent&&(e.matches('summary')||!e.closest('details:not([open])')))";

    @TempDir
    private static Path folder;

    private static Browser browser;
    private static String axe;
    private static Path page;

    @BeforeAll
    static void find() throws Exception {
        assumeTrue(Browser.program().isPresent(), "skipped: there is no Chromium");
        Path script = folder.resolve("node_modules/axe-core/axe.min.js");
        try {
            Process process = new ProcessBuilder(
                            "npm", "install", "--prefix", folder.toString(), "--no-audit", "--no-fund", "axe-core")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(3, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            assumeTrue(false, "skipped: there is no npm");
        }
        assumeTrue(Files.exists(script), "skipped: npm did not bring axe-core");
        axe = Files.readString(script);
        browser = Browser.start(Browser.program().orElseThrow(), folder.resolve("profile"));
        page = Everything.of("plain").write(folder.resolve("everything.html"));
    }

    @AfterAll
    static void end() throws Exception {
        if (browser != null) {
            browser.end();
        }
    }

    @ParameterizedTest
    @CsvSource({"360,false", "360,true", "800,false", "800,true", "1440,false", "1440,true"})
    void onScreens_axeFindsNothing_andThePageDoesNotScrollSideways(int width, boolean dark) throws Exception {
        browser.as("screen", width, dark);
        browser.open(page);
        browser.evaluate(axe + ";0");

        assertThat(browser.evaluate("innerWidth+' '+matchMedia('(prefers-color-scheme: dark)').matches"))
                .isEqualTo(width + " " + dark);
        assertThat(browser.evaluate("axe.run(document,{resultTypes:['violations']}).then(r=>"
                        + "r.violations.length+' violations '+r.violations.map(v=>v.id+' '+v.nodes[0].target).join())"))
                .isEqualTo("0 violations ");
        assertThat(browser.evaluate("document.documentElement.scrollWidth>innerWidth"))
                .isEqualTo("false");
    }

    @Test
    void onPaper_nothingIsCutOff() throws Exception {
        browser.as("print", A4, false);
        browser.open(page);

        assertThat(browser.evaluate("[...document.querySelectorAll('main *')].filter(e=>!e.closest('details')"
                        + "&&getComputedStyle(e).overflowX!='visible'&&!(e instanceof SVGElement)"
                        + "&&(e.scrollWidth>e.clientWidth+1||e.scrollHeight>e.clientHeight+1))"
                        + ".map(e=>e.tagName+'.'+e.className).join()"))
                .as("boxes that would have to be scrolled")
                .isEmpty();
        assertThat(browser.evaluate("[...document.querySelectorAll('main svg, main figure, main dl')]"
                        + ".filter(e=>e.getBoundingClientRect().right>innerWidth+1).length"))
                .as("charts that are wider than the paper")
                .isEqualTo("0");
        Map<?, ?> print = browser.call("Page.printToPDF", Map.of("printBackground", true));
        // What begins with %PDF-.
        assertThat((String) print.get("data")).startsWith("JVBERi0").hasSizeGreaterThan(10_000);
    }

    @Test
    void keys_reachEverything_andSort() throws Exception {
        browser.as("screen", 800, false);
        browser.open(page);
        int all = Integer.parseInt(browser.evaluate(FOCUSABLE + ".length"));
        assertThat(all).isGreaterThan(20);
        browser.evaluate("document.activeElement.blur();window.seen=new Set();0");
        for (int i = 0; i < all + 5; i++) {
            browser.press("Tab", TAB);
            browser.evaluate("window.seen.add(document.activeElement);0");
        }
        assertThat(browser.evaluate(FOCUSABLE + ".filter(e=>!window.seen.has(e)).map(e=>e.outerHTML).join()"))
                .as("what no key reaches")
                .isEmpty();

        browser.evaluate("document.querySelector('th button').focus();0");
        Set<String> orders = new LinkedHashSet<>();
        for (int i = 0; i < 2; i++) {
            browser.press("Enter", ENTER);
            orders.add(browser.evaluate("document.querySelector('th[aria-sort]').getAttribute('aria-sort')"));
        }
        assertThat(orders).containsExactlyInAnyOrder("ascending", "descending");
    }

    @Test
    void thePolicy_letsTheScriptOfThePageRun_andNoOther() throws Exception {
        String attack = "\"><img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>";
        Path waits = TrainingReport.titled("waits")
                .withSamples(List.of(new TextSample(0, attack, attack), new TextSample(1, attack, attack)))
                .write(folder.resolve("attack.html"));
        browser.as("screen", 800, false);
        browser.open(waits);
        assertThat(browser.evaluate("document.title")).isEqualTo("waits");

        // The heads of tables become buttons by the page's own script; one that was put behind it does not run.
        Files.writeString(
                waits, Files.readString(waits).replace("</body>", "<script>document.title='ran'</script></body>"));
        browser.open(waits);
        assertThat(browser.evaluate("document.title+', '+document.querySelectorAll('th button').length+' buttons'"))
                .isEqualTo("waits, 3 buttons");
    }
}
