/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The Java files of all modules, those of programs, tests and demonstrations among them, and the prose in them. */
final class Sources {

    private static final List<String> FOLDERS = List.of("lora-dl4j", "lora-tribuo", "integration-tests");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|(?m)(?<![:\"])//[^\"\n]*$", Pattern.DOTALL);
    private static final Pattern DECLARATION = Pattern.compile("\\b(?:class|interface|record|enum) +(\\p{Lu}\\w*)");

    private Sources() {}

    /** A file below the root, and what is in it. */
    record Source(String file, String text) {

        boolean isMain() {
            return file.contains("/src/main/");
        }

        /** Its comments, each in one line and without the stars in front. */
        List<String> comments() {
            return COMMENT.matcher(text)
                    .results()
                    .map(comment -> comment.group().replaceAll("\\s*\n\\s*\\*?\\s*", " "))
                    .toList();
        }

        /** The types that it declares, nested ones too. */
        List<String> types() {
            return DECLARATION
                    .matcher(text)
                    .results()
                    .map((MatchResult type) -> type.group(1))
                    .toList();
        }
    }

    /** All that a checkout has; what a build generated is not among them. */
    static List<Source> java(Documents documents) {
        return FOLDERS.stream()
                .flatMap(folder -> below(documents, documents.path(folder)).stream())
                .toList();
    }

    private static List<Source> below(Documents documents, Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file ->
                            documents.path("").relativize(file).toString().replace('\\', '/'))
                    .filter(file -> file.endsWith(".java") && file.contains("/src/") && !file.contains("/target/"))
                    .sorted()
                    .map(file -> new Source(file, String.join("\n", documents.lines(file))))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
