/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The parameters of a {@link FrozenBaseLayer}: none if they lie outside of the network, else those of the layer inside. The
 * initializer of stock wrappers would count too few of an {@code AutoEncoder}: it asks the layer where the configuration knows.
 *
 * @apiNote Status: internal
 */
public final class FrozenBaseParameters implements ParamInitializer {

    private final FrozenBaseLayer frozen;

    public FrozenBaseParameters(FrozenBaseLayer frozen) {
        this.frozen = frozen;
    }

    private boolean isOutside() {
        return frozen.outside() != null;
    }

    private Layer inside() {
        return frozen.getUnderlying();
    }

    private NeuralNetConfiguration inside(NeuralNetConfiguration conf) {
        NeuralNetConfiguration own = conf.clone();
        own.setLayer(inside());
        return own;
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return isOutside() ? 0 : inside().initializer().numParams(inside(conf));
    }

    @Override
    public long numParams(Layer layer) {
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(frozen);
        return numParams(conf);
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return isOutside() ? List.of() : inside().initializer().paramKeys(inside());
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return isOutside() ? List.of() : inside().initializer().weightKeys(inside());
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return isOutside() ? List.of() : inside().initializer().biasKeys(inside());
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return !isOutside() && inside().initializer().isWeightParam(inside(), key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return !isOutside() && inside().initializer().isBiasParam(inside(), key);
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray view, boolean initializeParams) {
        return isOutside() ? Map.of() : inside().initializer().init(inside(conf), view, initializeParams);
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        return isOutside() ? Map.of() : inside().initializer().getGradientsFromFlattened(inside(conf), gradientView);
    }
}
