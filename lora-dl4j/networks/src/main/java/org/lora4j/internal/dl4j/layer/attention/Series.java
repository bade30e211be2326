/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Time series [batch, size, time] as rows: one for each example and step, example after example. */
final class Series {

    private Series() {}

    static INDArray rows(INDArray series, Space space) {
        return space.copy(series.permute(0, 2, 1)).reshape('c', true, series.size(0) * series.size(2), series.size(1));
    }

    /** A copy of rows as a series. */
    static INDArray of(INDArray rows, long batch, Space space) {
        long time = rows.size(0) / batch;
        return space.copy(rows.reshape('c', batch, time, rows.size(1)).permute(0, 2, 1));
    }

    static void check(INDArray series, long size, String where) {
        if (series.rank() != 3 || series.size(1) != size) {
            throw new DL4JInvalidInputException(where + ": shape " + Arrays.toString(series.shape())
                    + "; expected [batch, " + size + ", time]. Check the data, and the input type or preprocessor.");
        }
    }
}
