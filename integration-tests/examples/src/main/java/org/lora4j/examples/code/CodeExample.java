/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.DataFile;
import org.lora4j.examples.Example;
import org.lora4j.examples.code.JavaMethods.Method;
import org.lora4j.text.TextEncoder;

/**
 * Java methods, searched and described. Arguments of its own: encoders for the search, with commas between them
 * ({@code none} leaves it out), and how many methods are learned from.
 */
public final class CodeExample {

    private static final DataFile MATH = new DataFile(
            "commons-math3",
            "commons-math3-3.6.1-sources.jar",
            "e2ff85a3c360d56c51a7021614a194f3fbaf224054642ac535016f118322934d",
            "Maven, as org.apache.commons:commons-math3:3.6.1:sources");
    private static final DataFile LANG = new DataFile(
            "commons-lang3",
            "commons-lang3-3.17.0-sources.jar",
            "5fdcac21ad329766054a95367d7583dfcdca737d221d5e01a5f2a198c04c6b18",
            "Maven, as org.apache.commons:commons-lang3:3.17.0:sources");
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
        Optional<Path> mathJar = example.jar(MATH, "org/apache/commons/math3/util/FastMath.java");
        Optional<Path> langJar = example.jar(LANG, "org/apache/commons/lang3/StringUtils.java");
        if (mathJar.isEmpty() || langJar.isEmpty()) {
            return;
        }
        List<Method> math = JavaMethods.of(mathJar.get());
        List<Method> both = new ArrayList<>(math);
        both.addAll(JavaMethods.of(langJar.get()));
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
