/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraConvolution2D;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraConvolution2D}. Computes what the stock layer does, of patches that are made faster; only a helper,
 * if there is one for the processor, runs as in the stock layer.
 *
 * @apiNote Status: internal
 */
public final class Convolution2DUpdates extends RunningConvolutionLayer {

    private static final long serialVersionUID = 1;

    private final transient ConvolutionPath path;

    public Convolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new ConvolutionPath(this, settings, "W");
    }

    private Patches2D patches(INDArray image) {
        return Patches2D.of(layerConf(), convolutionMode, image);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        INDArray z;
        if (helper == null) {
            assertInputSet(false);
            validateInputRank();
            validateInputDepth(getParam("W").size(1));
            z = product(training, mgr);
        } else {
            z = super.preOutput(training, forBackprop, mgr).getFirst();
        }
        if (settings.adapts()) {
            INDArray image = image();
            path.add(image, patches(image), channelsFirst(z), training, mgr);
        }
        return new Pair<>(z, null);
    }

    private INDArray product(boolean training, LayerWorkspaceMgr mgr) {
        INDArray image = image();
        Patches2D patches = patches(image);
        INDArray rows = path.product(patches.rows(image), training, mgr);
        if (hasBias()) {
            Broadcasts.addRow(rows, path.parameter("b", training));
        }
        INDArray z = rows.transpose()
                .reshape('c', true, rows.size(1), image.size(0), patches.out()[0], patches.out()[1])
                .permute(1, 0, 2, 3);
        return isChannelsLast() ? mgr.dup(ArrayType.ACTIVATIONS, asFormat(z)) : z;
    }

    /** A copy in the same memory order: channel after channel, unless channels are last. */
    @Override
    INDArray copy(INDArray z, LayerWorkspaceMgr mgr) {
        return isChannelsLast()
                ? mgr.dup(ArrayType.INPUT, z, 'c')
                : mgr.dup(ArrayType.INPUT, z.permute(1, 0, 2, 3), 'c').permute(1, 0, 2, 3);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray delta = delta(epsilon, mgr);
        INDArray image = image();
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                image, patches(image), channelsFirst(delta), !settings.lowest(), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(asFormat(next)));
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return path.parameter(name, training);
    }
}
