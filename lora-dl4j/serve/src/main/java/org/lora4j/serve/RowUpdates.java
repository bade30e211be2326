/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.List;
import java.util.Map;
import org.lora4j.dl4j.layer.RowAdditions;
import org.lora4j.error.MessageText;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The updates of the rows of one batch, read from where the adapters keep them: nothing is gathered, as loops over Java
 * arrays need no array of all rows.
 */
final class RowUpdates implements RowAdditions {

    private final List<ServedAdapter> adapters;
    private final Map<String, RowOrder> orders;

    /** The adapters of the rows, and in which order modules see the rows. */
    RowUpdates(List<ServedAdapter> adapters, Map<String, RowOrder> orders) {
        this.adapters = adapters;
        this.orders = orders;
    }

    @Override
    public boolean touches(String module) {
        for (ServedAdapter adapter : adapters) {
            if (adapter.updates().containsKey(module)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void add(String module, INDArray x, INDArray product) {
        int lines = Math.toIntExact(x.size(0));
        int rows = adapters.size();
        RowOrder order = orders.get(module);
        if (lines % rows != 0 || order == RowOrder.ONE_EACH && lines != rows) {
            throw new IllegalArgumentException(
                    "module " + MessageText.name(module) + ": it sees " + lines + " positions of " + rows
                            + " rows; expected as many for each row as in the example"
                            + ". Build the server with an example of several positions.");
        }
        float[] in = new float[Math.toIntExact(x.size(1))];
        float[] out = new float[Math.toIntExact(product.size(1))];
        try (DenseArray from = DenseArray.rowMajor(x);
                DenseArray to = DenseArray.rowMajor(product)) {
            for (int line = 0; line < lines; line++) {
                ServedUpdate update =
                        adapters.get(order.row(line, rows, lines)).updates().get(module);
                if (update != null) {
                    from.read((long) line * in.length, in, in.length);
                    to.read((long) line * out.length, out, out.length);
                    update.addTo(in, out);
                    to.write((long) line * out.length, out, out.length);
                }
            }
            to.flush();
        }
    }
}
