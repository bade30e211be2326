/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Puts requests of equal shapes, but for their rows, into one batch, and takes its outputs apart again. */
final class RequestBatches {

    private final Map<String, DataType> placeholders;

    /** For a graph with these placeholders. */
    RequestBatches(Map<String, DataType> placeholders) {
        this.placeholders = placeholders;
    }

    /** The types of the inputs by name. */
    Map<String, DataType> inputs() {
        return placeholders;
    }

    /** What is wrong with names and shapes of inputs. */
    Problems problems(Map<String, INDArray> inputs) {
        Problems problems = new Problems();
        Map<Long, List<String>> byRows = new TreeMap<>();
        placeholders.keySet().forEach(name -> {
            INDArray array = inputs.get(name);
            if (array == null) {
                problems.add("input \"" + name + "\" is missing");
            } else if (array.wasClosed()) {
                problems.add("input \"" + name + "\" is closed; expected an array that is open until the answer");
            } else if (array.isS()) {
                problems.add("input \"" + name + "\" holds texts; expected numbers");
            } else if (array.rank() < 1 || array.isEmpty()) {
                problems.add("input \"" + name + "\" has shape " + Arrays.toString(array.shape())
                        + ", expected a row or more along the first axis");
            } else {
                byRows.computeIfAbsent(array.size(0), rows -> new ArrayList<>()).add(name);
            }
        });
        problems.check(
                inputs.keySet().stream().allMatch(Objects::nonNull), "an input has the name null, expected names");
        inputs.keySet().stream()
                .filter(name -> name != null && !placeholders.containsKey(name))
                .sorted()
                .forEach(name -> problems.add("\"" + name + "\" is no input of the outputs; inputs are "
                        + Problems.quoted(placeholders.keySet())));
        problems.check(byRows.size() <= 1, "inputs differ in their number of rows: " + byRows);
        return problems;
    }

    /** The inputs in the types of their placeholders. */
    Map<String, INDArray> typed(Map<String, INDArray> inputs) {
        Map<String, INDArray> typed = new LinkedHashMap<>();
        placeholders.forEach((name, type) -> {
            INDArray array = inputs.get(name);
            boolean fits = type == DataType.UNKNOWN || array.dataType() == type;
            typed.put(name, fits ? array : array.castTo(type));
        });
        return typed;
    }

    /** Examples in the types of their placeholders; those of other placeholders are left out. */
    Map<String, INDArray> example(Map<String, INDArray> example) {
        Map<String, INDArray> used = new LinkedHashMap<>(example);
        used.keySet().retainAll(placeholders.keySet());
        Problems problems = new Problems();
        problems.check(!placeholders.isEmpty(), "the outputs depend on no placeholder");
        if (problems.isEmpty()) {
            Problems wrong = problems(used);
            problems.check(wrong.isEmpty(), wrong.message("example"));
            problems.check(
                    !wrong.isEmpty() || rows(used) > 1, "the example has one row; expected two or more that differ");
        }
        problems.throwIfAny("AdapterServer");
        return typed(used);
    }

    /** Equal for inputs that fit into one batch. */
    String key(Map<String, INDArray> inputs) {
        StringBuilder key = new StringBuilder();
        placeholders.keySet().forEach(name -> {
            long[] shape = inputs.get(name).shape();
            key.append(inputs.get(name).dataType()).append(Arrays.toString(Arrays.copyOfRange(shape, 1, shape.length)));
        });
        return key.toString();
    }

    static int rows(Map<String, INDArray> inputs) {
        return Math.toIntExact(inputs.values().iterator().next().size(0));
    }

    /** One batch of typed inputs. */
    static Map<String, INDArray> joined(List<Map<String, INDArray>> inputs) {
        if (inputs.size() == 1) {
            return inputs.get(0);
        }
        Map<String, INDArray> joined = new LinkedHashMap<>();
        inputs.get(0)
                .keySet()
                .forEach(name -> joined.put(
                        name,
                        Nd4j.concat(0, inputs.stream().map(one -> one.get(name)).toArray(INDArray[]::new))));
        return joined;
    }

    /** The outputs of some rows of a batch of {@code all} rows. */
    static Map<String, INDArray> part(Map<String, INDArray> outputs, int from, int to, int all) {
        Map<String, INDArray> part = new LinkedHashMap<>();
        outputs.forEach((name, array) -> {
            long each = array.size(0) / all;
            part.put(name, RowCheck.rows(array, from * each, to * each));
        });
        return part;
    }
}
