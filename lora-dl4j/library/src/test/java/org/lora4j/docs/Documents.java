/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The Markdown files of the project, and what stands in their fences. */
final class Documents {

    private static final String FENCE = "```";

    private final Path root;

    /** A fenced block: its language, its lines without blank ones, and where it begins. */
    record Block(String language, List<String> lines, String place) {}

    private Documents(Path root) {
        this.root = root;
    }

    /** The checkout that the tests run in. */
    static Documents root() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("docs/decisions"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new IllegalStateException("no folder above " + Path.of("").toAbsolutePath()
                    + " has docs/decisions; run the tests inside the checkout");
        }
        return new Documents(folder);
    }

    Path path(String file) {
        return root.resolve(file);
    }

    /** README.md, CHANGELOG.md and everything below docs but the site and its tools, as paths below the root. */
    List<String> files() {
        List<String> files = new ArrayList<>(List.of("README.md", "CHANGELOG.md"));
        try (Stream<Path> parts = Files.list(root.resolve("docs"))) {
            for (Path part :
                    parts.filter(path -> !path.endsWith("site")).sorted().toList()) {
                try (Stream<Path> all = Files.walk(part)) {
                    all.filter(file -> file.toString().endsWith(".md"))
                            .map(file -> root.relativize(file).toString().replace('\\', '/'))
                            .sorted()
                            .forEach(files::add);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    List<String> lines(String file) {
        try {
            return Files.readAllLines(root.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Block> blocks(String file) {
        return blocks(file, lines(file));
    }

    static List<Block> blocks(String file, List<String> lines) {
        List<Block> blocks = new ArrayList<>();
        Block open = null;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.startsWith(FENCE) && open == null) {
                open = new Block(line.substring(FENCE.length()), new ArrayList<>(), file + ":" + (i + 1));
            } else if (line.equals(FENCE)) {
                blocks.add(open);
                open = null;
            } else if (open != null && !line.isEmpty()) {
                open.lines().add(line);
            }
        }
        if (open != null) {
            throw new IllegalStateException(open.place() + ": the fence is not closed");
        }
        return blocks;
    }

    /** The one block of plain text of a file that starts so. */
    String textBlock(String file, String start) {
        List<Block> found = blocks(file).stream()
                .filter(block -> block.language().equals("text")
                        && String.join("\n", block.lines()).startsWith(start))
                .toList();
        if (found.size() != 1) {
            throw new IllegalStateException(
                    file + ": " + found.size() + " text blocks start with \"" + start + "\"; expected one");
        }
        return String.join("\n", found.get(0).lines());
    }

    /** The first block of plain text below a heading. */
    String firstTextBlock(String file, String anchor) {
        List<String> lines = lines(file);
        int from = 0;
        while (from < lines.size() && !(lines.get(from).startsWith("#") && anchor.equals(anchor(lines.get(from))))) {
            from++;
        }
        return blocks(file, lines.subList(Math.min(from, lines.size()), lines.size())).stream()
                .filter(block -> block.language().equals("text"))
                .findFirst()
                .map(block -> String.join(" ", block.lines()))
                .orElseThrow(() -> new IllegalStateException(file + "#" + anchor + ": no text block behind it"));
    }

    /** Matches a message whose wording is quoted, whatever stands at the dots and wherever lines break. */
    static Pattern pattern(String quoted) {
        String expression = Arrays.stream(quoted.split("\\.\\.\\.", -1))
                .map(part -> Arrays.stream(part.split("\\s+", -1))
                        .map(Pattern::quote)
                        .collect(Collectors.joining("\\s+")))
                .collect(Collectors.joining(".*"));
        return Pattern.compile(expression, Pattern.DOTALL);
    }

    Set<String> anchors(String file) {
        return anchors(lines(file));
    }

    /** The anchors that GitHub gives to headings. */
    static Set<String> anchors(List<String> lines) {
        Set<String> anchors = new HashSet<>();
        boolean code = false;
        for (String line : lines) {
            if (line.strip().startsWith(FENCE)) {
                code = !code;
            } else if (!code && line.startsWith("#")) {
                anchors.add(anchor(line));
            }
        }
        return anchors;
    }

    private static String anchor(String heading) {
        return heading.replaceFirst("^#+\\s*", "")
                .strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}\\-_ ]", "")
                .replace(' ', '-');
    }

    /** Whether the lines stand in a row in a source, blanks at the ends and empty lines aside. */
    static boolean contains(List<String> source, List<String> lines) {
        List<String> stripped = source.stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        return !lines.isEmpty() && Collections.indexOfSubList(stripped, lines) >= 0;
    }
}
