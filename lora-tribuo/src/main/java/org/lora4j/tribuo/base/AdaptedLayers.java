/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.exec.NativeThreads;
import org.lora4j.interpret.FeatureExplainer;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainable;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network of layers with a head.
 *
 * @param <N> kind of network
 */
final class AdaptedLayers<N extends Model> implements AdaptedBase {

    static final String INPUT = "input";
    private static final String LABELS = "labels";

    private final AdaptedNetwork<N> adapted;
    private final LayerAccess<N> access;

    AdaptedLayers(AdaptedNetwork<N> adapted, LayerAccess<N> access) {
        this.adapted = adapted;
        this.access = access;
    }

    @Override
    public AdaptedModel model() {
        return adapted;
    }

    @Override
    public String head() {
        return adapted.networkModules().heads().iterator().next();
    }

    @Override
    public Trainable trainable() {
        return adapted.trainable(DataSetPlaceholders.of(INPUT, LABELS));
    }

    @Override
    public Map<String, INDArray> step(Map<String, INDArray> inputs, double[][] targets, double[] weights) {
        INDArray column = Nd4j.createFromArray(weights).reshape(weights.length, 1);
        INDArray labels = Nd4j.concat(1, Nd4j.createFromArray(targets), column);
        return Map.of(INPUT, input(inputs), LABELS, labels.castTo(type()));
    }

    private DataType type() {
        return adapted.base().params().dataType();
    }

    private INDArray input(Map<String, INDArray> inputs) {
        INDArray input = inputs.values().iterator().next();
        return input.dataType().isFPType() ? input.castTo(type()) : input;
    }

    // The ops of a layer are short: several threads would mostly wait for each other, and spin meanwhile.
    @Override
    public void during(Runnable work) {
        NativeThreads.one(work);
    }

    @Override
    public double[][] outputs(Map<String, INDArray> inputs) {
        return ArrayRows.of(access.output(adapted.network(), input(inputs)));
    }

    @Override
    public Optional<FeatureExplainer> explainer(List<InputSpec> inputs) {
        // A lookup by ids has no gradient with respect to them, and stock layers give none of the rows.
        return inputs.get(0).kind() == InputSpec.Kind.TOKEN_IDS
                ? Optional.empty()
                : Optional.of(IntegratedGradients.of(adapted));
    }

    @Override
    public void exportMerged(Path file) throws IOException {
        N plain = adapted.mergeAndUnload();
        access.layers(plain).values().forEach(PlainLayers::unweight);
        NetworkFile.write(plain, file);
    }
}
