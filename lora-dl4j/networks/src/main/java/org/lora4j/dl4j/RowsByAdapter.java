/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Examples of a batch by the adapter that each needs, and what is said of them put together again. */
final class RowsByAdapter {

    private final List<INDArray> inputs;
    private final Map<String, List<Integer>> places = new LinkedHashMap<>();
    private final int rows;

    /** Checks that every example has an adapter that is known. */
    RowsByAdapter(List<INDArray> inputs, int expected, List<String> adapters, Collection<String> known) {
        this.inputs = inputs;
        this.rows = adapters.size();
        Problems problems = new Problems();
        problems.check(rows > 0, "adapterPerExample is empty, expected a name for each example");
        problems.check(
                inputs.size() == expected, inputs.size() + " inputs, expected " + expected + " as the network takes");
        for (int i = 0; i < inputs.size(); i++) {
            INDArray input = inputs.get(i);
            problems.check(
                    input.rank() > 0 && input.size(0) == rows,
                    "inputs[" + i + "] has " + (input.rank() > 0 ? input.size(0) : 0) + " examples, expected " + rows
                            + ", one for each name in adapterPerExample");
        }
        for (int row = 0; row < rows; row++) {
            String name = adapters.get(row);
            problems.check(
                    known.contains(name) || name.equals(AdaptedNetwork.BASE),
                    "adapterPerExample[" + row + "] = " + MessageText.name(name) + " is no adapter"
                            + ClosestNames.hint(name, known) + ", expected one of " + Problems.quoted(known) + " or \""
                            + AdaptedNetwork.BASE + "\"");
            places.computeIfAbsent(name, key -> new ArrayList<>()).add(row);
        }
        problems.throwIfAny("AdaptedNetwork.output");
    }

    /** Has the examples of each adapter computed, and gives the outputs with all rows in their order. */
    List<INDArray> computed(BiFunction<String, List<INDArray>, List<INDArray>> by) {
        List<INDArray> outputs = new ArrayList<>();
        places.forEach((name, own) -> {
            List<INDArray> said = by.apply(
                    name, inputs.stream().map(input -> taken(input, own)).toList());
            for (int i = 0; i < said.size(); i++) {
                if (outputs.size() == i) {
                    outputs.add(like(said.get(i), rows));
                }
                for (int j = 0; j < own.size(); j++) {
                    outputs.get(i).slice(own.get(j)).assign(said.get(i).slice(j));
                }
            }
        });
        return outputs;
    }

    private static INDArray taken(INDArray all, List<Integer> places) {
        INDArray some = like(all, places.size());
        for (int i = 0; i < places.size(); i++) {
            some.slice(i).assign(all.slice(places.get(i)));
        }
        return some;
    }

    private static INDArray like(INDArray array, int rows) {
        long[] shape = array.shape().clone();
        shape[0] = rows;
        return Nd4j.createUninitialized(array.dataType(), shape);
    }
}
