/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.input.InputBinding;
import org.lora4j.tribuo.output.OutputBinding;
import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.Prediction;

/** A base with a model's adapter, ready to predict. One call at a time: networks keep activations in themselves. */
final class Predictor<T extends Output<T>> {

    private final AdaptedBase host;
    private final InputBinding inputs;
    private final OutputBinding<T> outputs;
    private final int batchSize;

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
}
