/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.List;
import org.bytedeco.dnnl.stream;
import org.lora4j.exec.onednn.DnnlProduct.Key;

/**
 * One product of a sum, {@code z = x w + addends} or {@code z += x w}.
 *
 * @param x {@code [.., m, k]}
 * @param w {@code [.., k, n]}
 * @param z {@code [.., m, n]}
 * @param addends of the shape of z, or rows
 * @param kept whether what z holds is added
 */
record Term(Operand x, Operand w, Operand z, List<Operand> addends, boolean kept) {

    /**
     * Whether everything lies in memory as kernels may take it, and the sizes fit. Not batches of outer products, of which
     * oneDNN 3.11 takes some strides wrongly (its pull request 6015).
     */
    boolean isPlain() {
        return x.layout().isPlain()
                && w.layout().isPlain()
                && z.layout().isPlain()
                && z.layout().isByRows()
                && addends.stream().allMatch(addend -> addend.layout().isByRows())
                && z.layout().isProduct(x.layout(), w.layout())
                && !(z.layout().isBatch() && x.layout().columns() == 1);
    }

    /** The same for a part of the first axis of z: some rows of a matrix, or one batch of several. */
    Term part(long from, long count) {
        boolean batch = z.layout().isBatch();
        List<Operand> parts = addends.stream()
                .map(addend -> addend.isRow() ? addend : addend.part(from, count))
                .toList();
        return new Term(x.part(from, count), batch ? w.part(from, count) : w, z.part(from, count), parts, kept);
    }

    Key key() {
        List<Layout> layouts = addends.stream().map(Operand::layout).toList();
        return new Key(x.layout(), w.layout(), z.layout(), layouts, kept, x.half());
    }

    void run(DnnlProduct product, stream stream) {
        long[] addresses = addends.stream().mapToLong(Operand::address).toArray();
        product.run(stream, x.address(), w.address(), z.address(), addresses);
    }
}
