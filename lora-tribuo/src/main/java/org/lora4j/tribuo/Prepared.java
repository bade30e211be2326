/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.input.InputBinding;
import org.lora4j.tribuo.output.Loss;
import org.lora4j.tribuo.output.OutputBinding;
import org.lora4j.trust.DataHashes;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.Output;

/** Examples with their targets, weights and lengths, all checked. */
record Prepared<T extends Output<T>>(List<Example<T>> examples, double[][] targets, double[] weights, int[] lengths) {

    static <T extends Output<T>> Prepared<T> of(Dataset<T> data, InputBinding inputs, OutputBinding<T> outputs) {
        List<Example<T>> examples = new ArrayList<>();
        data.forEach(examples::add);
        double[][] targets = new double[examples.size()][];
        double[] weights = new double[targets.length];
        int[] lengths = new int[targets.length];
        for (int i = 0; i < targets.length; i++) {
            Example<T> example = examples.get(i);
            // Bad values are found before the training, not in its middle.
            inputs.convert(List.of(example)).values().forEach(INDArray::close);
            targets[i] = outputs.target(example.getOutput());
            weights[i] = weight(example);
            lengths[i] = inputs.length(example);
        }
        return new Prepared<>(examples, targets, weights, lengths);
    }

    private static double weight(Example<?> example) {
        double weight = example.getWeight();
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("LoraTrainer: an example has the weight " + weight
                    + "; expected a finite number of 0 or more. Example " + MessageText.value(example));
        }
        return weight;
    }

    /** What the examples contain, for a receipt: features by name, targets, weights. */
    DataHashes hashes() {
        DataHashes.Gathering gathering = new DataHashes.Gathering();
        for (int i = 0; i < size(); i++) {
            for (Feature feature : examples.get(i)) {
                gathering.text(feature.getName()).number(Double.doubleToLongBits(feature.getValue()));
            }
            for (double target : targets[i]) {
                gathering.number(Double.doubleToLongBits(target));
            }
            gathering.number(Double.doubleToLongBits(weights[i])).end();
        }
        return gathering.hashes();
    }

    int size() {
        return examples.size();
    }

    /** The examples at some places. */
    Prepared<T> at(int[] places) {
        List<Example<T>> chosen = new ArrayList<>();
        double[][] chosenTargets = new double[places.length][];
        double[] chosenWeights = new double[places.length];
        int[] chosenLengths = new int[places.length];
        for (int i = 0; i < places.length; i++) {
            chosen.add(examples.get(places[i]));
            chosenTargets[i] = targets[places[i]];
            chosenWeights[i] = weights[places[i]];
            chosenLengths[i] = lengths[places[i]];
        }
        return new Prepared<>(chosen, chosenTargets, chosenWeights, chosenLengths);
    }

    ExampleBatches<T> batches(AdaptedBase host, InputBinding inputs, int size, boolean shuffled) {
        return new ExampleBatches<>(host, inputs, examples, targets, weights, lengths, size, shuffled);
    }

    /** The weighted mean of the loss. */
    double loss(AdaptedBase host, InputBinding inputs, Loss loss, int batchSize) {
        double sum = 0;
        double total = 0;
        for (int from = 0; from < size(); from += batchSize) {
            int to = Math.min(size(), from + batchSize);
            double[][] outputs = host.outputs(inputs.convert(examples.subList(from, to)));
            for (int i = from; i < to; i++) {
                sum += weights[i] * loss.of(outputs[i - from], targets[i]);
                total += weights[i];
            }
        }
        return total > 0 ? sum / total : 0;
    }

    /** Checks that some weight is above 0. */
    void requireWeight() {
        for (double weight : weights) {
            if (weight > 0) {
                return;
            }
        }
        throw new IllegalArgumentException("LoraTrainer: all " + size()
                + " examples have the weight 0; expected one above" + " 0. Set them with Example.setWeight.");
    }
}
