/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.code.JavaMethods.Method;
import org.lora4j.text.TextEncoder;

/**
 * Java methods, searched and described. Arguments of its own: encoders for the search, with commas between them
 * ({@code none} leaves it out), and how many methods are learned from.
 */
public final class CodeExample {

    private static final String MATH = "org/apache/commons/math3/util/FastMath.java";
    private static final String LANG = "org/apache/commons/lang3/StringUtils.java";
    private static final String MINI_LM = "all-minilm-l6-v2";
    private static final int LONGEST = 64;

    private CodeExample() {}

    /**
     * Runs the example.
     *
     * @param args as {@link Example} has them, then encoders and a number of methods
     */
    public static void main(String[] args) {
        Example.main("example-code", args, CodeExample::run);
    }

    private static void run(Example example) throws IOException {
        List<Method> math = JavaMethods.of(MATH, "org.apache.commons:commons-math3:3.6.1:sources");
        List<Method> both = new ArrayList<>(math);
        both.addAll(JavaMethods.of(LANG, "org.apache.commons:commons-lang3:3.17.0:sources"));
        try (TextEncoder encoder = TextEncoder.named(MINI_LM).withMaxLength(LONGEST)) {
            for (MethodLabels labels : MethodLabels.values()) {
                Comparison f1 = new Comparison(labels.title(), "micro F1", example.seed());
                for (long seed : example.seeds()) {
                    new MethodMetadata(example, encoder, seed).compare(both, labels, f1);
                }
                example.table(f1);
            }
        }
        List<String> encoders = List.of(example.argument(0, MINI_LM).split(","));
        for (String name : encoders.contains("none") ? List.<String>of() : encoders) {
            try (TextEncoder encoder = TextEncoder.named(name).withMaxLength(LONGEST)) {
                Comparison ranks = new Comparison("code search, " + name, "mean reciprocal rank", example.seed());
                for (long seed : example.seeds()) {
                    new CodeSearch(example, encoder, seed).compare(math, ranks);
                }
                example.table(ranks);
            }
        }
    }
}
