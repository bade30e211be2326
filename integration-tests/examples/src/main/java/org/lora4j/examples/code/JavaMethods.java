/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Methods of a sources jar that have javadoc. Found by patterns, not by a parser: what they miss is left out.
 */
final class JavaMethods {

    private static final Pattern METHOD = Pattern.compile("/\\*\\*((?:[^*]++|\\*(?!/))*+)\\*/\\s*"
            + "((?:@\\w+(?:\\([^)]*\\))?\\s*)*)"
            + "((?:public|protected|private|static|final)\\s[^;{}=@]*\\([^;{}]*\\)[^;{}()]*)\\{");
    /** What a brace is not meant in, and braces. */
    private static final Pattern PIECE = Pattern.compile("\"(?:\\\\.|[^\"\\\\\\n])*+\"|'(?:\\\\.|[^'\\\\\\n])++'"
            + "|//[^\\n]*+|/\\*(?:[^*]++|\\*(?!/))*+\\*/|[{}]");

    private static final Pattern NAME = Pattern.compile("([\\w\\]>?.]+)\\s+(\\w+)\\s*\\(");
    private static final Pattern THROWS_TAG = Pattern.compile("@(?:throws|exception)\\s+([\\w.]+)");
    private static final Pattern THROWS_CLAUSE = Pattern.compile("\\)\\s*throws\\s+([\\w.,\\s]+)$");
    private static final Pattern EXCEPTION = Pattern.compile("\\b[A-Z]\\w*(?:Exception|Error)\\b");
    private static final Pattern TAG = Pattern.compile("\\{@\\w+\\s+([^}]*)\\}");
    private static final Pattern MARKUP = Pattern.compile("<[^>]*>");
    private static final Pattern SENTENCE = Pattern.compile("^(.*?[.!?])(?:\\s|$)", Pattern.DOTALL);
    private static final Set<String> MODIFIERS =
            Set.of("public", "protected", "private", "static", "final", "synchronized", "native", "abstract");
    private static final int FEWEST_WORDS = 4;

    /**
     * A method.
     *
     * @param folder the package that it is in
     * @param name what it is called; empty for a constructor
     * @param sentence what it does, in the words of its author
     * @param code its signature and body, white space collapsed
     * @param body its body without comments, in which its own name is {@code _} and every name of an exception is {@code
     *     Exception}
     * @param thrown simple names of what it throws, as its javadoc or its signature says
     * @param deprecated whether its javadoc or an annotation says so
     */
    record Method(
            String folder,
            String name,
            String sentence,
            String code,
            String body,
            Set<String> thrown,
            boolean deprecated) {

        /** Whether its author told what it does. */
        boolean isDescribed() {
            return sentence.split(" ").length >= FEWEST_WORDS && !sentence.contains("inheritDoc");
        }
    }

    private JavaMethods() {}

    /** All methods of a jar with sources, in the order of their packages. */
    static List<Method> of(Path jar) throws IOException {
        List<Method> methods = new ArrayList<>();
        try (InputStream in = Files.newInputStream(jar);
                JarInputStream entries = new JarInputStream(in)) {
            for (JarEntry entry = entries.getNextJarEntry(); entry != null; entry = entries.getNextJarEntry()) {
                if (entry.getName().endsWith(".java")) {
                    String source = new String(entries.readAllBytes(), StandardCharsets.UTF_8);
                    String folder = entry.getName().substring(0, entry.getName().lastIndexOf('/'));
                    methods.addAll(methods(folder, source));
                }
            }
        }
        methods.sort(Comparator.comparing(Method::folder).thenComparing(Method::code));
        return methods;
    }

    static List<Method> methods(String folder, String source) {
        List<Method> methods = new ArrayList<>();
        Matcher matcher = METHOD.matcher(source);
        while (matcher.find()) {
            int end = end(source, matcher.end());
            if (end > 0) {
                String comment = matcher.group(1);
                String signature = matcher.group(3);
                String body = source.substring(matcher.end(), end);
                String name = name(signature);
                methods.add(new Method(
                        folder,
                        name,
                        sentence(comment),
                        collapsed(signature + "{" + body),
                        masked(body, name),
                        thrown(comment, signature),
                        comment.contains("@deprecated") || matcher.group(2).contains("@Deprecated")));
            }
        }
        return methods;
    }

    /** Behind the brace that closes the body; -1 if there is none. */
    private static int end(String source, int from) {
        int depth = 1;
        Matcher piece = PIECE.matcher(source);
        for (int at = from; piece.find(at); at = piece.end()) {
            depth += piece.group().equals("{") ? 1 : piece.group().equals("}") ? -1 : 0;
            if (depth == 0) {
                return piece.end();
            }
        }
        return -1;
    }

    private static String name(String signature) {
        Matcher name = NAME.matcher(signature);
        return name.find() && !MODIFIERS.contains(name.group(1)) ? name.group(2) : "";
    }

    private static Set<String> thrown(String comment, String signature) {
        Set<String> thrown = new TreeSet<>();
        THROWS_TAG.matcher(comment).results().forEach(tag -> thrown.add(simple(tag.group(1))));
        Matcher clause = THROWS_CLAUSE.matcher(signature.strip());
        if (clause.find()) {
            for (String type : clause.group(1).split(",")) {
                thrown.add(simple(type.strip()));
            }
        }
        return thrown;
    }

    private static String simple(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }

    /** Without what would tell the answer. */
    private static String masked(String body, String name) {
        String code = PIECE.matcher("{" + body)
                .replaceAll(piece -> Matcher.quoteReplacement(piece.group().startsWith("/") ? " " : piece.group()));
        code = EXCEPTION.matcher(code).replaceAll("Exception");
        return collapsed(name.isEmpty() ? code : code.replaceAll("\\b" + name + "\\b", "_"));
    }

    private static String collapsed(String code) {
        return code.replaceAll("\\s+", " ").strip();
    }

    private static String sentence(String comment) {
        String text = comment.replaceAll("(?m)^\\s*\\*", " ");
        int tags = text.indexOf(" @");
        text = tags < 0 ? text : text.substring(0, tags);
        text = MARKUP.matcher(TAG.matcher(text).replaceAll("$1"))
                .replaceAll(" ")
                .replaceAll("\\s+", " ")
                .strip();
        Matcher sentence = SENTENCE.matcher(text);
        return sentence.find() ? sentence.group(1) : text;
    }
}
