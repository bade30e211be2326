/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class Convolution1DMaskTest {

    private static org.deeplearning4j.nn.api.Layer layer(RNNFormat format) {
        NeuralNetConfiguration conf = new NeuralNetConfiguration.Builder()
                .dataType(DataType.FLOAT)
                .updater(new NoOp())
                .layer(new LoraConvolution1D.Builder()
                        .kernelSize(2)
                        .convolutionMode(ConvolutionMode.Causal)
                        .rnnDataFormat(format)
                        .activation(Activation.SIGMOID)
                        .nIn(1)
                        .nOut(1)
                        .build())
                .build();
        long size = conf.getLayer().initializer().numParams(conf);
        org.deeplearning4j.nn.api.Layer layer =
                conf.getLayer().instantiate(conf, null, 0, Nd4j.zeros(1, size), true, DataType.FLOAT);
        layer.setBackpropGradientsViewArray(Nd4j.zeros(1, size));
        layer.getParam("WA0").assign(0);
        layer.getParam("WA0").putScalar(new int[] {0, 0, 1}, 1);
        layer.getParam("WB0").assign(0);
        layer.setMaskArray(Nd4j.createFromArray(new float[][] {{1, 1, 0}}));
        return layer;
    }

    private static INDArray ofTime(RNNFormat format, float... values) {
        INDArray series = Nd4j.createFromArray(values);
        return format == RNNFormat.NCW ? series.reshape(1, 1, values.length) : series.reshape(1, values.length, 1);
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void activate_withMask_givesZeroAtStepsThatAreLeftOut(RNNFormat format) {
        org.deeplearning4j.nn.api.Layer layer = layer(format);
        layer.getParam("W").assign(0);
        layer.setInput(ofTime(format, 3, 5, 7), LayerWorkspaceMgr.noWorkspaces());

        INDArray output = layer.activate(true, LayerWorkspaceMgr.noWorkspaces());

        assertThat(output).isEqualTo(ofTime(format, 0.5f, 0.5f, 0));
    }

    // The sigmoid's slope at 0 is 1/4, and A passes the current step on: B gets 1/4 * (2 * 3 + 1 * 5).
    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void backpropGradient_withMask_leavesTheSameStepsOut(RNNFormat format) {
        org.deeplearning4j.nn.api.Layer layer = layer(format);
        layer.getParam("W").assign(0);
        layer.setInput(ofTime(format, 3, 5, 7), LayerWorkspaceMgr.noWorkspaces());
        layer.activate(true, LayerWorkspaceMgr.noWorkspaces());

        INDArray gradient = layer.backpropGradient(ofTime(format, 2, 1, 9), LayerWorkspaceMgr.noWorkspaces())
                .getFirst()
                .getGradientFor("WB0");

        assertThat(gradient.getFloat(0, 0, 0)).isEqualTo(2.75f);
    }
}
