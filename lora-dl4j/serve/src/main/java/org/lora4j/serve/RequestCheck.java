/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.NonFinite;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Finds what is wrong with inputs before they join those of others in a batch. */
final class RequestCheck {

    private final ServedBase base;
    private final RequestBatches batches;
    private final int maxRows;
    private final Set<String> anyValues = new LinkedHashSet<>();

    /** Inputs that hold NaN or infinite values in the example may hold them later. */
    RequestCheck(ServedBase base, RequestBatches batches, Map<String, INDArray> example, int maxRows) {
        this.base = base;
        this.batches = batches;
        this.maxRows = maxRows;
        base.inputs().keySet().stream()
                .filter(name -> NonFinite.in(example.get(name)).isPresent())
                .forEach(anyValues::add);
    }

    /** The inputs in the types of their placeholders; null if something is wrong. */
    Map<String, INDArray> typed(Map<String, INDArray> inputs, Problems problems) {
        Problems found = batches.problems(inputs);
        if (found.isEmpty()) {
            int rows = RequestBatches.rows(inputs);
            found.check(
                    rows <= maxRows,
                    rows + " rows, expected " + maxRows + " at most; ask for fewer at a time, or raise maxRows");
            batches.inputs().forEach((name, type) -> checkValues(name, inputs.get(name), type, found));
        }
        Map<String, INDArray> typed = null;
        if (found.isEmpty()) {
            typed = batches.typed(inputs);
            base.check(typed, found);
        }
        problems.addAll(found.list());
        return found.isEmpty() ? typed : null;
    }

    private void checkValues(String name, INDArray array, DataType type, Problems problems) {
        Optional<NonFinite> bad = anyValues.contains(name) ? Optional.empty() : NonFinite.in(array);
        if (bad.isPresent()) {
            problems.add(
                    "input \"" + name + "\" holds " + bad.get() + "; expected finite numbers. Clean the row, or give"
                            + " an example with such values if the base can do with them");
        } else if (type.isIntType() && array.dataType() != type && !fits(array, type)) {
            problems.add("input \"" + name + "\" is " + array.dataType() + " with fractions, or values that " + type
                    + " does not hold (from " + array.minNumber() + " to " + array.maxNumber()
                    + "); expected whole numbers");
        }
    }

    private static boolean fits(INDArray array, DataType type) {
        return array.castTo(type).castTo(DataType.DOUBLE).equals(array.castTo(DataType.DOUBLE));
    }

    /** Whether all values of checked inputs are finite, so that NaN in an answer cannot come from them. */
    boolean areFinite(Map<String, INDArray> inputs) {
        return anyValues.stream()
                .noneMatch(name -> NonFinite.in(inputs.get(name)).isPresent());
    }

    /** What is wrong with outputs that finite inputs gave, or null. Infinite values are right for some, such as logarithms. */
    static String notANumber(Map<String, INDArray> outputs) {
        for (Map.Entry<String, INDArray> output : outputs.entrySet()) {
            Optional<NonFinite> bad = NonFinite.nanIn(output.getValue());
            if (bad.isPresent()) {
                return "output \"" + output.getKey() + "\" holds " + bad.get() + " though all inputs are finite;"
                        + " expected numbers. Look for values that are not finite or very large in the adapter and the"
                        + " base.";
            }
        }
        return null;
    }
}
