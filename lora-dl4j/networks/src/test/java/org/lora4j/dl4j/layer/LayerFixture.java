/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/** The networks of a case: of stock layers, and the same with updates in the layer under test. */
abstract class LayerFixture {

    final LayerCase one;

    /** Names of all weights and of all parameters of a case, which need a network to be known: every test asks for them. */
    private static final Map<LayerCase, List<String>> WEIGHTS = new ConcurrentHashMap<>();

    private static final Map<LayerCase, Set<String>> STOCK_NAMES = new ConcurrentHashMap<>();

    private DataType typeBefore;

    LayerFixture(LayerCase one) {
        this.one = one;
    }

    @BeforeEach
    void computeInDouble() {
        // Network constructors and DL4J's check of gradients look at the default type.
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    Layer stock() {
        return one.stock().get();
    }

    INDArray features() {
        return one.around().features().get();
    }

    INDArray labels() {
        return one.around().labels().get();
    }

    INDArray featuresMask() {
        return one.around().featuresMask().get();
    }

    INDArray labelsMask() {
        return one.around().labelsMask().get();
    }

    List<String> weights() {
        return WEIGHTS.computeIfAbsent(
                one,
                key -> LayerKinds.weights(configuration(built(stock(), new NoOp()))).stream()
                        .map(LayerWeight::name)
                        .toList());
    }

    LoraSettings updates(Initialization start, double dropout) {
        List<LoraSlot> slots = new ArrayList<>();
        for (String weight : weights()) {
            slots.add(new LoraSlot(0, weight, 2, 0.7, dropout, true, false, start, 5));
            slots.add(new LoraSlot(1, weight, 3, 0.4, 0, true, false, start, 6));
        }
        return new LoraSettings(slots, List.of(), false);
    }

    // Running wrappers answer with the configuration of the layer inside.
    Layer configuration(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getConf(position()).getLayer();
    }

    int position() {
        return one.around().below().get().size();
    }

    MultiLayerNetwork built(Layer layer, IUpdater updater) {
        return network(layer, new NeuralNetConfiguration.Builder().seed(3).updater(updater));
    }

    MultiLayerNetwork network(Layer layer, NeuralNetConfiguration.Builder builder) {
        builder.dataType(DataType.DOUBLE).weightInit(new NormalDistribution(0, 0.6));
        NeuralNetConfiguration.ListBuilder list = builder.list();
        one.around().below().get().forEach(list::layer);
        list.layer(layer);
        one.around().above().get().forEach(list::layer);
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(one.around().type()).build());
        network.init();
        return network;
    }

    /** The network with updates in the layer under test, over the values of the stock network. */
    MultiLayerNetwork adapted(MultiLayerNetwork stock, LoraSettings settings) {
        MultiLayerConfiguration conf = stock.getLayerWiseConfigurations().clone();
        NeuralNetConfiguration own = conf.getConf(position());
        own.clearVariables();
        own.setLayer(LayerKinds.adapt(own.getLayer(), settings));
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        stock.paramTable().forEach((name, value) -> network.getParam(name).assign(value));
        return network;
    }

    /** The output for the features. */
    INDArray output(MultiLayerNetwork network) {
        return network.output(features(), false, featuresMask(), labelsMask());
    }

    void fit(MultiLayerNetwork network, int steps) {
        for (int i = 0; i < steps; i++) {
            network.fit(features(), labels(), featuresMask(), labelsMask());
        }
    }

    static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    Map<String, double[]> parameters(MultiLayerNetwork network) {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.paramTable().forEach((name, array) -> values.put(name, values(array)));
        return values;
    }

    Set<String> stockNames() {
        return STOCK_NAMES.computeIfAbsent(
                one,
                key -> new LinkedHashSet<>(built(stock(), new NoOp())
                        .getLayer(position())
                        .paramTable()
                        .keySet()));
    }

    /** What the stock layer puts out over the values of this network; for a kind that cannot run, what it is meant to. */
    INDArray stockOutput(MultiLayerNetwork stock) {
        return output(one.stockRuns() ? stock : adapted(stock, LoraSettings.frozen()));
    }

    /** The gradient of every parameter that learns, of the sum of the losses of the rows. */
    Map<String, INDArray> gradients(MultiLayerNetwork network) {
        network.setInput(features());
        network.setLabels(labels());
        network.setLayerMaskArrays(featuresMask(), labelsMask());
        network.computeGradientAndScore();
        network.clearLayerMaskArrays();
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        network.gradient().gradientForVariable().forEach((name, array) -> gradients.put(name, array.dup('c')));
        return gradients;
    }

    /** Compares the gradient of a parameter with differences of the mean loss, at some values or at all. */
    void assertIsThatOfDifferences(
            MultiLayerNetwork network, String name, INDArray gradient, int mostValues, DoubleSupplier loss) {
        Differences.assertAreTheGradient(
                one + ": " + name, network.getParam(name), gradient, features().size(0), mostValues, loss);
    }

    static MultiLayerNetwork throughZip(MultiLayerNetwork network) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        return ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes.toByteArray()), true);
    }
}
