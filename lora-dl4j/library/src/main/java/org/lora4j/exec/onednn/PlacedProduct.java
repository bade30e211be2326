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

/** A compiled product {@code z = x w} whose matrices lie wherever a call says. For one thread. */
final class PlacedProduct {

    private final String kernel;
    private final memory.desc weights;
    private final matmul compiled;
    private final memory x;
    private final memory w;
    private final memory z;
    private final IntMemoryMap arguments = new IntMemoryMap();

    /** The layout of w may be left to oneDNN. */
    PlacedProduct(engine engine, memory.desc ofX, memory.desc ofW, memory.desc ofZ) {
        this(engine, ofX, ofW, ofZ, false);
    }

    /** One that may add to what is in z. */
    PlacedProduct(engine engine, memory.desc ofX, memory.desc ofW, memory.desc ofZ, boolean adds) {
        try (primitive_attr attributes = attributes(adds);
                matmul.primitive_desc description =
                        new matmul.primitive_desc(engine, ofX, ofW, new memory.desc(), ofZ, attributes, false)) {
            kernel = description.impl_info_str().getString();
            weights = description.weights_desc();
            compiled = new matmul(description);
        }
        x = new memory(ofX, engine, (Pointer) null);
        w = new memory(weights, engine, (Pointer) null);
        z = new memory(ofZ, engine, (Pointer) null);
        arguments.put(dnnl.DNNL_ARG_SRC, x);
        arguments.put(dnnl.DNNL_ARG_WEIGHTS, w);
        arguments.put(dnnl.DNNL_ARG_DST, z);
    }

    private static primitive_attr attributes(boolean adds) {
        primitive_attr attributes = new primitive_attr();
        if (adds) {
            try (post_ops sum = new post_ops()) {
                sum.append_sum();
                attributes.set_post_ops(sum);
            }
        }
        return attributes;
    }

    /** Rows of values of a type, one behind the other. */
    static memory.desc rows(memory.data_type type, long rows, long columns) {
        return rows(type, rows, columns, columns);
    }

    /** Rows of values of a type that begin so far from each other. */
    static memory.desc rows(memory.data_type type, long rows, long columns, long step) {
        return new memory.desc(new long[] {rows, columns}, type, new long[] {step, 1});
    }

    String kernel() {
        return kernel;
    }

    /** How w has to lie. */
    memory.desc weights() {
        return weights;
    }

    void run(stream stream, long addressOfX, long addressOfW, long addressOfZ) {
        x.set_data_handle(DnnlProduct.at(addressOfX));
        w.set_data_handle(DnnlProduct.at(addressOfW));
        z.set_data_handle(DnnlProduct.at(addressOfZ));
        compiled.execute(stream, arguments);
        stream._wait();
    }
}
