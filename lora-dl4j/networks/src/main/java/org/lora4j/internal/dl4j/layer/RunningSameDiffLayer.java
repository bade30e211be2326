/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running layer in place of a stock one over SameDiff. Of that one only the keeping of parameters and masks remains: its
 * graph returns gradients twice too large, and computes the forward pass again for them.
 *
 * @apiNote Status: internal
 */
public abstract class RunningSameDiffLayer extends SameDiffLayer {

    private static final long serialVersionUID = 1;

    /** The updates, and what else learns. */
    public final transient LoraSettings settings;

    public RunningSameDiffLayer(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type);
        this.settings = layer.lora();
    }

    /** Drops what belongs to the input before. */
    protected abstract void forget();

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr mgr) {
        forget();
        super.setInput(newInput, mgr);
    }

    @Override
    public void clear() {
        super.clear();
        forget();
    }

    // The stock method checks the shape and then leaves the values as they were.
    @Override
    public void setParam(String name, INDArray value) {
        super.setParam(name, value);
        getParam(name).assign(value);
    }

    @Override
    public void setParams(INDArray values) {
        Running.assign(params, values);
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return settings.learns(name);
    }
}
