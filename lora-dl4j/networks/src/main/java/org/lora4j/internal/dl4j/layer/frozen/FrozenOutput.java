/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import java.util.List;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** A frozen output layer of a kind without adapters: DL4J trains networks that end in this interface only. */
class FrozenOutput extends FrozenBase implements IOutputLayer {

    private static final long serialVersionUID = 1;

    private final transient IOutputLayer stock;

    FrozenOutput(IOutputLayer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock, outer, frozen);
        this.stock = stock;
    }

    @Override
    public boolean needsLabels() {
        return stock.needsLabels();
    }

    @Override
    public void setLabels(INDArray labels) {
        stock.setLabels(labels);
    }

    @Override
    public INDArray getLabels() {
        return stock.getLabels();
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr mgr) {
        return stock.computeScore(regularization, training, mgr);
    }

    @Override
    public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr mgr) {
        return stock.computeScoreForExamples(regularization, mgr);
    }

    @Override
    public double f1Score(DataSet data) {
        return stock.f1Score(data);
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        return stock.f1Score(examples, labels);
    }

    @Override
    @SuppressWarnings("deprecation") // Of the interface, which asks for it all the same.
    public int numLabels() {
        return stock.numLabels();
    }

    @Override
    public int[] predict(INDArray examples) {
        return stock.predict(examples);
    }

    @Override
    public List<String> predict(DataSet data) {
        return stock.predict(data);
    }

    @Override
    public void fit(DataSetIterator data) {
        throw frozen("fit");
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        throw frozen("fit");
    }

    @Override
    public void fit(DataSet data) {
        throw frozen("fit");
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        throw frozen("fit");
    }
}
