/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;

/**
 * Modules as ops of a graph, named so that they are found by their paths. Rows are flat, {@code [batch * places, width]}; images lie
 * {@code [batch, height, width, channels]}.
 */
final class ImageOps {

    /** ND4J's layer_norm adds no epsilon at all; below this bound that is the same for every real hidden state. */
    private static final double LARGEST_EPSILON_LEFT_OUT = 1e-9;

    private static final int FLAT_FEATURES = 1;

    private final SameDiff sd;
    private final String prefix;
    private final ImageWeights weights;

    ImageOps(SameDiff sd, String prefix, ImageWeights weights) {
        this.sd = sd;
        this.prefix = prefix;
        this.weights = weights;
    }

    String path(String module) {
        return prefix + module;
    }

    boolean has(String tensor) {
        return weights.tensors().containsKey(tensor);
    }

    SDVariable parameter(String tensor) {
        return sd.constant(prefix + tensor, weights.tensors().get(tensor));
    }

    SDVariable linear(SDVariable rows, String module) {
        String path = path(module);
        SDVariable weight = parameter(module + ".weight");
        return rows.mmul(path + "/product", weight).add(path + "/output", parameter(module + ".bias"));
    }

    SDVariable layerNorm(SDVariable rows, String module, double epsilon) {
        String path = path(module);
        SDVariable gain = parameter(module + ".weight");
        SDVariable bias = parameter(module + ".bias");
        if (epsilon <= LARGEST_EPSILON_LEFT_OUT) {
            return sd.nn().layerNorm(path + "/output", rows, gain, bias, false, FLAT_FEATURES);
        }
        SDVariable centered = rows.sub(path + "/centered", rows.mean(path + "/mean", true, FLAT_FEATURES));
        SDVariable variance =
                sd.math().square(path + "/square", centered).mean(path + "/variance", true, FLAT_FEATURES);
        SDVariable deviation = sd.math().sqrt(path + "/deviation", variance.add(path + "/variance_shifted", epsilon));
        return centered.div(path + "/normalized", deviation)
                .mul(path + "/scaled", gain)
                .add(path + "/output", bias);
    }

    /** Windows that do not overlap, as patches are. */
    SDVariable patches(SDVariable image, String module, int height, int width) {
        Conv2DConfig windows = Conv2DConfig.builder()
                .kH(height)
                .kW(width)
                .sH(height)
                .sW(width)
                .paddingMode(PaddingMode.VALID)
                .dataFormat(Conv2DConfig.NHWC)
                .build();
        return sd.cnn()
                .conv2d(
                        path(module) + "/output",
                        image,
                        parameter(module + ".weight"),
                        parameter(module + ".bias"),
                        windows);
    }

    /** A window of each channel by itself, in an image that keeps its size. */
    SDVariable depthwise(SDVariable image, String module, int window) {
        Conv2DConfig windows = Conv2DConfig.builder()
                .kH(window)
                .kW(window)
                .pH(window / 2)
                .pW(window / 2)
                .paddingMode(PaddingMode.VALID)
                .dataFormat(Conv2DConfig.NHWC)
                .build();
        return sd.cnn()
                .depthWiseConv2d(
                        path(module) + "/output",
                        image,
                        parameter(module + ".weight"),
                        parameter(module + ".bias"),
                        windows);
    }
}
