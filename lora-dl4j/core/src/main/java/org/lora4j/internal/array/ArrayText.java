/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays as messages and {@code toString} show them: by type and shape, never by their numbers.
 *
 * @apiNote Status: internal
 */
public final class ArrayText {

    private ArrayText() {}

    /**
     * One array.
     *
     * @param array an array, closed ones too, or null
     * @return {@code FLOAT[32, 8]}
     */
    public static String of(INDArray array) {
        if (array == null) {
            return "null";
        }
        return (array.wasClosed() ? "closed " : "") + array.dataType() + Arrays.toString(array.shape());
    }

    /**
     * Arrays by name.
     *
     * @return {@code {input FLOAT[32, 8], labels FLOAT[32, 3]}}, cut at ten
     */
    public static String of(Map<String, INDArray> arrays) {
        return "{"
                + MessageText.values(arrays.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + of(entry.getValue()))
                        .toList())
                + "}";
    }
}
