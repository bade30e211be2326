/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.examples.code.JavaMethods.Method;
import org.lora4j.text.LabeledText;
import org.lora4j.text.SentenceExample;

class JavaMethodsTest {

    private static final String SOURCE = """
            /** A class with a long first sentence here. */
            public class A {
                /**
                 * Returns the {@code sum} of <b>two</b> numbers. More words.
                 * @param a the one
                 * @throws java.lang.ArithmeticException if it is too large
                 * @deprecated as of 3.1, see {@link #add}
                 */
                @Deprecated
                public static int sum(int a, int b) throws OverflowException, ToolException {
                    // An ArithmeticException { is what tells.
                    if (a > 0) { throw new OverflowException("}"); }
                    return sum(b, a) + '{';
                }

                /** {@inheritDoc} */
                public String toString() { return ""; }

                /** Makes an A of nothing at all. */
                public A() { }
            }
            """;

    @Test
    void methods_haveTheirFirstSentenceAndTheirWholeBody() {
        List<Method> methods = JavaMethods.methods("p", SOURCE);

        assertThat(methods).extracting(Method::name).containsExactly("sum", "toString", "");
        assertThat(methods).extracting(Method::isDescribed).containsExactly(true, false, true);
        assertThat(methods.get(0).sentence()).isEqualTo("Returns the sum of two numbers.");
        assertThat(methods.get(0).code())
                .startsWith("public static int sum(int a, int b) throws OverflowException, ToolException {")
                .endsWith("return sum(b, a) + '{'; }");
    }

    @Test
    void methods_haveWhatTheirAuthorWroteBesideThem_andBodiesThatDoNotTellIt() {
        Method sum = JavaMethods.methods("p", SOURCE).get(0);

        assertThat(sum.thrown()).containsExactly("ArithmeticException", "OverflowException", "ToolException");
        assertThat(sum.deprecated()).isTrue();
        assertThat(sum.body()).isEqualTo("{ if (a > 0) { throw new Exception(\"}\"); } return _(b, a) + '{'; }");
    }

    @Test
    void methods_whenACommentIsLong_areFound() {
        String comment = "Returns what all of these words say. " + "word * ".repeat(20_000);

        assertThat(JavaMethods.methods("p", "/** " + comment + "*/ public int size() { return 1; }"))
                .extracting(Method::sentence)
                .containsExactly("Returns what all of these words say.");
    }

    @Test
    void words_areThoseOfCamelCase() {
        assertThat(MethodLabels.words("parseURLAsBigDecimal2")).containsExactly("parse", "url", "as", "big", "decimal");
        assertThat(MethodLabels.words("get")).containsExactly("get");
        assertThat(MethodLabels.words("")).isEmpty();
    }

    @Test
    void partsOfTheSearch_haveNoPackageInCommon() {
        List<Method> methods = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            methods.add(method("p" + i % 20, "f" + i, "p" + i % 20 + " int f" + i + "()", Set.of()));
        }

        CodeSearch.Parts parts = CodeSearch.parts(methods, 1);

        assertThat(parts.train()).hasSize(1_000);
        assertThat(packages(parts.test())).doesNotContainAnyElementsOf(packages(parts.train()));
        assertThat(packages(parts.validation())).doesNotContainAnyElementsOf(packages(parts.train()));
    }

    private static Method method(String folder, String name, String body, Set<String> thrown) {
        return new Method(folder, name, "Computes the number of " + name, body, body, thrown, false);
    }

    private static Set<String> packages(List<SentenceExample> examples) {
        return examples.stream()
                .map(example -> example.positive().orElseThrow().split(" ")[0])
                .collect(Collectors.toSet());
    }

    @Test
    void partsOfTheLabels_haveNoNameAndNoBodyInCommon() {
        List<Method> methods = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            // Two overloads of each name; one name in ten has the body of a hundred others.
            String name = Integer.toBinaryString(i / 2).replace('0', 'o').replace('1', 'i');
            String body = i % 20 < 2 ? "copy" + i / 1_000 : (i % 2 == 0 ? "int " : "long ") + name;
            methods.add(method("p", name, body, i % 4 < 2 ? Set.of("IOException") : Set.of()));
        }

        MethodMetadata.Parts parts = MethodMetadata.parts(methods, MethodLabels.THROWN, 1_500, 1);

        assertThat(parts.train())
                .isNotEmpty()
                .extracting(LabeledText::labels)
                .contains(List.of("IOException"), List.of());
        assertThat(Stream.of(parts.train(), parts.validation(), parts.test()).flatMap(List::stream))
                .filteredOn(example -> example.text().startsWith("copy"))
                .hasSizeLessThanOrEqualTo(1);
        assertThat(kinds(parts.test())).isNotEmpty().doesNotContainAnyElementsOf(kinds(parts.train()));
        assertThat(kinds(parts.validation())).isNotEmpty().doesNotContainAnyElementsOf(kinds(parts.train()));
    }

    private static Set<String> kinds(List<LabeledText> examples) {
        return examples.stream()
                .map(example -> example.text().replaceAll("int |long ", ""))
                .collect(Collectors.toSet());
    }
}
