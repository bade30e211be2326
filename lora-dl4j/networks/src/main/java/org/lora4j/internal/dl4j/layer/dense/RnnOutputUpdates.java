/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraRnnOutputLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraRnnOutputLayer}: its product sees one row for each time step.
 *
 * @apiNote Status: internal
 */
public final class RnnOutputUpdates extends RunningRnnOutputLayer {

    private static final long serialVersionUID = 1;

    public RnnOutputUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
    }

    private boolean isTimeInside() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    /** Rows of [batch, size, time], or of the other format. */
    private INDArray rows(INDArray series, LayerWorkspaceMgr mgr, ArrayType place) {
        INDArray timeLast = isTimeInside() ? series.permute(0, 2, 1) : series;
        return TimeSeriesUtils.reshape3dTo2d(timeLast.castTo(dataType), mgr, place);
    }

    private INDArray series(INDArray rows, long batch, LayerWorkspaceMgr mgr, ArrayType place) {
        INDArray timeLast = TimeSeriesUtils.reshape2dTo3d(rows, batch, mgr, place);
        return isTimeInside() ? timeLast.permute(0, 2, 1) : timeLast;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        requireSeries();
        applyDropOutIfNecessary(training, mgr);
        INDArray x = rows(input, mgr, ArrayType.FF_WORKING_MEM);
        INDArray z = path.preOutput(x, hasBias(), training, 'f', mgr);
        INDArray output = layerConf().getActivationFn().getActivation(z, training);
        if (maskArray != null) {
            applyMask(output);
        }
        return series(output, input.size(0), mgr, ArrayType.ACTIVATIONS);
    }

    private void requireSeries() {
        assertInputSet(false);
        if (input.rank() != 3) {
            throw new DL4JInvalidInputException("input of " + layerId() + ": shape " + Arrays.toString(input.shape())
                    + "; expected [batch, size, time]. Check the data, and the input type or preprocessor.");
        }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        requireSeries();
        int time = isTimeInside() ? 1 : 2;
        if (labels.rank() != 3 || labels.size(time) != input.size(time)) {
            throw new DL4JInvalidInputException(
                    "labels of " + layerId() + ": shape " + Arrays.toString(labels.shape())
                            + " for input " + Arrays.toString(input.shape())
                            + "; expected as many time steps. Check the data, and the format of the layer (setInputType sets it).");
        }
        INDArray series = input;
        input = rows(series, mgr, ArrayType.BP_WORKING_MEM);
        try {
            applyDropOutIfNecessary(true, mgr);
            INDArray z = preOutput2d(true, mgr);
            INDArray delta = layerConf()
                    .getLossFn()
                    .computeGradient(
                            getLabels2d(mgr, ArrayType.BP_WORKING_MEM),
                            z,
                            layerConf().getActivationFn(),
                            maskArray);
            Pair<Gradient, INDArray> result = path.backward(input.castTo(dataType), delta, gradientViews, mgr);
            if (result.getSecond() != null) {
                INDArray next = backpropDropOutIfPresent(result.getSecond());
                result.setSecond(series(next, series.size(0), mgr, ArrayType.ACTIVATION_GRAD));
            }
            return result;
        } finally {
            input = series;
        }
    }
}
