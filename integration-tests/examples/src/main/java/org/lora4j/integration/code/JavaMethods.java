/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.code;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Methods of a sources jar with the first sentence of their javadoc. Found by patterns, not by a parser: what they miss is
 * left out.
 */
final class JavaMethods {

    private static final Pattern METHOD =
            Pattern.compile("/\\*\\*((?:[^*]++|\\*(?!/))*+)\\*/\\s*(?:@\\w+(?:\\([^)]*\\))?\\s*)*"
                    + "((?:public|protected|private|static|final)\\s[^;{}=@]*\\([^;{}]*\\)[^;{}()]*)\\{");
    private static final Pattern TAG = Pattern.compile("\\{@\\w+\\s+([^}]*)\\}");
    private static final Pattern MARKUP = Pattern.compile("<[^>]*>");
    private static final Pattern SENTENCE = Pattern.compile("^(.*?[.!?])(?:\\s|$)", Pattern.DOTALL);
    private static final int FEWEST_WORDS = 4;

    /**
     * A method.
     *
     * @param folder the package that it is in
     * @param sentence what it does, in the words of its author
     * @param code its signature and body, white space collapsed
     */
    record Method(String folder, String sentence, String code) {}

    private JavaMethods() {}

    /** All methods of the jar that a resource is in, each sentence and each code once, in the order of their files. */
    static List<Method> of(String resource) throws IOException {
        URL found = JavaMethods.class.getClassLoader().getResource(resource);
        if (found == null) {
            throw new IOException("resource \"" + resource + "\": not on the class path; expected the artifact"
                    + " org.apache.commons:commons-math3:3.6.1:sources. The profile example-code brings it");
        }
        String jar = found.getPath().substring(0, found.getPath().indexOf('!'));
        List<Method> methods = new ArrayList<>();
        try (InputStream in = new URL(jar).openStream();
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
        Set<String> seen = new HashSet<>();
        return methods.stream()
                .filter(method -> seen.add(method.sentence()) & seen.add(method.code()))
                .toList();
    }

    static List<Method> methods(String folder, String source) {
        List<Method> methods = new ArrayList<>();
        Matcher matcher = METHOD.matcher(source);
        while (matcher.find()) {
            String sentence = sentence(matcher.group(1));
            int end = end(source, matcher.end());
            if (end > 0 && sentence.split(" ").length >= FEWEST_WORDS && !sentence.contains("inheritDoc")) {
                String code = matcher.group(2) + "{" + source.substring(matcher.end(), end);
                methods.add(new Method(
                        folder, sentence, code.replaceAll("\\s+", " ").strip()));
            }
        }
        return methods;
    }

    /** Behind the brace that closes the body; -1 if there is none. */
    private static int end(String source, int from) {
        int depth = 1;
        for (int i = from; i < source.length(); i++) {
            char c = source.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return -1;
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
