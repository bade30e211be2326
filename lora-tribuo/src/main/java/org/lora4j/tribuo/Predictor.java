/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.interpret.FeatureAttribution;
import org.lora4j.interpret.FeatureExplainer;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.input.InputBinding;
import org.lora4j.tribuo.input.InputSpec;
import org.lora4j.tribuo.output.OutputBinding;
import org.lora4j.tribuo.output.OutputScale;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tribuo.Example;
import org.tribuo.Excuse;
import org.tribuo.Output;
import org.tribuo.Prediction;

/** A base with a model's adapter, ready to predict. One call at a time: networks keep activations in themselves. */
final class Predictor<T extends Output<T>> {

    private static final Logger LOG = LoggerFactory.getLogger(Predictor.class);

    private final AdaptedBase host;
    private final InputBinding inputs;
    private final OutputBinding<T> outputs;
    private final int batchSize;
    private final List<InputSpec> specs;
    private final List<String> rows;
    private final Map<String, OutputScale> scales;
    private Optional<FeatureExplainer> explainer;

    Predictor(ModelParts<T> parts) {
        this.host = Hosting.base(
                parts.base(),
                parts.headMode(),
                parts.rows().size(),
                parts.outputs().loss());
        Hosting.attach(host, parts.adapter(), false);
        this.inputs = parts.inputs().bind(parts.features(), parts.base().inputs());
        this.outputs = parts.outputs().bind(parts.domain(), parts.rows(), parts.scales());
        this.batchSize = parts.batchSize();
        this.specs = parts.base().inputs();
        this.rows = parts.rows();
        this.scales = parts.scales();
    }

    AdaptedBase host() {
        return host;
    }

    synchronized List<Prediction<T>> predict(List<Example<T>> examples) {
        List<Prediction<T>> predictions = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batchSize) {
            List<Example<T>> batch = examples.subList(from, Math.min(examples.size(), from + batchSize));
            double[][] values = host.outputs(inputs.convert(batch));
            for (int i = 0; i < batch.size(); i++) {
                Example<T> example = batch.get(i);
                predictions.add(outputs.predict(values[i], inputs.used(example), example));
            }
        }
        return predictions;
    }

    /**
     * What each feature of an example adds to each output, in the output's own unit, against an example without features: zeros
     * in their places, of tokens the id 0 at each position.
     */
    synchronized Optional<Excuse<T>> excuse(Example<T> example) {
        Prediction<T> prediction = predict(List.of(example)).get(0);
        Map<String, Integer> places = new LinkedHashMap<>();
        example.forEach(
                feature -> inputs.place(feature.getName()).ifPresent(place -> places.put(feature.getName(), place)));
        if (explainer == null) {
            explainer = host.explainer(specs);
        }
        if (places.isEmpty() || explainer.isEmpty()) {
            return Optional.empty();
        }
        Map<String, INDArray> arrays = inputs.convert(List.of(example));
        Map<String, List<Pair<String, Double>>> weights = new HashMap<>();
        for (int row = 0; row < rows.size(); row++) {
            Optional<double[]> values = attributions(arrays, row);
            if (values.isEmpty()) {
                return Optional.empty();
            }
            double unit =
                    scales.getOrDefault(rows.get(row), OutputScale.IDENTITY).deviation();
            List<Pair<String, Double>> ofRow = new ArrayList<>();
            places.forEach((name, place) -> ofRow.add(new Pair<>(name, unit * values.get()[place])));
            ofRow.sort((a, b) -> b.getB().compareTo(a.getB()));
            weights.put(rows.get(row), ofRow);
        }
        return Optional.of(new Excuse<>(example, prediction, weights));
    }

    private Optional<double[]> attributions(Map<String, INDArray> arrays, int row) {
        String first = specs.get(0).name();
        boolean tokens = specs.get(0).kind() == InputSpec.Kind.TOKEN_IDS;
        Map<String, INDArray> without = new HashMap<>(arrays);
        without.put(first, Nd4j.zerosLike(arrays.get(first)));
        try {
            FeatureAttribution why = explainer.orElseThrow().explain(arrays, without, row);
            return Optional.of(tokens ? why.overLastAxis() : why.values());
        } catch (IllegalArgumentException e) {
            // The example was predicted, so it is sound: the network jumps on the way, and what counts cannot be said.
            LOG.debug("no excuse", e);
            return Optional.empty();
        }
    }
}
