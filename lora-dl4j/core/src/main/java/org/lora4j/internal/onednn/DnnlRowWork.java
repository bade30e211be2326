/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.List;
import org.bytedeco.dnnl.eltwise_backward;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.layer_normalization_backward;
import org.bytedeco.dnnl.layer_normalization_forward;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.softmax_backward;
import org.bytedeco.dnnl.softmax_forward;
import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One work on rows of a certain size, compiled by oneDNN. For one thread. */
final class DnnlRowWork {

    /** Nothing, but for rows of equal values: ND4J's layer normalization has no epsilon, and gives zeros for such a row. */
    private static final float EPSILON = Float.MIN_NORMAL;

    private static final int FORWARD = dnnl.prop_kind.forward_training.value;
    private static final int BACKWARD = dnnl.prop_kind.backward.value;
    private static final int EXACT = dnnl.algorithm.softmax_accurate.value;
    private static final int ERF = dnnl.algorithm.eltwise_gelu_erf.value;
    private static final int GAIN = dnnl.normalization_flags.use_scale.value;
    private static final int GAIN_AND_BIAS = GAIN | dnnl.normalization_flags.use_shift.value;

    private static final Argument X = new Argument(dnnl.DNNL_ARG_SRC, Extent.VALUES);
    private static final Argument DX = new Argument(dnnl.DNNL_ARG_DIFF_SRC, Extent.VALUES);
    private static final Argument Y = new Argument(dnnl.DNNL_ARG_DST, Extent.VALUES);
    private static final Argument DY = new Argument(dnnl.DNNL_ARG_DIFF_DST, Extent.VALUES);
    private static final Argument MEANS = new Argument(dnnl.DNNL_ARG_MEAN, Extent.ONE_OF_A_ROW);
    private static final Argument VARIANCES = new Argument(dnnl.DNNL_ARG_VARIANCE, Extent.ONE_OF_A_ROW);
    private static final Argument GAINS = new Argument(dnnl.DNNL_ARG_SCALE, Extent.ROW);
    private static final Argument OF_GAINS = new Argument(dnnl.DNNL_ARG_DIFF_SCALE, Extent.ROW);
    private static final Argument BIASES = new Argument(dnnl.DNNL_ARG_SHIFT, Extent.ROW);
    private static final Argument OF_BIASES = new Argument(dnnl.DNNL_ARG_DIFF_SHIFT, Extent.ROW);

    private final DnnlCall work;
    private final boolean fast;

    /** What is done, and its arguments in the order of the addresses for {@link #run}. */
    enum Kind {
        GELU(DnnlRowWork::gelu, X, Y),
        GELU_BACKWARD(DnnlRowWork::geluBackward, X, DY, DX),
        SOFTMAX(DnnlRowWork::softmax, X, Y),
        SOFTMAX_BACKWARD(DnnlRowWork::softmaxBackward, Y, DY, DX),
        LAYER_NORM((engine, of) -> layerNorm(engine, of, GAIN), X, GAINS, MEANS, VARIANCES, Y),
        LAYER_NORM_WITH_BIAS(
                (engine, of) -> layerNorm(engine, of, GAIN_AND_BIAS), X, GAINS, BIASES, MEANS, VARIANCES, Y),
        LAYER_NORM_BACKWARD(
                (engine, of) -> layerNormBackward(engine, of, GAIN), X, GAINS, DY, MEANS, VARIANCES, DX, OF_GAINS),
        LAYER_NORM_WITH_BIAS_BACKWARD(
                (engine, of) -> layerNormBackward(engine, of, GAIN_AND_BIAS),
                X,
                GAINS,
                DY,
                MEANS,
                VARIANCES,
                DX,
                OF_GAINS,
                OF_BIASES);

        private final Compiler compiler;
        private final List<Argument> arguments;

        Kind(Compiler compiler, Argument... arguments) {
            this.compiler = compiler;
            this.arguments = List.of(arguments);
        }
    }

    /** What decides the code. */
    record Key(Kind kind, Sizes sizes) {}

    /** Rows of values. Of those in BF16 only element-wise work is compiled. */
    record Sizes(long rows, long width, Form form) {

        /** The rows along the last dimension. */
        static Sizes rows(INDArray array) {
            long width = array.size(-1);
            return new Sizes(array.length() / width, width, Form.F32);
        }

        long length() {
            return rows * width;
        }

        /** One row of all elements. */
        static Sizes elements(INDArray array) {
            return new Sizes(1, array.length(), MatrixOperand.formOf(array));
        }
    }

