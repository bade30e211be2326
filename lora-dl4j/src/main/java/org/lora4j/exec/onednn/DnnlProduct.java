/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/** One product of matrices of certain sizes and strides, compiled by oneDNN. For one thread. */
final class DnnlProduct {

    /**
     * What decides the code.
     *
     * @param m rows of x and z
     * @param k columns of x, rows of w
     * @param n columns of w and z
     * @param x strides of x
     * @param w strides of w
     * @param add whether the product is added to what z holds
     * @param half whether both factors are BF16
     */
    record Key(long m, long k, long n, Strides x, Strides w, boolean add, boolean half) {}

    /** Elements from one row to the next, and from one column to the next. */
    record Strides(long row, long column) {

        /** Whether a row or a column lies in one piece, which oneDNN asks for. */
        boolean isPlain(long rows, long columns) {
            return column == 1 && row >= columns || row == 1 && column >= rows;
        }

        long[] array() {
            return new long[] {row, column};
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
    static Pointer at(long address) {
        return new Address(address);
    }

    private final matmul product;
    private final memory x;
    private final memory w;
    private final memory z;
    private final IntMemoryMap arguments = new IntMemoryMap();

    DnnlProduct(Key key, engine engine) {
        memory.data_type type = key.half() ? memory.data_type.bf16 : memory.data_type.f32;
        memory.desc ofX =
                new memory.desc(new long[] {key.m(), key.k()}, type, key.x().array());
        memory.desc ofW =
                new memory.desc(new long[] {key.k(), key.n()}, type, key.w().array());
        memory.desc ofZ = new memory.desc(new long[] {key.m(), key.n()}, memory.data_type.f32, new long[] {key.n(), 1});
        try (primitive_attr attributes = new primitive_attr();
                post_ops after = new post_ops()) {
            if (key.add()) {
                after.append_sum();
                attributes.set_post_ops(after);
            }
            try (matmul.primitive_desc description =
                    new matmul.primitive_desc(engine, ofX, ofW, ofZ, attributes, false)) {
                requireFast(description.impl_info_str().getString(), key);
                product = new matmul(description);
            }
        }
        x = new memory(ofX, engine, (Pointer) null);
        w = new memory(ofW, engine, (Pointer) null);
        z = new memory(ofZ, engine, (Pointer) null);
        arguments.put(dnnl.DNNL_ARG_SRC, x);
        arguments.put(dnnl.DNNL_ARG_WEIGHTS, w);
        arguments.put(dnnl.DNNL_ARG_DST, z);
    }

    /** Refuses the kernels that are there to be compared with, not to be used. */
    static void requireFast(String kernel, Key key) {
        if (kernel.startsWith("ref")) {
            throw new IllegalStateException(
                    "OneDnn: the product [" + key.m() + ", " + key.k() + "] x [" + key.k() + ", "
                            + key.n() + "] in " + (key.half() ? "BF16" : "F32")
                            + " would run on the reference kernel \"" + kernel
                            + "\", thousands of times slower; expected a kernel for this processor. Use "
                            + (key.half() ? "MathMode.STRICT_F32." : "Multiplier.nd4j()."));
        }
    }

    void run(stream stream, long addressOfX, long addressOfW, long addressOfZ) {
        x.set_data_handle(new Address(addressOfX));
        w.set_data_handle(new Address(addressOfW));
        z.set_data_handle(new Address(addressOfZ));
        product.execute(stream, arguments);
        stream._wait();
    }
}
