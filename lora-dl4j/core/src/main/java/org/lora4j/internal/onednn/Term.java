/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.DnnlProduct.Key;

/**
 * One product of a sum, {@code z = addend + scale (x w + bias)}.
 *
 * @param scale of the product
 * @param x {@code [.., m, k]}
 * @param w {@code [.., k, n]}
 * @param z {@code [.., m, n]}
 * @param bias one row for all of z, or null
 * @param addend of the layout of z, or null; z itself, if the product is added to what it holds
 * @param overBatch whether k counts the rows of a batch
 * @apiNote Status: internal
 */
public record Term(
        float scale,
        MatrixOperand x,
        MatrixOperand w,
        MatrixOperand z,
        MatrixOperand bias,
        MatrixOperand addend,
        boolean overBatch) {

    /**
     * Whether everything lies in memory as kernels may take it, and the sizes fit. Not batches of outer products, of which
     * oneDNN 3.11 takes some strides wrongly (its pull request 6015), nor of rows that it would write behind.
     */
    public boolean isPlain() {
        MemoryLayout all = z.layout();
        return x.layout().isPlain()
                && w.layout().isPlain()
                && all.isByRows()
                && all.isProduct(x.layout(), w.layout())
                && !(all.isBatch() && (x.layout().columns() == 1 || DnnlProduct.overruns(key())))
                && (bias == null || bias.layout().isByRows())
                && (addend == null
                        || addend == z
                        || all.isDenseMatrix() && all.equals(addend.layout()) && addend.form() == z.form());
    }

    /** The same for a part of the first axis of z: some rows of a matrix, or one batch of several. */
    public Term part(long from, long count) {
        MatrixOperand part = z.part(from, count);
        MatrixOperand partOfAddend = addend == null || addend == z ? part : addend.part(from, count);
        return new Term(
                scale,
                x.part(from, count),
                z.layout().isBatch() ? w.part(from, count) : w,
                part,
                bias,
                addend == null ? null : partOfAddend,
                overBatch);
    }

    /** Whether z is a matrix that may be computed in pieces of its rows; one of {@code x^T g} would need all of x. */
    public boolean isByRows() {
        return !z.layout().isBatch() && x.layout().isByRows();
    }

    /** As {@link Region#inUse()}, of all operands that OpenBLAS is told of. */
    void inUse() {
        x.memory().inUse();
        w.memory().inUse();
        z.memory().inUse();
    }

    /** Whether it is multiplied in BF16. */
    public boolean isRounded() {
        return w.form() == Form.BF16;
    }

    /** What is multiplied, as it lies when it is rounded. */
    private MemoryLayout layoutOfX() {
        return isRounded() && x.form() == Form.F32 ? x.layout().dense() : x.layout();
    }

    /** The same with another right factor of the same meaning. */
    public Term with(MatrixOperand otherW) {
        return new Term(scale, x, otherW, z, bias, addend, overBatch);
    }

    /**
     * The key of the gradient of a weight, {@code x^T g}, that leaves open how many rows the batch has which is summed over: compiled
     * once, and faster than for a certain number. Only of matrices where they lie, or rounded.
     */
    public Key keyOfAnyBatch() {
        return w.form() == Form.PACKED || z.layout().isBatch()
                ? key()
                : new Key(
                        layoutOfX().ofAnyColumns(),
                        w.layout().ofAnyRows(),
                        z.layout(),
                        bias == null ? null : bias.layout(),
                        addend != null,
                        w.form(),
                        z.form(),
                        scale,
                        null);
    }

    public Key key() {
        return new Key(
                layoutOfX(),
                w.layout(),
                z.layout(),
                bias == null ? null : bias.layout(),
                addend != null,
                w.form(),
                z.form(),
                scale,
                null);
    }

    /**
     * An addend is copied first, and the product added to the copy, which is in the cache by then. As an argument of the
     * product, read while it multiplies, it costs more.
     */
    public void run(DnnlProduct product, stream stream, Region memoryOfX) {
        if (addend != null && addend != z) {
            // Both are dense: see isPlain.
            long bytes = z.layout().length() * z.form().bytes();
            addend.memory().copyTo(z.memory(), bytes);
        }
        product.run(this, stream, memoryOfX);
    }
}
