/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Map;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
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

    /** A place in memory that belongs to someone else. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    /** That place. */
    public static Pointer at(long address) {
        return new Address(address);
    }

    private static final String NO_KERNEL = "none";

    /** Columns of x of which oneDNN 3.11 takes so many at a time, if there is one row. */
    private static final int COLUMNS_AT_ONCE = 1024;

    private final matmul product;
    private final String kernel;
    private final memory.desc weights;
    private final engine engine;
    private final Places known;
    /** Where a row is computed that is then added to z; null if oneDNN adds it. */
    private final FloatPointer aside;

    private final Map<Key, Places> bySizes = new Cache<>();

    /** Where the operands of some sizes are. */
    private static final class Places {
        private final memory x;
        private final memory w;
        private final memory z;
        private final memory bias;
        private final memory addend;
        private final IntMemoryMap arguments = new IntMemoryMap();
        private final long bytesOfX;
        private final long bytesOfW;
        private final long bytesOfZ;
        private final long bytesOfBias;
        private final long bytesOfAddend;

        Places(Key key, memory.desc weights, engine engine) {
            bytesOfX = bytes(key.x(), key.form());
            bytesOfW = key.form() == Form.PACKED ? weights.get_size() : bytes(key.w(), key.form());
            bytesOfZ = bytes(key.z(), key.formOfZ());
            bytesOfBias = bytes(key.bias(), Form.F32);
            bytesOfAddend = bytes(key.addend(), Form.F32);
            x = place(desc(key.x(), key.form().type()), engine);
            w = place(weights, engine);
            z = place(desc(key.z(), key.formOfZ().type()), engine);
            arguments.put(dnnl.DNNL_ARG_SRC, x);
            arguments.put(dnnl.DNNL_ARG_WEIGHTS, w);
            arguments.put(dnnl.DNNL_ARG_DST, z);
            bias = key.bias() == null ? null : place(desc(key.bias(), memory.data_type.f32), engine);
            if (bias != null) {
                arguments.put(dnnl.DNNL_ARG_BIAS, bias);
            }
            addend = key.addend() == null ? null : place(desc(key.addend(), memory.data_type.f32), engine);
            if (addend != null) {
                int number = key.factor() == 1 ? 1 : 2;
                arguments.put(number * dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | dnnl.DNNL_ARG_SRC_1, addend);
            }
        }

        private static memory place(memory.desc desc, engine engine) {
            return new memory(desc, engine, (Pointer) null);
        }

        private static long bytes(MemoryLayout layout, Form form) {
            return layout == null ? 0 : Math.multiplyExact(layout.length(), form.bytes());
        }

        void set(Region x, Region w, Region z, Region bias, Region addend) {
            set(this.x, x, bytesOfX);
            set(this.w, w, bytesOfW);
            set(this.z, z, bytesOfZ);
            if (this.bias != null) {
                set(this.bias, bias, bytesOfBias);
            }
            if (this.addend != null) {
                set(this.addend, addend, bytesOfAddend);
            }
        }

        private static void set(memory place, Region region, long bytes) {
            region.require(bytes);
            place.set_data_handle(new Address(region.address()));
        }
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
                weights = there ? description.weights_desc() : null;
                product = there ? new matmul(description) : null;
            }
        }
        known = product == null || key.isOfAnyBatch() ? null : new Places(key, weights, engine);
        aside = overruns(key) ? new FloatPointer(key.z().columns()) : null;
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
        Places places = known != null
                ? known
                : bySizes.computeIfAbsent(
                        term.key(),
                        sizes -> new Places(sizes, desc(sizes.w(), sizes.form().type()), engine));
        Region bias = term.bias() == null ? null : term.bias().memory();
        run(places, stream, x, term.w().memory(), term.z().memory(), bias, null);
    }

    /** Bias and addend are of no meaning where the key has none. For a key of known sizes. */
    public void run(stream stream, Region x, Region w, Region z, Region bias, Region addend) {
        run(known, stream, x, w, z, bias, addend);
    }

    private void run(Places places, stream stream, Region x, Region w, Region z, Region bias, Region addend) {
        places.set(x, w, aside == null ? z : Region.of(aside), bias, addend);
        product.execute(stream, places.arguments);
        stream._wait();
        if (aside != null) {
            addTo(z);
        }
    }

    private void addTo(Region z) {
        int length = Math.toIntExact(aside.capacity());
        z.require((long) length * Float.BYTES);
        FloatPointer place = new FloatPointer(at(z.address()));
        float[] row = ThreadArrays.array(0, length);
        float[] sum = ThreadArrays.array(1, length);
        aside.get(row, 0, length);
        place.get(sum, 0, length);
        for (int i = 0; i < length; i++) {
            sum[i] += row[i];
        }
        place.put(sum, 0, length);
    }
}
