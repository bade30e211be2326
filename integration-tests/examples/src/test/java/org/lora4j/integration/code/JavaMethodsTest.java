/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lora4j.integration.code.JavaMethods.Method;
import org.lora4j.text.SentenceExample;

class JavaMethodsTest {

    private static final String SOURCE = """
            /** A class with a long first sentence here. */
            public class A {
                /**
                 * Returns the {@code sum} of <b>two</b> numbers. More words.
                 * @param a the one
                 */
                public static int sum(int a, int b) {
                    if (a > 0) { return a + b; }
                    return b;
                }

                /** {@inheritDoc} */
                public String toString() { return ""; }

                /** Too short. */
                public void none() { }
            }
            """;

    @Test
    void methods_haveTheirFirstSentenceAndTheirWholeBody() {
        assertThat(JavaMethods.methods("p", SOURCE))
                .containsExactly(new Method(
                        "p",
                        "Returns the sum of two numbers.",
                        "public static int sum(int a, int b) { if (a > 0) { return a + b; } return b; }"));
    }

    @Test
    void methods_whenACommentIsLong_areFound() {
        String comment = "Returns what all of these words say. " + "word * ".repeat(20_000);

        assertThat(JavaMethods.methods("p", "/** " + comment + "*/ public int size() { return 1; }"))
                .extracting(Method::sentence)
                .containsExactly("Returns what all of these words say.");
    }

    @Test
    void parts_haveNoPackageInCommon() {
        List<Method> methods = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            methods.add(new Method("p" + i % 20, "Computes the number " + i, "p" + i % 20 + " int f" + i + "()"));
        }

        CodeSearchExample.Parts parts = CodeSearchExample.parts(methods, 1);

        assertThat(parts.train()).hasSize(1_000);
        assertThat(packages(parts.test())).doesNotContainAnyElementsOf(packages(parts.train()));
        assertThat(packages(parts.validation())).doesNotContainAnyElementsOf(packages(parts.train()));
    }

    private static Set<String> packages(List<SentenceExample> examples) {
        return examples.stream()
                .map(example -> example.positive().orElseThrow().split(" ")[0])
                .collect(Collectors.toSet());
    }

    @Test
    void interval_ofOneDifference_isThatDifference() {
        double[] interval = CodeSearchExample.interval(List.of(0.2, 0.4, 0.1), List.of(0.3, 0.5, 0.2), 1);

        assertThat(interval[0]).isCloseTo(0.1, within(1e-12));
        assertThat(interval[1]).isCloseTo(0.1, within(1e-12));
    }
}
