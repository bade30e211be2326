/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.RowAdditions;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link RowsLayer}. Time series are seen as rows, those of one example one after the other. */
final class RunningRows extends BaseWrapperLayer {

    private static final long serialVersionUID = 1;

    private final String module;
    private final transient Supplier<RowAdditions> additions;

    RunningRows(Layer stock, String module, Supplier<RowAdditions> additions) {
        super(stock);
        this.module = module;
        this.additions = additions;
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr mgr) {
        setInput(input, mgr);
        return activate(training, mgr);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        RowAdditions now = additions.get();
        if (!now.touches(module)) {
            return underlying.activate(training, mgr);
        }
        boolean isSeries = conf().getLayer() instanceof RnnOutputLayer;
        INDArray input = underlying.input();
        INDArray weight = underlying.getParam("W");
        INDArray x = (isSeries ? rows(input, mgr) : input).castTo(weight.dataType());
        LinearInput.check(x, weight, "module \"" + module + "\"");
        INDArray z = mgr.createUninitialized(
                ArrayType.ACTIVATIONS, weight.dataType(), new long[] {x.size(0), weight.size(1)}, 'c');
        x.mmuli(weight, z);
        now.add(module, x, z);
        INDArray bias = underlying.getParam("b");
        if (bias != null) {
            Broadcasts.addRow(z, bias);
        }
        INDArray output = ((BaseLayer) conf().getLayer()).getActivationFn().getActivation(z, training);
        return isSeries ? series(output, input.size(0), mgr) : output;
    }

    private boolean isTimeInside() {
        return ((RnnOutputLayer) conf().getLayer()).getRnnDataFormat() == RNNFormat.NWC;
    }

    private INDArray rows(INDArray series, LayerWorkspaceMgr mgr) {
        if (series.rank() != 3) {
            return series;
        }
        INDArray timeInside = mgr.dup(ArrayType.FF_WORKING_MEM, isTimeInside() ? series : series.permute(0, 2, 1), 'c');
        return timeInside.reshape('c', series.size(0) * timeInside.size(1), timeInside.size(2));
    }

    private INDArray series(INDArray rows, long batch, LayerWorkspaceMgr mgr) {
        INDArray timeInside = rows.reshape('c', batch, rows.size(0) / batch, rows.size(1));
        return mgr.dup(ArrayType.ACTIVATIONS, isTimeInside() ? timeInside : timeInside.permute(0, 2, 1), 'c');
    }
}
