/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.array.ThreadArrays;

/**
 * One product of matrices, or of a batch of them, in certain layouts, compiled by oneDNN. For one thread.
 *
 * @apiNote Status: internal
 */
public final class DnnlProduct {

    /**
     * What decides the code of {@code z = factor (x w + bias) + addend}, or of {@code z += ..}.
     *
     * @param x {@code [.., m, k]}
     * @param w {@code [.., k, n]}
     * @param z {@code [.., m, n]}
     * @param bias {@code [1, n]}, or null
     * @param kept whether what z holds is added
     * @param form of w; that of x, too, if it is BF16
     * @param formOfZ F32, or BF16 if x and w are
     * @param factor of the product with its bias
     * @param addend {@code [1 or .., m, n]}, or null
     */
    public record Key(
            MemoryLayout x,
            MemoryLayout w,
            MemoryLayout z,
            MemoryLayout bias,
            boolean kept,
            Form form,
            Form formOfZ,
            float factor,
            MemoryLayout addend) {

        /** Whether a size is left open: that of the batch. */
        boolean isOfAnyBatch() {
            return !x.isKnown();
        }

        /** Of factor one, and without an addend. */
        public Key(MemoryLayout x, MemoryLayout w, MemoryLayout z, MemoryLayout bias, boolean kept, Form form) {
            this(x, w, z, bias, kept, form, Form.F32, 1, null);
        }
    }

    private static final String NO_KERNEL = "none";

    /** Columns of x of which oneDNN 3.11 takes so many at a time, if there is one row. */
    private static final int COLUMNS_AT_ONCE = 1024;

    private final matmul product;
    private final String kernel;
    private final memory.desc weights;
    private final engine engine;
    private final DnnlCall known;
    private final boolean hasBias;
    private final boolean hasAddend;
    /** Where a row is computed that is then added to z; null if oneDNN adds it. */
    private final Region aside;

    private final Map<Key, DnnlCall> bySizes = new Cache<>();

    /** The product of operands of some sizes: x, w, z and, where the key has them, bias and addend. */
    private DnnlCall call(Key key, memory.desc ofW) {
        DnnlCall call = new DnnlCall(product, engine)
                .with(dnnl.DNNL_ARG_SRC, desc(key.x(), key.form().type()), bytes(key.x(), key.form()))
                .with(
                        dnnl.DNNL_ARG_WEIGHTS,
                        ofW,
                        key.form() == Form.PACKED ? ofW.get_size() : bytes(key.w(), key.form()))
                .with(dnnl.DNNL_ARG_DST, desc(key.z(), key.formOfZ().type()), bytes(key.z(), key.formOfZ()));
        if (key.bias() != null) {
            call.with(dnnl.DNNL_ARG_BIAS, desc(key.bias(), memory.data_type.f32), bytes(key.bias(), Form.F32));
        }
        if (key.addend() != null) {
            int number = key.factor() == 1 ? 1 : 2;
            call.with(
                    number * dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | dnnl.DNNL_ARG_SRC_1,
                    desc(key.addend(), memory.data_type.f32),
                    bytes(key.addend(), Form.F32));
        }
        return call;
    }

    private static long bytes(MemoryLayout layout, Form form) {
        return Math.multiplyExact(layout.length(), form.bytes());
    }

    public DnnlProduct(Key key, engine engine) {
        this.engine = engine;
        memory.data_type type = key.form().type();
        memory.desc ofX = desc(key.x(), type);
        memory.desc ofW = key.form() == Form.PACKED
                ? new memory.desc(key.w().sizes(), type, memory.format_tag.any)
                : desc(key.w(), type);
        memory.desc ofZ = desc(key.z(), key.formOfZ().type());
        // An empty description is none.
        memory.desc ofBias = key.bias() == null ? new memory.desc() : desc(key.bias(), memory.data_type.f32);
        try (primitive_attr attributes = new primitive_attr();
                post_ops after = new post_ops()) {
            if (key.factor() != 1) {
                after.append_eltwise(dnnl.algorithm.eltwise_linear.value, key.factor(), 0);
            }
            if (key.addend() != null) {
                after.append_binary(dnnl.algorithm.binary_add.value, desc(key.addend(), memory.data_type.f32));
            }
            if (key.kept() && !overruns(key)) {
                after.append_sum();
            }
            attributes.set_post_ops(after);
            // It is empty where oneDNN has no kernel for these types on this processor.
            try (matmul.primitive_desc description =
                    new matmul.primitive_desc(engine, ofX, ofW, ofBias, ofZ, attributes, true)) {
                boolean there = description.asBoolean();
                kernel = there ? description.impl_info_str().getString() : NO_KERNEL;
                weights = there ? Lasting.of(description.weights_desc()) : null;
                product = there ? Lasting.of(new matmul(description)) : null;
            }
        }
        hasBias = key.bias() != null;
        hasAddend = key.addend() != null;
        known = product == null || key.isOfAnyBatch() ? null : call(key, weights);
        aside = overruns(key) ? Region.of(Lasting.of(new FloatPointer(key.z().columns()))) : null;
    }

    /**
     * Whether oneDNN 3.11 would write behind its own memory, and destroy what lies there: one row of F32 that is added to what z holds, of more
     * columns than it takes at a time, by a matrix that lies by columns. It is right if nothing is added.
     */
    static boolean overruns(Key key) {
        return key.kept()
                && key.form() == Form.F32
                && key.z().rows() == 1
                && !key.w().isByRows()
                && (!key.x().isKnown() || key.x().columns() > COLUMNS_AT_ONCE);
    }

    private static memory.desc desc(MemoryLayout layout, memory.data_type type) {
        return new memory.desc(layout.sizes(), type, layout.strides());
    }

    /** Where the elements of w are to lie. */
    public memory.desc weights() {
        return weights;
    }

    /** Whether there is a kernel to be used: others are there to be compared with, and thousands of times slower. */
    public boolean isFast() {
        return !isReference(kernel);
    }

    private static boolean isReference(String kernel) {
        return kernel.startsWith("ref") || kernel.equals(NO_KERNEL);
    }

    /** Computes a term whose addend, if it has one, is in z already. */
    public void run(Term term, stream stream, Region x) {
        DnnlCall call = known != null
                ? known
                : bySizes.computeIfAbsent(
                        term.key(),
                        sizes -> call(sizes, desc(sizes.w(), sizes.form().type())));
        Region bias = term.bias() == null ? null : term.bias().memory();
        run(call, stream, x, term.w().memory(), term.z().memory(), bias, null);
    }

    /** Bias and addend are of no meaning where the key has none. For a key of known sizes. */
    public void run(stream stream, Region x, Region w, Region z, Region bias, Region addend) {
        run(known, stream, x, w, z, bias, addend);
    }

    private void run(DnnlCall call, stream stream, Region x, Region w, Region z, Region bias, Region addend) {
        Region into = aside == null ? z : aside;
        if (hasBias && hasAddend) {
            call.run(stream, x, w, into, bias, addend);
        } else if (hasBias || hasAddend) {
            call.run(stream, x, w, into, hasBias ? bias : addend);
        } else {
            call.run(stream, x, w, into);
        }
        if (aside != null) {
            addTo(z);
        }
    }

    private void addTo(Region z) {
        int length = Math.toIntExact(aside.bytes() / Float.BYTES);
        float[] row = ThreadArrays.array(0, length);
        float[] sum = ThreadArrays.array(1, length);
        aside.read(row, length);
        z.read(sum, length);
        for (int i = 0; i < length; i++) {
            sum[i] += row[i];
        }
        z.write(sum, length);
    }
}
