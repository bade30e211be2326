/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.code;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.lora4j.examples.code.JavaMethods.Method;

/** What is told of a method by its body. */
enum MethodLabels {
    /** The types of exceptions, several or none. */
    THROWN("what a method throws", 1, method -> List.copyOf(method.thrown())),
    /** One label or none; one method in four has it. */
    DEPRECATED("whether a method is deprecated", 3, method -> method.deprecated() ? List.of("deprecated") : List.of()),
    /** What its name consists of. */
    NAME_WORDS("words of a method's name", 0, method -> words(method.name()));

    private final String title;
    private final int others;
    private final Function<Method, List<String>> labels;

    MethodLabels(String title, int others, Function<Method, List<String>> labels) {
        this.title = title;
        this.others = others;
        this.labels = labels;
    }

    String title() {
        return title;
    }

    /** How many methods without a label are taken for each that has one. */
    int others() {
        return others;
    }

    List<String> of(Method method) {
        return labels.apply(method);
    }

    /** The words of a name in camel case, in lower case. */
    static List<String> words(String name) {
        return Arrays.stream(name.split("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+|(?<=\\D)(?=\\d)"))
                .map(word -> word.toLowerCase(Locale.ROOT))
                .filter(word -> word.length() > 1)
                .distinct()
                .toList();
    }
}
