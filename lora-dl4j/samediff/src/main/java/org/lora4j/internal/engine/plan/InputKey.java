/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What inputs are told apart by.
 *
 * @apiNote Status: internal
 */
public final class InputKey {

    /** ND4J's arrays have at most that many. */
    private static final int MOST_DIMENSIONS = 32;

    private InputKey() {}

    /**
     * A text that is equal exactly for inputs of equal names and shapes.
     *
     * @param values whether equal numbers are needed, too, where they may be a shape
     */
    public static String of(Map<String, INDArray> placeholders, boolean values) {
        StringBuilder key = new StringBuilder();
        new TreeMap<>(placeholders).forEach((name, array) -> {
            key.append(name).append(Arrays.toString(array.shape()));
            if (values && mayBeShape(array)) {
                key.append(Arrays.toString(array.dup().data().asLong()));
            }
        });
        return key.toString();
    }

    /** Whether an input may be the shape of something, or its axes. */
    static boolean mayBeShape(INDArray array) {
        return array.dataType().isIntType() && array.rank() < 2 && array.length() <= MOST_DIMENSIONS;
    }
}
