/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.lora4j.dl4j.layer.LayerCase.Surroundings;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers with windows on series, images and volumes, with the weights of a window shared or not. */
final class ConvolutionCases {

    private static final Surroundings LARGE = images(4, 6, 5, CNN2DFormat.NCHW);
    private static final Surroundings MIDDLE = images(3, 5, 4, CNN2DFormat.NCHW);
    private static final Surroundings MIDDLE_CHANNELS_LAST = images(3, 5, 4, CNN2DFormat.NHWC);
    private static final Surroundings SMALL = images(3, 4, 3, CNN2DFormat.NCHW);

    private ConvolutionCases() {}

    private static Surroundings images(int rows, int height, int width, CNN2DFormat format) {
        return Surroundings.of(
                        InputType.convolutional(height, width, 2, format),
                        format == CNN2DFormat.NCHW
                                ? LayerCase.features(rows, 2, height, width)
                                : LayerCase.features(rows, height, width, 2),
                        LayerCase.classes(rows))
                .below(() -> convolution(2, 2).nOut(3).dataFormat(format).build())
                .above(DenseCases::output);
    }

    /** Three series of two values at each step, of which the layer under test sees three. */
    private static Surroundings series(int time, int timeOut) {
        return Surroundings.of(
                        InputType.recurrent(2, time), LayerCase.features(3, 2, time), LayerCase.classesOfSteps(timeOut))
                .below(() -> RecurrentCases.rnn(3).build())
                .above(() -> List.of(RecurrentCases.output()));
    }

