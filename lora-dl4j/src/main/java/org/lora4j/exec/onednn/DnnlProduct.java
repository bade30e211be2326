/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/** One product of matrices, or of a batch of them, in certain layouts, compiled by oneDNN. For one thread. */
final class DnnlProduct {

    /**
     * What decides the code of {@code z = x w + addends}, or of {@code z += x w}.
     *
     * @param x {@code [.., m, k]}
     * @param w {@code [.., k, n]}
     * @param z {@code [.., m, n]}
     * @param addends what is added, of the layout of z or a row
     * @param kept whether what z holds is added
     * @param half whether both factors are BF16
     */
    record Key(Layout x, Layout w, Layout z, List<Layout> addends, boolean kept, boolean half) {}

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

    private final engine engine;
    private final Key key;
    private final matmul product;
    private final String kernel;
    private final memory x;
    private final memory w;
    private final memory z;
    private final List<memory> addends = new ArrayList<>();
    private final IntMemoryMap arguments = new IntMemoryMap();

    DnnlProduct(Key key, engine engine) {
        this.key = key;
        this.engine = engine;
        memory.data_type type = key.half() ? memory.data_type.bf16 : memory.data_type.f32;
        memory.desc ofX = desc(key.x(), type);
        memory.desc ofW = desc(key.w(), type);
        memory.desc ofZ = single(key.z());
        try (primitive_attr attributes = new primitive_attr();
                post_ops after = new post_ops();
                matmul.primitive_desc description = description(ofX, ofW, ofZ, attributes, after)) {
            kernel = description.impl_info_str().getString();
            product = new matmul(description);
        }
        x = argument(dnnl.DNNL_ARG_SRC, ofX);
        w = argument(dnnl.DNNL_ARG_WEIGHTS, ofW);
        z = argument(dnnl.DNNL_ARG_DST, ofZ);
    }

    private matmul.primitive_desc description(
            memory.desc ofX, memory.desc ofW, memory.desc ofZ, primitive_attr attributes, post_ops after) {
        if (key.kept()) {
            after.append_sum();
        }
        boolean bias = hasBias();
        for (int i = 0; i < key.addends().size(); i++) {
            memory.desc addend = single(key.addends().get(i));
            if (i == 0 && bias) {
                addends.add(argument(dnnl.DNNL_ARG_BIAS, addend));
            } else {
                int place = dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (after.len() + 1);
                addends.add(argument(place | dnnl.DNNL_ARG_SRC_1, addend));
                after.append_binary(dnnl.algorithm.binary_add, addend);
            }
        }
        attributes.set_post_ops(after);
        return bias
                ? new matmul.primitive_desc(
                        engine, ofX, ofW, single(key.addends().get(0)), ofZ, attributes, false)
                : new matmul.primitive_desc(engine, ofX, ofW, ofZ, attributes, false);
    }

    /** A row is added as the bias of the product, which costs less than adding it to the result. */
    private boolean hasBias() {
        return !key.addends().isEmpty() && key.addends().get(0).rows() == 1;
    }

    private static memory.desc single(Layout layout) {
        return desc(layout, memory.data_type.f32);
    }

    private static memory.desc desc(Layout layout, memory.data_type type) {
        return new memory.desc(layout.sizes(), type, layout.strides());
    }

    private memory argument(int place, memory.desc description) {
        memory argument = new memory(description, engine, (Pointer) null);
        arguments.put(place, argument);
        return argument;
    }

    /** Whether the kernel is one to be used: the others are there to be compared with, and thousands of times slower. */
    boolean isFast() {
        return !isReference(kernel);
    }

    private static boolean isReference(String kernel) {
        return kernel.startsWith("ref");
    }

    /** This product, if it is fast. */
    DnnlProduct requireFast() {
        requireFast(kernel, key);
        return this;
    }

    static void requireFast(String kernel, Key key) {
        if (isReference(kernel)) {
            throw new IllegalStateException("OneDnn: the product " + key.x() + " x " + key.w() + " in "
                    + (key.half() ? "BF16" : "F32") + " would run on the reference kernel \"" + kernel
                    + "\", thousands of times slower; expected a kernel for this processor. Use "
                    + (key.half() ? "MathMode.STRICT_F32." : "Multiplier.nd4j()."));
        }
    }

    void run(stream stream, long addressOfX, long addressOfW, long addressOfZ, long[] addressesOfAddends) {
        x.set_data_handle(new Address(addressOfX));
        w.set_data_handle(new Address(addressOfW));
        z.set_data_handle(new Address(addressOfZ));
        for (int i = 0; i < addressesOfAddends.length; i++) {
            addends.get(i).set_data_handle(new Address(addressesOfAddends[i]));
        }
        product.execute(stream, arguments);
        stream._wait();
    }
}
