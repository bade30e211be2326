/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.CachedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * What an epoch of networks of Deeplearning4j costs with and without the cache of the frozen prefix, the first epochs apart.
 */
final class NetworkPrefixes implements AutoCloseable {

    private static final int BATCHES = 4;
    private static final int ROWS = 32;
    private static final int CLASSES = 10;
    private static final int TURNS = 8;
    /** The cache is filled in the first epoch and looked at once in the second; the others are for the compiler. */
    private static final int WARM_UP = 20;

    private static final int RANK = 8;
    private static final long SEED = 7;
    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 28);

    static final String TABLE = String.format(Locale.ROOT, "Deeplearning4j, epochs of %d batches of %d", BATCHES, ROWS);

    /** A network with adapters on one layer. */
    private record Case(String key, String label, MultiLayerNetwork base, String target, long[] input, double least) {}

    /** A network that takes turns. */
    private record Run(String key, String label, MultiLayerNetwork network, List<DataSet> batches) {

        void epoch() {
            network.fit(new ExistingDataSetIterator(batches));
        }
    }

    private final List<Case> cases = List.of(
            new Case("mlp", "MLP 784-2048-2048-2048-10, last hidden layer", mlp(), "fc3", new long[] {784}, 1.8),
            new Case("mlpHead", "MLP 784-2048-2048-2048-10, head alone", mlp(), "head", new long[] {784}, 8),
            new Case("cnn", "three convolutions, dense layer above", cnn(), "fc", new long[] {3, 32, 32}, 8));

    private final List<Run> runs = new ArrayList<>();
    private final List<CachedNetwork<MultiLayerNetwork>> open = new ArrayList<>();
    private final Measurements measured = new Measurements();

    NetworkPrefixes() {
        for (Case of : cases) {
            List<DataSet> data = data(of.input());
            LoraConfig config =
                    LoraConfig.builder().rank(RANK).targetModules(of.target()).build();
            runs.add(new Run(
                    of.key(),
                    of.label(),
                    Lora.inject(of.base(), config, SEED, MemoryMode.LOW_MEMORY).network(),
                    data));
            CachedNetwork<MultiLayerNetwork> cached =
                    Lora.inject(of.base(), config, SEED, MemoryMode.LOW_MEMORY).cacheFrozenPrefix(CACHE);
            open.add(cached);
            runs.add(new Run(of.key() + "Cached", of.label() + ", with cache", cached.network(), data));
        }
        for (int i = 0; i < WARM_UP; i++) {
            runs.forEach(Run::epoch);
        }
    }

    private static NeuralNetConfiguration.Builder conf() {
        return new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .dataType(DataType.FLOAT)
                .updater(new Adam(1e-4))
                .activation(Activation.RELU);
    }

    private static DenseLayer dense(String name, int size) {
        return new DenseLayer.Builder().name(name).nOut(size).build();
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static ConvolutionLayer convolution(String name, int channels) {
        return new ConvolutionLayer.Builder(3, 3)
                .name(name)
                .nOut(channels)
                .padding(1, 1)
                .build();
    }

    private static SubsamplingLayer pooling() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    private static MultiLayerNetwork mlp() {
        return network(InputType.feedForward(784), dense("fc1", 2048), dense("fc2", 2048), dense("fc3", 2048), head());
    }

    private static MultiLayerNetwork cnn() {
        return network(
                InputType.convolutional(32, 32, 3),
                convolution("conv1", 16),
                pooling(),
                convolution("conv2", 32),
                pooling(),
                convolution("conv3", 64),
                pooling(),
                dense("fc", 128),
                head());
    }

    private static MultiLayerNetwork network(InputType type, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = conf().list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(type).build());
        network.init();
        return network;
    }

    private static List<DataSet> data(long[] input) {
        long[] shape =
                LongStream.concat(LongStream.of(ROWS), LongStream.of(input)).toArray();
        INDArray labels = Nd4j.zeros(DataType.FLOAT, ROWS, CLASSES);
        for (int row = 0; row < ROWS; row++) {
            labels.putScalar(row, row % CLASSES, 1);
        }
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(new DataSet(
                    RandomStreams.normal(RandomStreams.of(SEED, "batch" + i), 1, DataType.FLOAT, shape), labels));
        }
        return batches;
    }

    /** Every network takes its turns. */
    void round() {
        for (Run run : runs) {
            List<Turn> turns = new ArrayList<>();
            for (int i = 0; i < TURNS; i++) {
                turns.add(Turn.of(run::epoch));
            }
            measured.add(run.key(), run.label(), turns);
        }
    }

    Measurements measured() {
        return measured;
    }

    List<Promise> promises(TimedBy clock) {
        return cases.stream()
                .map(of -> new Promise(
                        "Deeplearning4j, " + of.label() + ": epoch without cache / with",
                        OptionalDouble.of(measured.ratio(of.key(), of.key() + "Cached", clock)),
                        Promise.Side.AT_LEAST,
                        of.least(),
                        ""))
                .toList();
    }

    @Override
    public void close() {
        open.forEach(CachedNetwork::close);
    }
}
