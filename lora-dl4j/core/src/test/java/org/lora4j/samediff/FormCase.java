/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/** One small graph for each way to spell a module. The modules are called "m", the output "y", the loss "loss". */
final class FormCase {

    final String name;
    private final Consumer<Maker> recipe;

    private FormCase(String name, Consumer<Maker> recipe) {
        this.name = name;
        this.recipe = recipe;
    }

    Maker make(DataType type) {
        Maker maker = new Maker(type);
        recipe.accept(maker);
        // A sum of squares alone would not see a turn of the outputs.
        SDVariable y = maker.sd.getVariable("y");
        y.mul(y.add(1)).sum("loss");
        maker.sd.setLossVariables("loss");
        return maker;
    }

    @Override
    public String toString() {
        return name;
    }

    static final class Maker {
        final SameDiff sd = SameDiff.create();
        final Map<String, INDArray> inputs = new LinkedHashMap<>();
        private final DataType type;
        private final SplittableRandom random = new SplittableRandom(7);

        Maker(DataType type) {
            this.type = type;
        }

        SDVariable weight(String name, long... shape) {
            return sd.var(name, RandomStreams.uniform(random, 1, type, shape));
        }

        SDVariable x(String name, long... shape) {
            inputs.put(name, RandomStreams.uniform(random, 1, type, shape));
            long[] open = shape.clone();
            open[0] = -1;
            return sd.placeHolder(name, type, open);
        }

        SDVariable ids(int[][] ids) {
            inputs.put("ids", Nd4j.createFromArray(ids));
            return sd.placeHolder("ids", DataType.INT32, -1, ids[0].length);
        }

        INDArray output() {
            return sd.output(inputs, "y").get("y");
        }
    }

