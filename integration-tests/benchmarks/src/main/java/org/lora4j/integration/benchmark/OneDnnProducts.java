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
    private final memory.data_type type;
    private String kernel = "";

    /** In F32. */
    OneDnnProducts(List<LinearShape> shapes, long tokens, boolean packed) {
        this(shapes, tokens, packed, memory.data_type.f32);
    }

    /** With factors of a type; results are F32. */
    OneDnnProducts(List<LinearShape> shapes, long tokens, boolean packed, memory.data_type type) {
        this.packed = packed;
        this.type = type;
        shapes.forEach(shape -> add(tokens, shape.in(), shape.out(), shape.layers()));
    }

    private void add(long tokens, long in, long out, int layers) {
        product(tokens, in, out, memory.format_tag.ab, layers);
        // dY W', over the same W: its rows are the columns here.
        product(tokens, out, in, memory.format_tag.ba, layers);
    }

    private void product(long rows, long inner, long columns, memory.format_tag plain, int layers) {
        memory.desc x = desc(rows, inner, type, memory.format_tag.ab);
        memory.desc w = desc(inner, columns, type, packed ? memory.format_tag.any : plain);
        memory.desc z = desc(rows, columns, memory.data_type.f32, memory.format_tag.ab);
        matmul.primitive_desc chosen = new matmul.primitive_desc(cpu, x, w, z);
        kernel = chosen.impl_info_str().getString();
        memory weights = filled(inner, columns, plain, chosen.weights_desc());
        IntMemoryMap arguments = new IntMemoryMap();
        memory source = filled(rows, inner, memory.format_tag.ab, x);
        memory result = filled(rows, columns, memory.format_tag.ab, z);
        arguments.put(DNNL_ARG_SRC, source);
        arguments.put(DNNL_ARG_WEIGHTS, weights);
        arguments.put(DNNL_ARG_DST, result);
        kept.addAll(List.of(source, weights, result));
        products.add(new Product(new matmul(chosen), arguments, layers));
    }

    private static memory.desc desc(long rows, long columns, memory.data_type type, memory.format_tag tag) {
        return new memory.desc(new long[] {rows, columns}, type, tag);
    }

    private memory filled(long rows, long columns, memory.format_tag tag, memory.desc wanted) {
        FloatPointer values = new FloatPointer(rows * columns);
        for (long i = 0; i < rows * columns; i++) {
            values.put(i, SMALL * (i % 101 - 50));
        }
        kept.add(values);
        memory plain = new memory(desc(rows, columns, memory.data_type.f32, tag), cpu, values);
        memory best = new memory(wanted, cpu);
        new reorder(plain, best).execute(order, plain, best);
        order._wait();
        return best;
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
