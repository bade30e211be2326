/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.language;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.language.LmExample;

/**
 * Something to learn.
 *
 * @param name what it is called, and its adapter
 * @param train the examples to learn from
 * @param validation the examples to choose the best epoch by
 * @param test the examples that figures are measured with
 * @param prompts what texts to print go on from
 * @param ends what a text to print ends before
 */
record Domain(
        String name,
        List<LmExample> train,
        List<LmExample> validation,
        List<LmExample> test,
        List<String> prompts,
        List<String> ends) {

    private static final String JAVA_SOURCE = "org/apache/commons/math3/util/FastMath.java";
    /**
     * Behind an intent. The model has never seen the token that ends texts: its embedding is that of all bytes that stories do not
     * have, and what adapters change lies below the head that would have to tell them apart.
     */
    static final String END = "\n";

    private static final int HELD_CHARACTERS = 30_000;
    private static final int HELD_QUESTIONS = 300;

    /** Tiny Shakespeare: a beginning to learn from, the last two pieces held out. */
    static Domain shakespeare(Path file, int characters) throws IOException {
        String all = Files.readString(file);
        int validation = all.length() - 2 * HELD_CHARACTERS;
        int test = all.length() - HELD_CHARACTERS;
        return new Domain(
                "shakespeare",
                text(all.substring(0, Math.min(validation, characters))),
                text(all.substring(validation, test)),
                text(all.substring(test)),
                List.of("ROMEO:\n", "JULIET:\n", "KING RICHARD III:\nNow"),
                List.of());
    }

    private static List<LmExample> text(String text) {
        return List.of(LmExample.text(text));
    }

    /**
     * Source of commons-math3, file by file, of which some are held out. The license at the top is left out: it is the same
     * everywhere and would flatter the figures.
     */
    static Domain java(int characters) throws IOException {
        URL found = Domain.class.getClassLoader().getResource(JAVA_SOURCE);
        if (found == null) {
            throw new IOException("resource \"" + JAVA_SOURCE + "\": not on the class path; expected the artifact"
                    + " org.apache.commons:commons-math3:3.6.1:sources. The profile example-language brings it");
        }
        Map<String, String> files = new TreeMap<>();
        String jar = found.getPath().substring(0, found.getPath().indexOf('!'));
        try (InputStream in = new URL(jar).openStream();
                JarInputStream entries = new JarInputStream(in)) {
            for (JarEntry entry = entries.getNextJarEntry(); entry != null; entry = entries.getNextJarEntry()) {
                if (entry.getName().endsWith(".java") && !entry.getName().endsWith("package-info.java")) {
                    String source = new String(entries.readAllBytes(), StandardCharsets.UTF_8);
                    files.put(entry.getName(), source.substring(source.indexOf("package ")));
                }
            }
        }
        List<String> sources = new ArrayList<>(files.values());
        Collections.shuffle(sources, new Random(1));
        List<LmExample> test = take(sources, HELD_CHARACTERS);
        List<LmExample> validation = take(sources, HELD_CHARACTERS);
        return new Domain(
                "java",
                take(sources, characters),
                validation,
                test,
                List.of("    public int ", "    /**\n     * Returns ", "        for (int i = 0; "),
                List.of());
    }

    /** Takes files off a list. */
    private static List<LmExample> take(List<String> sources, int characters) {
        List<LmExample> taken = new ArrayList<>();
        int length = 0;
        while (length < characters && !sources.isEmpty()) {
            String source = sources.remove(sources.size() - 1);
            String part = source.substring(0, Math.min(source.length(), characters - length));
            taken.add(LmExample.text(part));
            length += part.length();
        }
        return taken;
    }

    /** Questions to a bank, whose intent is to be said. */
    static Domain banking(Banking77 data, int questions) throws IOException {
        List<LabeledText> train = new ArrayList<>(data.train());
        Collections.shuffle(train, new Random(1));
        int held = train.size() - HELD_QUESTIONS;
        return new Domain(
                "banking",
                examples(train.subList(0, Math.min(questions, held))),
                examples(train.subList(held, train.size())),
                examples(testQuestions(data)),
                List.of(
                        prompt("My card has not arrived yet."),
                        prompt("How do I change my PIN?"),
                        prompt("Why was I charged a fee for cash?")),
                List.of(END));
    }

    /** Some of the questions for testing. */
    static List<LabeledText> testQuestions(Banking77 data) throws IOException {
        List<LabeledText> test = new ArrayList<>(data.test());
        Collections.shuffle(test, new Random(2));
        return test.subList(0, HELD_QUESTIONS);
    }

    private static List<LmExample> examples(List<LabeledText> questions) {
        return questions.stream()
                .map(question -> LmExample.completion(prompt(question.text()), intent(question) + END)
                        .withoutEnd())
                .toList();
    }

    /** A question as the model is asked it. */
    static String prompt(String question) {
        return question.strip() + "\nIntent:";
    }

    /** The answer to a question. */
    static String intent(LabeledText question) {
        return " " + question.labels().first().replace('_', ' ');
    }
}
