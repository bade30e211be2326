/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/** A compiled product {@code z = x w} whose matrices lie wherever a call says. For one thread. */
final class PlacedProduct {

    /** Scales of w: one for each column. */
    private static final int OF_COLUMNS = 1 << 1;

    private final String kernel;
    private final memory.desc weights;
    private final DnnlCall call;

    /** What a product does besides multiplying. */
    enum Extra {
        NONE,
        /** Adds to what is in z. */
        SUM,
        /** Multiplies each column of w, which is of whole numbers while x is of floats, by a scale. */
        SCALES
    }

    /** The layout of w may be left to oneDNN. */
    PlacedProduct(engine engine, memory.desc ofX, memory.desc ofW, memory.desc ofZ) {
        this(engine, ofX, ofW, ofZ, Extra.NONE);
    }

    PlacedProduct(engine engine, memory.desc ofX, memory.desc ofW, memory.desc ofZ, Extra extra) {
        try (primitive_attr attributes = attributes(extra);
                matmul.primitive_desc description =
                        new matmul.primitive_desc(engine, ofX, ofW, new memory.desc(), ofZ, attributes, false)) {
            kernel = description.impl_info_str().getString();
            weights = Lasting.of(description.weights_desc());
            call = call(new matmul(description), engine, ofX, ofZ);
        }
        if (extra == Extra.SCALES) {
            long[] columns = {ofZ.get_dims().get(1)};
            call.with(
                    dnnl.DNNL_ARG_ATTR_SCALES | dnnl.DNNL_ARG_WEIGHTS,
                    new memory.desc(columns, memory.data_type.f32, memory.format_tag.a),
                    0);
        }
    }

    /**
     * Bytes without a sign with bytes as a convolution whose windows are single points: it has kernels for processors where
     * matrices of bytes have none.
     */
    PlacedProduct(engine engine, int rows, int inputs, int outputs, memory.format_tag order) {
        long[] one = {1, 1};
        long[] none = {0, 0};
        memory.desc ofX = new memory.desc(new long[] {1, inputs, 1, rows}, memory.data_type.u8, memory.format_tag.nhwc);
        memory.desc ofZ =
                new memory.desc(new long[] {1, outputs, 1, rows}, memory.data_type.s32, memory.format_tag.nhwc);
        weights = Lasting.of(new memory.desc(new long[] {outputs, inputs, 1, 1}, memory.data_type.s8, order));
        try (primitive_attr attributes = new primitive_attr();
                convolution_forward.primitive_desc description = new convolution_forward.primitive_desc(
                        engine,
                        dnnl.prop_kind.forward_inference,
                        dnnl.algorithm.convolution_direct,
                        ofX,
                        weights,
                        new memory.desc(),
                        ofZ,
                        one,
                        none,
                        none,
                        attributes,
                        false)) {
            kernel = description.impl_info_str().getString();
            call = call(new convolution_forward(description), engine, ofX, ofZ);
        }
    }

    /** Those who call know how much memory there has to be, and have asked for it. */
    private DnnlCall call(primitive compiled, engine engine, memory.desc ofX, memory.desc ofZ) {
        return new DnnlCall(Lasting.of(compiled), engine)
                .with(dnnl.DNNL_ARG_SRC, ofX, 0)
                .with(dnnl.DNNL_ARG_WEIGHTS, weights, 0)
                .with(dnnl.DNNL_ARG_DST, ofZ, 0);
    }

    private static primitive_attr attributes(Extra extra) {
        primitive_attr attributes = new primitive_attr();
        if (extra == Extra.SUM) {
            try (post_ops sum = new post_ops()) {
                sum.append_sum();
                attributes.set_post_ops(sum);
            }
        }
        if (extra == Extra.SCALES) {
            attributes.set_scales_mask(dnnl.DNNL_ARG_WEIGHTS, OF_COLUMNS);
            // Whole numbers become F32, not the other way round.
            attributes.set_fpmath_mode(dnnl.fpmath_mode.strict, true);
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

    void run(stream stream, Region x, Region w, Region z) {
        call.run(stream, x, w, z);
    }

    /** One with scales. */
    void run(stream stream, Region x, Region w, Region scales, Region z) {
        call.run(stream, x, w, z, scales);
    }
}
