/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.architecture.Modules;

/** Documents cannot drift: what they show is compiled and run by the tests beside this one, what they link exists. */
class DocumentationTest {

    private static final List<Path> SOURCES = List.of(
            Path.of("lora-dl4j/library/src/test/java/org/lora4j/docs"),
            Path.of("lora-dl4j/report/src/test/java/org/lora4j/report/docs"),
            Path.of("lora-dl4j/spark/src/test/java/org/lora4j/spark/docs"),
            Path.of("lora-tribuo/src/test/java/org/lora4j/tribuo/docs"));
    private static final int MOST_OF_A_CELL = 400;
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

    private final Documents documents = Documents.root();

    private List<List<String>> examples() throws IOException {
        List<List<String>> sources = new ArrayList<>();
        for (Path folder : SOURCES) {
            try (Stream<Path> files = Files.list(documents.path(folder.toString()))) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                    sources.add(Files.readAllLines(file));
                }
            }
        }
        return sources;
    }

    @Test
    void everyJavaBlock_standsInATestThatRuns() throws IOException {
        List<List<String>> sources = examples();
        List<Documents.Block> blocks = documents.files().stream()
                .flatMap(file -> documents.blocks(file).stream())
                .filter(block -> block.language().equals("java"))
                .toList();

        assertThat(blocks).extracting(Documents.Block::place).anyMatch(place -> place.startsWith("README.md"));
        List<String> drifted = blocks.stream()
                .filter(block -> sources.stream().noneMatch(source -> Documents.contains(source, block.lines())))
                .map(Documents.Block::place)
                .toList();
        assertThat(drifted)
                .as("blocks that no test in %s has word for word", SOURCES)
                .isEmpty();
    }

    @Test
    void everyFence_namesItsLanguage() {
        assertThat(documents.files())
                .flatExtracting(documents::blocks)
                .allSatisfy(block -> assertThat(block.language())
                        .as(block.place())
                        .isIn("java", "xml", "sh", "text", "json", "properties", "yaml"));
    }

    @Test
    void everyLocalLink_leadsToAFileAndAHeading() {
        List<String> broken = new ArrayList<>();
        int checked = 0;
        for (String file : documents.files()) {
            Matcher link = LINK.matcher(String.join("\n", documents.lines(file)));
            while (link.find()) {
                if (!link.group(1).contains("://")) {
                    checked++;
                    if (!leadsSomewhere(file, link.group(1))) {
                        broken.add(file + ": " + link.group(1));
                    }
                }
            }
        }

        assertThat(broken).isEmpty();
        assertThat(checked).isGreaterThan(20);
    }

    private boolean leadsSomewhere(String from, String link) {
        String[] parts = link.split("#", 2);
        Path folder = Path.of(from).getParent();
        Path linked = folder == null ? Path.of(parts[0]) : folder.resolve(parts[0]);
        String target =
                parts[0].isEmpty() ? from : linked.normalize().toString().replace('\\', '/');
        if (!Files.exists(documents.path(target))) {
            return false;
        }
        return parts.length == 1 || documents.anchors(target).contains(parts[1]);
    }

    @Test
    void versionsOfTheReadme_areThoseOfThePom() {
        String pom = String.join("\n", documents.lines("pom.xml"));
        Matcher version = Pattern.compile("<artifactId>lora4j-bom</artifactId>\\s*<version>([^<]+)</version>")
                .matcher(pom);

        assertThat(version.find()).isTrue();
        assertThat(documents.blocks("README.md"))
                .filteredOn(block -> block.language().equals("xml"))
                .isNotEmpty()
                .allSatisfy(block -> assertThat(block.lines())
                        .filteredOn(line -> line.contains("<version>"))
                        .containsExactly("<version>" + version.group(1) + "</version>"));
    }

    @Test
    void everyPackage_hasItsRowInTheArchitecture() throws IOException {
        List<String> packages = new ArrayList<>();
        for (Path folder : Modules.sources()) {
            Path sources = folder.resolve(Path.of("org", "lora4j"));
            try (Stream<Path> files = Files.walk(sources)) {
                files.filter(file -> file.endsWith("package-info.java"))
                        .map(file ->
                                sources.relativize(file.getParent()).toString().replace(File.separatorChar, '.'))
                        .filter(name -> !name.isEmpty())
                        .forEach(packages::add);
            }
        }

        String rows = documents.lines("docs/architecture.md").stream()
                .filter(line -> line.startsWith("| `"))
                .collect(Collectors.joining());
        assertThat(packages)
                .hasSizeGreaterThan(10)
                .as("packages, each in one module")
                .doesNotHaveDuplicates()
                .allSatisfy(name -> assertThat(rows).contains("`" + name + "`"));
    }

    /** A cell with more text than a paragraph is a page that has no room. */
    @Test
    void everyCell_canBeRead() {
        List<String> wordy = new ArrayList<>();
        for (String file : documents.files()) {
            List<String> lines = documents.lines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).startsWith("|")) {
                    String place = file + ":" + (i + 1);
                    Stream.of(lines.get(i).split("\\|"))
                            .map(cell -> cell.replaceAll("\\]\\([^)]*\\)", "]"))
                            .filter(cell -> cell.length() > MOST_OF_A_CELL)
                            .forEach(cell -> wordy.add(place + ": " + cell.length() + " characters"));
                }
            }
        }

        assertThat(wordy)
                .as("cells of tables above %d characters", MOST_OF_A_CELL)
                .isEmpty();
    }

    @Test
    void everyDecision_thatMissedATarget_isInTheTableOfPromises() {
        Pattern missed = Pattern.compile(
                "(?:was|is|are|were) not\\s+reached|not in reach|cannot be\\s+reached|could not be tried|\\| (?:\\*\\*)?not reached");
        Set<String> ofSomethingElse = Set.of("docs/decisions/0053-what-takes-part-in-a-step.md");
        String page = String.join("\n", documents.lines("docs/performance.md"));
        int from = page.indexOf("\n## Promised and not reached");
        assertThat(from).as("the section with the table").isNotNegative();
        String table = page.substring(from, page.indexOf("\n## ", from + 1));

        List<String> records = documents.files().stream()
                .filter(file -> file.startsWith("docs/decisions/0") && !ofSomethingElse.contains(file))
                .filter(file ->
                        missed.matcher(String.join("\n", documents.lines(file))).find())
                .toList();

        assertThat(records)
                .hasSizeGreaterThan(4)
                .as("records of missed targets")
                .allSatisfy(file -> assertThat(table).contains("](" + file.substring("docs/".length())));
    }

    @Test
    void everyTestAndTarget_thatTheSecurityPageNames_isThere() throws IOException {
        List<String> there = new ArrayList<>();
        for (String module : List.of(
                "lora-dl4j",
                "lora-tribuo",
                "integration-tests/quickstart",
                "integration-tests/examples",
                "integration-tests/conformance")) {
            try (Stream<Path> files = Files.walk(documents.path(module))) {
                files.map(file -> file.getFileName().toString()).forEach(there::add);
            }
        }
        String text = String.join("\n", documents.lines("docs/security.md"));
        Matcher test = Pattern.compile("`(\\w+Test)`").matcher(text);
        List<String> named = new ArrayList<>();
        while (test.find()) {
            named.add(test.group(1) + ".java");
        }
        assertThat(named).hasSizeGreaterThan(10);
        assertThat(there).containsAll(named);
        try (Stream<Path> targets =
                Files.list(documents.path("integration-tests/conformance/src/test/resources/fuzz"))) {
            assertThat(targets.map(target -> "`" + target.getFileName() + "`"))
                    .isNotEmpty()
                    .allSatisfy(target -> assertThat(text).contains(target));
        }
    }

    @Test
    void contains_wantsTheLinesInARow_andIgnoresBlanks() {
        List<String> source = List.of("  a();", "", "  b();", "  c();");

        assertThat(Documents.contains(source, List.of("a();", "b();"))).isTrue();
        assertThat(Documents.contains(source, List.of("a();", "c();"))).isFalse();
        assertThat(Documents.contains(source, List.of("b();", "a();"))).isFalse();
        assertThat(Documents.contains(source, List.of("a( );"))).isFalse();
        assertThat(Documents.contains(source, List.of())).isFalse();
    }

    @Test
    void blocks_ofAnOpenFence_areRefused() {
        assertThatThrownBy(() -> Documents.blocks("x.md", List.of("text", "```java", "a();")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("x.md:2");
    }

    @Test
    void pattern_matchesTheWholeMessage_withDotsForWhatDiffers() {
        assertThat("a 17 b (c)").matches(Documents.pattern("a ...\nb (c)"));
        assertThat("a 17 b (c) d").doesNotMatch(Documents.pattern("a ...\nb (c)"));
        assertThat("a 17 b [c]").doesNotMatch(Documents.pattern("a ...\nb (c)"));
    }

    @Test
    void anchors_areGitHubs() {
        assertThat(Documents.anchors(List.of("# Two words", "## `Trainer`, steps & more", "```text", "# none", "```")))
                .containsExactlyInAnyOrder("two-words", "trainer-steps--more");
    }
}
