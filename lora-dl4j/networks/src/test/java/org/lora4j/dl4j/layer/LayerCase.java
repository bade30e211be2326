/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.internal.dl4j.layer.Wrappers;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A line in the tables of adapted layers: a stock layer, the network around it, and data for it. Layers and arrays are new at
 * each call, since networks keep and change them.
 *
 * @param kind whether it stands for its kind of layer; else it is a variant of one that does
 * @param stock the layer to adapt, without a name
 * @param everyMethod whether DoRA adapts it too
 * @param rounding how far the output may be from that of the stock layer: 0 unless its products are done again by hand
 * @param stockRuns whether the stock layer can be run; where it cannot, the adapted layer without updates stands in for it
 * @param setNOut sets the number of outputs of the configuration; kinds differ in the class that has the setter
 */
record LayerCase(
        String name,
        boolean kind,
        Supplier<Layer> stock,
        Surroundings around,
        boolean everyMethod,
        double rounding,
        boolean stockRuns,
        BiConsumer<Layer, Long> setNOut) {

    /** The layers below and above, the type of the input (null if every layer names its sizes), and a batch. */
    record Surroundings(
            Supplier<List<Layer>> below,
            Supplier<List<Layer>> above,
            InputType type,
            Supplier<INDArray> features,
            Supplier<INDArray> labels,
            Supplier<INDArray> featuresMask,
            Supplier<INDArray> labelsMask) {

        static Surroundings of(InputType type, Supplier<INDArray> features, Supplier<INDArray> labels) {
            return new Surroundings(List::of, List::of, type, features, labels, () -> null, () -> null);
        }

        Surroundings below(Supplier<Layer> layer) {
            return new Surroundings(
                    () -> List.of(layer.get()), above, type, features, labels, featuresMask, labelsMask);
        }

        Surroundings onInput() {
            return new Surroundings(List::of, above, type, features, labels, featuresMask, labelsMask);
        }

        Surroundings above(Supplier<List<Layer>> layers) {
            return new Surroundings(below, layers, type, features, labels, featuresMask, labelsMask);
        }

        Surroundings labels(Supplier<INDArray> others) {
            return new Surroundings(below, above, type, features, others, featuresMask, labelsMask);
        }

        Surroundings masks(Supplier<INDArray> ofFeatures, Supplier<INDArray> ofLabels) {
            return new Surroundings(below, above, type, features, labels, ofFeatures, ofLabels);
        }
    }

    static LayerCase kind(String name, Surroundings around, Supplier<Layer> stock) {
        return new LayerCase(
                name,
                true,
                stock,
                around,
                false,
                0,
                true,
                (layer, size) -> ((FeedForwardLayer) Wrappers.inner(layer)).setNOut(size));
    }

    LayerCase variant(String changed, Supplier<Layer> other) {
        return variant(changed, around, other);
    }

    LayerCase variant(String changed, Surroundings others, Supplier<Layer> other) {
        return new LayerCase(name + ", " + changed, false, other, others, everyMethod, rounding, stockRuns, setNOut);
    }

    LayerCase withEveryMethod() {
        return new LayerCase(name, kind, stock, around, true, rounding, stockRuns, setNOut);
    }

    /** Inside the layer under test products of few numbers of order 1 are rounded once more. */
    LayerCase rounded() {
        return new LayerCase(name, kind, stock, around, everyMethod, 1e-12, stockRuns, setNOut);
    }

    LayerCase notRunByStock() {
        return new LayerCase(name, kind, stock, around, everyMethod, rounding, false, setNOut);
    }

    LayerCase settingNOut(BiConsumer<Layer, Long> setter) {
        return new LayerCase(name, kind, stock, around, everyMethod, rounding, stockRuns, setter);
    }

    /** Every line of every family. */
    static Stream<LayerCase> all() {
        return Stream.of(
                        DenseCases.all(),
                        ConvolutionCases.all(),
                        RecurrentCases.all(),
                        AttentionCases.all(),
                        EmbeddingCases.all())
                .flatMap(List::stream);
    }

    static Stream<LayerCase> kinds() {
        return all().filter(LayerCase::kind);
    }

    static Stream<LayerCase> variants() {
        return all().filter(one -> !one.kind());
    }

    static Stream<LayerCase> kindsWithEveryMethod() {
        return kinds().filter(LayerCase::everyMethod);
    }

    static Stream<LayerCase> variantsWithEveryMethod() {
        return variants().filter(LayerCase::everyMethod);
    }

    /** Random numbers, always the same. */
    static INDArray normal(String stream, long... shape) {
        return RandomStreams.normal(RandomStreams.of(7, stream), 1, DataType.DOUBLE, shape);
    }

    /** A batch of random numbers, always the same. */
    static Supplier<INDArray> features(long... shape) {
        return () -> normal("features", shape);
    }

    /** One-hot rows. */
    static INDArray classes(int rows, int classes) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes);
        SplittableRandom random = RandomStreams.of(7, "classes");
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return labels;
    }

    /** One of three classes for each row. */
    static Supplier<INDArray> classes(int rows) {
        return () -> classes(rows, 3);
    }

    /** One of three classes for each step of three series. */
    static Supplier<INDArray> classesOfSteps(int time) {
        return () -> classes(3 * time, 3).reshape(3, time, 3).permute(0, 2, 1).dup('c');
    }

    @Override
    public String toString() {
        return name;
    }
}
