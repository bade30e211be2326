/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Images so large that their patches are made in several pieces, the last one smaller than the others. */
class PatchesTest {

    private static final long[] IMAGE = {7, 8, 20, 20};
    private static final int[] KERNEL = {5, 5};

    private static INDArray random(long... shape) {
        return RandomStreams.normal(RandomStreams.of(4, "x"), 1, DataType.FLOAT, shape);
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    /** As the stock layer makes them. */
    private static INDArray stockRows(Patches2D patches, INDArray image) {
        long[] size = image.shape();
        int[] out = patches.out();
        INDArray rows =
                Nd4j.create(DataType.FLOAT, new long[] {size[0], out[0], out[1], size[1], KERNEL[0], KERNEL[1]}, 'c');
        Convolution.im2col(
                image,
                KERNEL[0],
                KERNEL[1],
                patches.stride()[0],
                patches.stride()[1],
                patches.padding()[0],
                patches.padding()[1],
                patches.dilation()[0],
                patches.dilation()[1],
                patches.same(),
                rows.permute(0, 3, 4, 5, 1, 2));
        return rows;
    }

    private static Patches2D patches(ConvolutionLayer layer, INDArray image) {
        return Patches2D.of(layer, layer.getConvolutionMode(), image);
    }

    static Stream<ConvolutionLayer> geometries() {
        return Stream.of(
                new ConvolutionLayer.Builder(KERNEL)
                        .convolutionMode(ConvolutionMode.Same)
                        .build(),
                new ConvolutionLayer.Builder(KERNEL).padding(1, 2).build(),
                new ConvolutionLayer.Builder(KERNEL)
                        .stride(1, 2)
                        .dilation(2, 1)
                        .padding(2, 0)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void rows_inPieces_areThoseOfTheStockLayer(ConvolutionLayer layer) {
        INDArray image = random(IMAGE);
        Patches2D patches = patches(layer, image);

        assertThat(values(patches.rows(image))).isEqualTo(values(stockRows(patches, image)));
    }

    @Test
    void rows_ofAnImageInTheOrderOfStockActivations_areThoseOfTheStockLayer() {
        INDArray image = random(IMAGE[1], IMAGE[0], IMAGE[2], IMAGE[3]).permute(1, 0, 2, 3);
        Patches2D patches = patches(geometries().findFirst().orElseThrow(), image);

        assertThat(values(patches.rows(image))).isEqualTo(values(stockRows(patches, image)));
    }

    @Test
    void rows_ofVolumesInPieces_areThoseOfEachVolume() {
        Convolution3D layer = new Convolution3D.Builder(3, 3, 3)
                .convolutionMode(ConvolutionMode.Same)
                .build();
        INDArray volumes = random(6, 8, 6, 20, 20);

        INDArray rows = Patches3D.of(layer, ConvolutionMode.Same, volumes).rows(volumes);

        long each = rows.size(0) / 6;
        for (int i = 0; i < 6; i++) {
            INDArray one = volumes.get(NDArrayIndex.interval(i, i + 1)).dup('c').reshape('c', 1, 8, 6, 20, 20);
            INDArray expected = Patches3D.of(layer, ConvolutionMode.Same, one).rows(one);
            INDArray found = rows.get(NDArrayIndex.interval(i * each, (i + 1) * each), NDArrayIndex.all());
            assertThat(values(found)).isEqualTo(values(expected));
        }
    }

    /** The layer computes the product itself, in the memory order of the stock one: rounding tells. */
    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void output_whileBIsZero_equalsStockInEveryValueInFloat(CNN2DFormat format) {
        boolean last = format == CNN2DFormat.NHWC;
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .list(
                        new ConvolutionLayer.Builder(KERNEL)
                                .name("conv")
                                .nOut(24)
                                .activation(Activation.TANH)
                                .dataFormat(format)
                                .build(),
                        new OutputLayer.Builder()
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build())
                .setInputType(InputType.convolutional(20, 20, 8, format))
                .build());
        base.init();
        LoraConfig config = LoraConfig.builder().rank(4).targetModules("conv").build();
        INDArray image = last ? random(7, 20, 20, 8) : random(IMAGE);

        INDArray adapted = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5)
                .network()
                .feedForward(image)
                .get(1);

        assertThat(values(adapted)).isEqualTo(values(base.feedForward(image).get(1)));
    }
}