    static List<FormCase> all() {
        List<FormCase> cases = new ArrayList<>();
        cases.add(new FormCase(
                "x W + b", m -> m.x("x", 3, 5).mmul(m.weight("m/kernel", 5, 4)).add("y", m.weight("m/bias", 4))));
        cases.add(new FormCase(
                "x W^T", m -> m.sd.mmul("y", m.x("x", 3, 5), m.weight("m.weight", 4, 5), false, true, false)));
        cases.add(new FormCase("x^T W", m -> {
            m.inputs.put("x", RandomStreams.uniform(m.random, 1, m.type, 5, 3));
            SDVariable x = m.sd.placeHolder("x", m.type, 5, -1);
            m.sd.mmul("y", x, m.weight("m.W", 5, 4), true, false, false);
        }));
        cases.add(new FormCase("W x", m -> m.sd.mmul("y", m.weight("m_w", 4, 5), m.x("x", 5, 3), false, false, false)));
        cases.add(new FormCase("W^T x", m -> m.sd.mmul("y", m.weight("m", 5, 4), m.x("x", 5, 3), true, false, false)));
        cases.add(new FormCase("W x^T", m -> m.sd.mmul("y", m.weight("m", 4, 5), m.x("x", 3, 5), false, true, false)));
        cases.add(new FormCase("weight used twice", m -> {
            SDVariable w = m.weight("m.weight", 4, 4);
            m.x("x", 3, 4).mmul(w).mmul("y", w);
        }));
        cases.add(new FormCase(
                "nn.linear",
                m -> m.sd.nn().linear("y", m.x("x", 3, 5), m.weight("m.weight", 5, 4), m.weight("m.bias", 4))));
        cases.add(new FormCase(
                "nn.reluLayer",
                m -> m.sd.nn().reluLayer("y", m.x("x", 3, 5), m.weight("m.weight", 5, 4), m.weight("m.bias", 4))));
        cases.add(new FormCase(
                "tensorMmul, W [in, out]",
                m -> m.sd.tensorMmul("y", m.x("x", 3, 2, 5), m.weight("m.weight", 5, 4), new int[] {2}, 0)));
        cases.add(new FormCase(
                "tensorMmul, W [out, in]",
                m -> m.sd.tensorMmul("y", m.x("x", 3, 2, 5), m.weight("m.weight", 4, 5), new int[] {2}, 1)));
        cases.add(new FormCase(
                "gather",
                m -> m.sd.gather("y", m.weight("m.weight", 6, 4), m.ids(new int[][] {{1, 5, 1}, {0, 2, 2}}), 0)));
        cases.add(new FormCase(
                "one-hot W",
                m -> m.sd.reshape(m.sd.oneHot(m.ids(new int[][] {{1, 5, 1}, {0, 2, 2}}), 6, -1, 1, 0, m.type), -1, 6)
                        .mmul("y", m.weight("m.weight", 6, 4))));
        cases.add(new FormCase(
                "one-hot W^T",
                m -> m.sd.mmul(
                        "y",
                        m.sd.reshape(
                                m.sd.oneHot(m.ids(new int[][] {{1, 5, 1}, {0, 2, 2}}), 6, -1, 1, 0, m.type), -1, 6),
                        m.weight("m.weight", 4, 6),
                        false,
                        true,
                        false)));
        cases.add(new FormCase(
                "conv1d, channels first",
                m -> m.sd.cnn()
                        .conv1d(
                                "y",
                                m.x("x", 2, 3, 9),
                                m.weight("m.weight", 3, 3, 4),
                                m.weight("m.bias", 4),
                                Conv1DConfig.builder()
                                        .k(3)
                                        .s(2)
                                        .p(1)
                                        .d(2)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat(Conv1DConfig.NCW)
                                        .build())));
        cases.add(new FormCase(
                "conv1d, channels last",
                m -> m.sd.cnn()
                        .conv1d(
                                "y",
                                m.x("x", 2, 9, 3),
                                m.weight("m.weight", 3, 3, 4),
                                Conv1DConfig.builder()
                                        .k(3)
                                        .paddingMode(PaddingMode.SAME)
                                        .dataFormat(Conv1DConfig.NWC)
                                        .build())));
        cases.add(new FormCase(
                "conv2d, channels first",
                m -> m.sd.cnn()
                        .conv2d(
                                "y",
                                m.x("x", 2, 3, 7, 6),
                                m.weight("m.weight", 3, 2, 3, 4),
                                m.weight("m.bias", 4),
                                Conv2DConfig.builder()
                                        .kH(3)
                                        .kW(2)
                                        .sH(2)
                                        .sW(1)
                                        .pH(1)
                                        .pW(1)
                                        .dH(1)
                                        .dW(2)
                                        .dataFormat(Conv2DConfig.NCHW)
                                        .build())));
        cases.add(new FormCase(
                "conv2d, channels last",
                m -> m.sd.cnn()
                        .conv2d(
                                "y",
                                m.x("x", 2, 7, 6, 3),
                                m.weight("m.weight", 3, 2, 3, 4),
                                Conv2DConfig.builder()
                                        .kH(3)
                                        .kW(2)
                                        .paddingMode(PaddingMode.SAME)
                                        .dataFormat(Conv2DConfig.NHWC)
                                        .build())));
        cases.add(new FormCase(
                "conv3d, channels first",
                m -> m.sd.cnn()
                        .conv3d(
                                "y",
                                m.x("x", 2, 3, 4, 5, 4),
                                m.weight("m.weight", 2, 3, 2, 3, 4),
                                m.weight("m.bias", 4),
                                Conv3DConfig.builder()
                                        .kD(2)
                                        .kH(3)
                                        .kW(2)
                                        .sH(2)
                                        .pH(1)
                                        .dD(2)
                                        .dataFormat(Conv3DConfig.NCDHW)
                                        .build())));
        cases.add(new FormCase(
                "conv3d, channels last",
                m -> m.sd.cnn()
                        .conv3d(
                                "y",
                                m.x("x", 2, 4, 5, 4, 3),
                                m.weight("m.weight", 2, 3, 2, 3, 4),
                                Conv3DConfig.builder()
                                        .kD(2)
                                        .kH(3)
                                        .kW(2)
                                        .paddingMode(PaddingMode.SAME)
                                        .dataFormat(Conv3DConfig.NDHWC)
                                        .build())));
        cases.add(new FormCase("attention", m -> {
            SDVariable q = m.x("q", 2, 5, 3);
            SDVariable k = m.x("k", 2, 5, 4);
            m.sd.nn()
                    .multiHeadDotProductAttention(
                            "y",
                            q,
                            k,
                            k,
                            m.weight("m.q.weight", 2, 3, 5),
                            m.weight("m.k.weight", 2, 3, 5),
                            m.weight("m.v.weight", 2, 3, 5),
                            m.weight("m.o.weight", 6, 4),
                            null,
                            true);
        }));
        return cases;
    }
}