    private enum Extent {
        VALUES,
        ROW,
        ONE_OF_A_ROW
    }

    private record Argument(int number, Extent extent) {}

    /** Descriptions of memory. */
    private record Memories(memory.desc values, memory.desc row, memory.desc oneOfARow) {

        static Memories of(Sizes sizes) {
            return new Memories(
                    new memory.desc(
                            new long[] {sizes.rows(), sizes.width()},
                            sizes.form().type(),
                            new long[] {sizes.width(), 1}),
                    vector(sizes.width()),
                    vector(sizes.rows()));
        }

        private static memory.desc vector(long length) {
            return new memory.desc(new long[] {length}, memory.data_type.f32, new long[] {1});
        }

        memory.desc of(Extent extent) {
            return switch (extent) {
                case VALUES -> values;
                case ROW -> row;
                case ONE_OF_A_ROW -> oneOfARow;
            };
        }
    }

    private record Compiled(primitive work, String kernel) {}

    @FunctionalInterface
    private interface Compiler {
        Compiled compile(engine engine, Memories of);
    }

    DnnlRowWork(Key key, engine engine) {
        Memories memories = Memories.of(key.sizes());
        Compiled compiled = key.kind().compiler.compile(engine, memories);
        this.work = new DnnlCall(Lasting.of(compiled.work()), engine);
        this.fast = !compiled.kernel().startsWith("ref");
        for (Argument argument : key.kind().arguments) {
            memory.desc desc = memories.of(argument.extent());
            work.with(argument.number(), desc, desc.get_size());
        }
    }

    private static eltwise_forward.primitive_desc geluDescription(engine engine, Memories of) {
        return new eltwise_forward.primitive_desc(engine, FORWARD, ERF, of.values(), of.values());
    }

    private static Compiled gelu(engine engine, Memories of) {
        eltwise_forward.primitive_desc gelu = geluDescription(engine, of);
        return new Compiled(new eltwise_forward(gelu), gelu.impl_info_str().getString());
    }

    private static Compiled geluBackward(engine engine, Memories of) {
        eltwise_backward.primitive_desc backward = new eltwise_backward.primitive_desc(
                engine, ERF, of.values(), of.values(), of.values(), geluDescription(engine, of));
        return new Compiled(
                new eltwise_backward(backward), backward.impl_info_str().getString());
    }

    private static softmax_forward.primitive_desc softmaxDescription(engine engine, Memories of) {
        return new softmax_forward.primitive_desc(engine, FORWARD, EXACT, of.values(), of.values(), 1);
    }

    private static Compiled softmax(engine engine, Memories of) {
        softmax_forward.primitive_desc softmax = softmaxDescription(engine, of);
        return new Compiled(
                new softmax_forward(softmax), softmax.impl_info_str().getString());
    }

    private static Compiled softmaxBackward(engine engine, Memories of) {
        softmax_backward.primitive_desc backward = new softmax_backward.primitive_desc(
                engine, EXACT, of.values(), of.values(), of.values(), 1, softmaxDescription(engine, of));
        return new Compiled(
                new softmax_backward(backward), backward.impl_info_str().getString());
    }

    private static layer_normalization_forward.primitive_desc layerNormDescription(
            engine engine, Memories of, int flags) {
        return new layer_normalization_forward.primitive_desc(
                engine, FORWARD, of.values(), of.values(), of.oneOfARow(), EPSILON, flags);
    }

    private static Compiled layerNorm(engine engine, Memories of, int flags) {
        layer_normalization_forward.primitive_desc norm = layerNormDescription(engine, of, flags);
        return new Compiled(
                new layer_normalization_forward(norm), norm.impl_info_str().getString());
    }

    private static Compiled layerNormBackward(engine engine, Memories of, int flags) {
        layer_normalization_backward.primitive_desc backward = new layer_normalization_backward.primitive_desc(
                engine,
                BACKWARD,
                of.values(),
                of.values(),
                of.values(),
                of.oneOfARow(),
                EPSILON,
                flags,
                layerNormDescription(engine, of, flags));
        return new Compiled(
                new layer_normalization_backward(backward),
                backward.impl_info_str().getString());
    }

    /** Whether it is more than the reference implementation, which is there to be compared with. */
    boolean isFast() {
        return fast;
    }

    /** In the order of the arguments of its kind. */
    void run(stream stream, Region... regions) {
        work.run(stream, regions);
    }
}
