/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the javadoc of types says of their status. Class files do not tell, so the sources are read, as they are formatted. */
final class DeclaredStatus {

    private static final int INDENT = 4;
    private static final Pattern TYPE = Pattern.compile(
            "^( *)(?:(?:public|protected|private|static|final|abstract|sealed|non-sealed) )*"
                    + "(?:class|interface|@interface|enum|record) (\\w+)",
            Pattern.MULTILINE);
    private static final Pattern STATUS = Pattern.compile("@apiNote Status: (\\w+)$", Pattern.MULTILINE);

    private final SortedMap<String, List<String>> byType = new TreeMap<>();

    private DeclaredStatus() {}

    /** Of all types below folders of sources, nested ones too: what each says, by its binary name. */
    static SortedMap<String, List<String>> in(List<Path> sources) throws IOException {
        DeclaredStatus found = new DeclaredStatus();
        for (Path folder : sources) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    found.read(folder.relativize(file), Files.readString(file));
                }
            }
        }
        return found.byType;
    }

    private void read(Path file, String text) {
        String prefix = file.toString().replaceAll("\\w+\\.java$", "").replaceAll("[/\\\\]", ".");
        List<String> enclosing = new ArrayList<>();
        int end = 0;
        Matcher type = TYPE.matcher(text);
        while (type.find()) {
            int depth = type.group(1).length() / INDENT;
            if (depth <= enclosing.size()) { // Else it is within a method.
                enclosing.subList(depth, enclosing.size()).clear();
                enclosing.add(type.group(2));
                String name = enclosing.stream().collect(Collectors.joining("$", prefix, ""));
                byType.put(name, statuses(text.substring(end, type.start())));
            }
            end = type.end();
        }
    }

    private static List<String> statuses(String before) {
        // A comment that ends a member before it is followed by code.
        int start = before.lastIndexOf("/**");
        boolean isOfType =
                start >= 0 && !before.substring(before.indexOf("*/", start)).contains(";");
        return isOfType
                ? STATUS.matcher(before.substring(start))
                        .results()
                        .map((MatchResult status) -> status.group(1))
                        .toList()
                : List.of();
    }
}
