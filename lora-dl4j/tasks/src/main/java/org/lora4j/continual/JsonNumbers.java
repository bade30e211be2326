/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/** Takes lists out of what a JSON object holds; what is something else becomes a problem, not an exception. */
final class JsonNumbers {

    private final Problems problems;

    JsonNumbers(Problems problems) {
        this.problems = problems;
    }

    List<String> texts(String name, Object value) {
        List<String> texts = new ArrayList<>();
        for (Object entry : list(name, value)) {
            problems.check(entry instanceof String, name + " holds " + MessageText.value(entry) + ", expected texts");
            texts.add(String.valueOf(entry));
        }
        return texts;
    }

    double[] row(String name, Object value) {
        return list(name, value).stream()
                .mapToDouble(entry -> number(name, entry))
                .toArray();
    }

    double[][] rows(String name, Object value) {
        return list(name, value).stream().map(entry -> row(name, entry)).toArray(double[][]::new);
    }

    double number(String name, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        problems.add(name + " holds " + MessageText.value(value) + ", expected a number");
        return 0;
    }

    private List<?> list(String name, Object value) {
        if (value instanceof List<?> list) {
            return list;
        }
        problems.add(name + " is " + MessageText.value(value) + ", expected a list");
        return List.of();
    }
}
