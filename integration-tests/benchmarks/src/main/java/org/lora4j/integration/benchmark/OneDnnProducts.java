/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The products of {@link LinearProducts} by oneDNN, with weights as they are or packed beforehand in the layout that oneDNN
 * likes best. Bare calls of the library, to know what it could give.
 */
final class OneDnnProducts {

    private static final float SMALL = 0.01f;

    private record Product(matmul primitive, IntMemoryMap arguments, int layers) {}

    private final engine cpu = new engine(engine.kind.cpu, 0);
    private final stream order = new stream(cpu);
    private final List<Product> products = new ArrayList<>();
    private final List<Object> kept = new ArrayList<>();
    private final boolean packed;
    private String kernel = "";

    OneDnnProducts(List<LinearShape> shapes, long tokens, boolean packed) {
        this.packed = packed;
        shapes.forEach(shape -> add(tokens, shape.in(), shape.out(), shape.layers()));
    }

    private void add(long tokens, long in, long out, int layers) {
        product(tokens, in, out, memory.format_tag.ab, layers);
        // dY W', over the same W: its rows are the columns here.
        product(tokens, out, in, memory.format_tag.ba, layers);
    }

    private void product(long rows, long inner, long columns, memory.format_tag plain, int layers) {
        memory.desc x = desc(rows, inner, memory.format_tag.ab);
        memory.desc w = desc(inner, columns, plain);
        memory.desc z = desc(rows, columns, memory.format_tag.ab);
        memory.desc any = packed ? desc(inner, columns, memory.format_tag.any) : w;
        matmul.primitive_desc chosen = new matmul.primitive_desc(cpu, x, any, z);
        kernel = chosen.impl_info_str().getString();
        memory weights = filled(w, inner * columns);
        if (packed) {
            memory best = new memory(chosen.weights_desc(), cpu);
            new reorder(weights, best).execute(order, weights, best);
            order._wait();
            weights = best;
        }
        IntMemoryMap arguments = new IntMemoryMap();
        memory source = filled(x, rows * inner);
        memory result = filled(z, rows * columns);
        arguments.put(DNNL_ARG_SRC, source);
        arguments.put(DNNL_ARG_WEIGHTS, weights);
        arguments.put(DNNL_ARG_DST, result);
        kept.addAll(List.of(source, weights, result));
        products.add(new Product(new matmul(chosen), arguments, layers));
    }

    private static memory.desc desc(long rows, long columns, memory.format_tag tag) {
        return new memory.desc(new long[] {rows, columns}, memory.data_type.f32, tag);
    }

    private memory filled(memory.desc desc, long length) {
        FloatPointer values = new FloatPointer(length);
        for (long i = 0; i < length; i++) {
            values.put(i, SMALL * (i % 101 - 50));
        }
        kept.add(values);
        return new memory(desc, cpu, values);
    }

    /** What oneDNN computes with, in its own words. */
    String kernel() {
        return kernel;
    }

    void run() {
        for (Product product : products) {
            for (int layer = 0; layer < product.layers(); layer++) {
                product.primitive().execute(order, product.arguments());
            }
        }
        order._wait();
    }
}
