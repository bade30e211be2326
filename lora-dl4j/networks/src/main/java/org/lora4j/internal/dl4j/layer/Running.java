/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.internal.array.GuardedExecutioner;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What every adapted layer does when a network starts it, when it is given parameters, and with its bias.
 *
 * @apiNote Status: internal
 */
public final class Running {

    private Running() {}

    /** Gives a layer its parameters, as stock configurations do. */
    public static <T extends Layer> T start(
            T layer,
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray view,
            boolean initialize) {
        GuardedExecutioner.install();
        LayerKinds.requireNoProblems(conf.getLayer());
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(view);
        layer.setParamTable(conf.getLayer().initializer().init(conf, view, initialize));
        layer.setConf(conf);
        return layer;
    }

    /** Copies parameters in the order of the view. Stock layers assume one memory order for all of them. */
    public static void assign(INDArray view, INDArray params) {
        if (params != null && params != view) {
            if (params.length() != view.length()) {
                throw new IllegalArgumentException(
                        "parameters of a layer: found " + params.length() + " values; expected " + view.length()
                                + ". Pass the parameters of a layer of the same configuration.");
            }
            view.assign(params.reshape(view.shape()));
        }
    }

    /** Writes the gradient of the bias, if it learns, from that of the rows that it was added to. */
    public static void biasGradient(
            LoraSettings settings, INDArray rows, Map<String, INDArray> views, Gradient gradient) {
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            rows.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
    }
}
