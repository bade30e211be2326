/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.ExamplePreview.Example;
import org.lora4j.trust.ExamplePreview.Part;

/** Shows examples of text tasks as the model gets them: what is behind the last token is left out. */
final class TextPreview {

    private TextPreview() {}

    static <I, E> Example of(TaskSpec<I, E, ?, ?> spec, Targets<I, E, ?> targets, TextEncoder encoder, E example) {
        I input = spec.input(example);
        TokenizedText tokens = spec.tokens(encoder, input);
        float[] target = targets.encode(example, tokens);
        if (targets.head() == TaskExporter.Head.TAGS) {
            return words(spec.texts(input), targets.names(), tokens, target);
        }
        String label = String.join(", ", spec.labels(example));
        return new Example(
                texts(spec.texts(input), tokens), label.isEmpty() ? numbers(target) : label, tokens.length(), 1);
    }

    private static String numbers(float[] target) {
        StringBuilder text = new StringBuilder();
        for (float value : target) {
            text.append(text.isEmpty() ? "" : ", ").append(value);
        }
        return text.toString();
    }

    /** Each word with its tag; those that were cut are not there. */
    private static Example words(List<String> words, List<String> names, TokenizedText tokens, float[] target) {
        List<Part> parts = new ArrayList<>();
        int learned = 0;
        int last = -1;
        for (int token = 0; token < tokens.length(); token++) {
            int word = tokens.wordIds()[token];
            if (word >= 0 && word != last && word < words.size()) {
                float[] own = Arrays.copyOfRange(target, token * names.size(), (token + 1) * names.size());
                int tag = 0;
                for (int i = 1; i < own.length; i++) {
                    tag = own[i] > own[tag] ? i : tag;
                }
                boolean hasTag = own[tag] != 0;
                learned += hasTag ? 1 : 0;
                parts.add(new Part(words.get(word) + (hasTag ? "/" + names.get(tag) : ""), hasTag));
                parts.add(new Part(" ", false));
                last = word;
            }
        }
        return new Example(parts, "", tokens.length(), learned);
    }

    static List<Part> texts(List<String> texts, TokenizedText tokens) {
        if (!tokens.cut() || tokens.spans().length == 0 || texts.size() > 2) {
            return List.of(new Part(texts.stream().collect(Collectors.joining(" | ")), false));
        }
        List<Part> parts = new ArrayList<>();
        for (int text = 0; text < texts.size(); text++) {
            int end = 0;
            for (int token = 0; token < tokens.length(); token++) {
                boolean own = texts.size() == 1 || tokens.typeIds()[token] == text;
                end = own ? Math.max(end, tokens.spans()[2 * token + 1]) : end;
            }
            String whole = texts.get(text);
            parts.add(new Part((text > 0 ? " | " : "") + whole.substring(0, Math.min(end, whole.length())), false));
        }
        return parts;
    }

    /** The first examples. */
    static <E> ExamplePreview of(List<E> examples, int count, Function<E, Example> show) {
        List<E> first = examples.subList(0, Math.min(count, examples.size()));
        return new ExamplePreview(first.stream().map(show).toList(), examples.size());
    }
}