    static List<LayerCase> all() {
        LayerCase one = LayerCase.kind(
                        "convolution 1D",
                        series(6, 3),
                        () -> convolution1D(3)
                                .stride(2)
                                .padding(1)
                                .biasInit(0.1)
                                .build())
                .withEveryMethod();
        LayerCase two = LayerCase.kind(
                        "convolution 2D",
                        LARGE,
                        () -> convolution(3, 2)
                                .stride(2, 1)
                                .padding(1, 0)
                                .nOut(4)
                                .biasInit(0.1)
                                .build())
                .withEveryMethod();
        LayerCase three = LayerCase.kind(
                        "convolution 3D",
                        Surroundings.of(
                                        null,
                                        LayerCase.features(2, 2, 3, 4, 2),
                                        () -> LayerCase.normal("labels", 2, 3, 2, 1, 3))
                                .below(() -> convolution3D(1, 2, 1)
                                        .convolutionMode(ConvolutionMode.Truncate)
                                        .nOut(2)
                                        .build())
                                .above(() -> volumesOut(Convolution3D.DataFormat.NCDHW)),
                        () -> convolution3D(2, 3, 2)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .stride(2, 1, 1)
                                .padding(1, 0, 1)
                                .nOut(3)
                                .biasInit(0.1)
                                .build())
                .withEveryMethod();
        LayerCase transposed = LayerCase.kind(
                "deconvolution 2D",
                SMALL,
                () -> new Deconvolution2D.Builder(3, 2)
                        .stride(2, 1)
                        .padding(1, 0)
                        .nOut(4)
                        .biasInit(0.1)
                        .activation(Activation.TANH)
                        .build());
        LayerCase depthwise = LayerCase.kind(
                "depthwise convolution 2D",
                MIDDLE,
                () -> new DepthwiseConvolution2D.Builder(3, 2)
                        .stride(2, 1)
                        .padding(1, 0)
                        .depthMultiplier(2)
                        .biasInit(0.1)
                        .activation(Activation.TANH)
                        .build());
        LayerCase separable = LayerCase.kind(
                "separable convolution 2D",
                MIDDLE,
                () -> new SeparableConvolution2D.Builder(3, 2)
                        .stride(2, 1)
                        .padding(1, 0)
                        .depthMultiplier(2)
                        .nOut(4)
                        .biasInit(0.1)
                        .activation(Activation.TANH)
                        .build());
        LayerCase local1D = LayerCase.kind(
                        "locally connected 1D",
                        series(6, 3),
                        () -> local(new LocallyConnected1D.Builder()
                                .kernelSize(3)
                                .stride(2)
                                .padding(1)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .setInputSize(6)))
                .rounded()
                .settingNOut((layer, size) -> ((LocallyConnected1D) layer).setNOut(size));
        LayerCase local2D = LayerCase.kind(
                        "locally connected 2D",
                        images(3, 5, 6, CNN2DFormat.NCHW),
                        () -> local(new LocallyConnected2D.Builder()
                                .kernelSize(3, 2)
                                .stride(2, 1)
                                .padding(1, 0)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .setInputSize(4, 5)))
                .rounded()
                .settingNOut((layer, size) -> ((LocallyConnected2D) layer).setNOut(size));
        return List.of(
                one,
                one.variant(
                        "causal",
                        series(6, 6).masks(() -> Masks.lengths(6, 6, 4, 1), () -> Masks.lengths(6, 6, 4, 1)),
                        () -> convolution1D(2)
                                .convolutionMode(ConvolutionMode.Causal)
                                .dilation(2)
                                .build()),
                one.variant(
                        "time inside, same",
                        Surroundings.of(
                                        InputType.recurrent(2, 5, RNNFormat.NWC),
                                        LayerCase.features(3, 5, 2),
                                        () -> LayerCase.classes(9, 3).reshape(3, 3, 3))
                                .below(() -> RecurrentCases.rnn(3)
                                        .dataFormat(RNNFormat.NWC)
                                        .build())
                                .above(() -> List.of(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                        .nOut(3)
                                        .dataFormat(RNNFormat.NWC)
                                        .build())),
                        () -> convolution1D(3)
                                .convolutionMode(ConvolutionMode.Same)
                                .stride(2)
                                .rnnDataFormat(RNNFormat.NWC)
                                .hasBias(false)
                                .build()),
                two,
                two.variant(
                        "same",
                        () -> convolution(3, 3)
                                .stride(2, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .dilation(1, 2)
                                .nOut(4)
                                .build()),
                two.variant(
                        "channels last",
                        images(4, 6, 5, CNN2DFormat.NHWC),
                        () -> convolution(2, 2)
                                .dataFormat(CNN2DFormat.NHWC)
                                .nOut(4)
                                .hasBias(false)
                                .build()),
                three,
                three.variant(
                        "channels last, same",
                        Surroundings.of(
                                        null,
                                        LayerCase.features(2, 3, 3, 4, 2),
                                        () -> LayerCase.normal("labels", 2, 3, 2, 4, 3))
                                .below(() -> convolution3D(1, 1, 1)
                                        .nOut(2)
                                        .dataFormat(Convolution3D.DataFormat.NDHWC)
                                        .build())
                                .above(() -> volumesOut(Convolution3D.DataFormat.NDHWC)),
                        () -> convolution3D(3, 2, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .stride(1, 2, 1)
                                .dilation(1, 1, 2)
                                .hasBias(false)
                                .nOut(3)
                                .dataFormat(Convolution3D.DataFormat.NDHWC)
                                .build()),
                transposed,
                transposed.variant(
                        "same",
                        () -> new Deconvolution2D.Builder(3, 2)
                                .stride(2, 1)
                                .convolutionMode(ConvolutionMode.Same)
                                .dilation(1, 2)
                                .hasBias(false)
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build()),
                transposed.variant(
                        "channels last",
                        Surroundings.of(
                                        null,
                                        LayerCase.features(2, 3, 4, 2),
                                        () -> LayerCase.normal("labels", 2, 4, 6, 4))
                                .below(() -> convolution(2, 2)
                                        .nIn(2)
                                        .nOut(3)
                                        .dataFormat(CNN2DFormat.NHWC)
                                        .build())
                                .above(() -> List.of(new CnnLossLayer.Builder(LossFunction.MSE)
                                        .format(CNN2DFormat.NHWC)
                                        .activation(Activation.TANH)
                                        .build())),
                        () -> new Deconvolution2D.Builder(2, 2)
                                .stride(2, 2)
                                .dataFormat(CNN2DFormat.NHWC)
                                .nIn(3)
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build()),
                depthwise,
                depthwise.variant(
                        "channels last, same",
                        MIDDLE_CHANNELS_LAST,
                        () -> new DepthwiseConvolution2D.Builder(3, 2)
                                .stride(1, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .dataFormat(CNN2DFormat.NHWC)
                                .depthMultiplier(2)
                                .hasBias(false)
                                .activation(Activation.TANH)
                                .build()),
                separable,
                separable.variant(
                        "channels last, same",
                        MIDDLE_CHANNELS_LAST,
                        () -> new SeparableConvolution2D.Builder(3, 2)
                                .stride(1, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .dataFormat(CNN2DFormat.NHWC)
                                .depthMultiplier(2)
                                .nOut(4)
                                .hasBias(false)
                                .activation(Activation.TANH)
                                .build()),
                local1D,
                local1D.variant(
                        "same",
                        series(4, 4),
                        () -> local(new LocallyConnected1D.Builder()
                                .kernelSize(2)
                                .convolutionMode(ConvolutionMode.Same)
                                .hasBias(false)
                                .setInputSize(4))),
                local2D,
                local2D.variant(
                        "channels last, same",
                        images(3, 4, 4, CNN2DFormat.NHWC),
                        () -> local(new LocallyConnected2D.Builder()
                                .kernelSize(2, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .hasBias(false)
                                .setInputSize(3, 3)
                                .dataFormat(CNN2DFormat.NHWC))));
    }

    private static Convolution1DLayer.Builder convolution1D(int kernel) {
        return new Convolution1DLayer.Builder(kernel).nOut(4).activation(Activation.TANH);
    }

    private static ConvolutionLayer.Builder convolution(int height, int width) {
        return new ConvolutionLayer.Builder(height, width).activation(Activation.TANH);
    }

    private static Convolution3D.Builder convolution3D(int depth, int height, int width) {
        return new Convolution3D.Builder(depth, height, width).nIn(2).activation(Activation.TANH);
    }

    private static List<Layer> volumesOut(Convolution3D.DataFormat format) {
        return List.of(new Cnn3DLossLayer.Builder(format)
                .lossFunction(LossFunction.MSE)
                .activation(Activation.TANH)
                .build());
    }

    // Global constraints ask for the parameters before the input type is known.
    private static Layer local(LocallyConnected1D.Builder builder) {
        LocallyConnected1D layer =
                builder.nIn(3).nOut(2).activation(Activation.TANH).build();
        layer.computeOutputSize();
        return layer;
    }

    private static Layer local(LocallyConnected2D.Builder builder) {
        LocallyConnected2D layer =
                builder.nIn(3).nOut(2).activation(Activation.TANH).build();
        layer.computeOutputSize();
        return layer;
    }
}
