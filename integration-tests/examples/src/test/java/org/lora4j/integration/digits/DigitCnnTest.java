/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import onnx.Onnx;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DigitCnnTest {

    /** Beside the checkout, where the projects' shared files are. */
    private static final Path TUTORIAL =
            Path.of(System.getProperty("lora4j.shared"), "data/mnist-cnn/pytorch_cnn_mnist.onnx");

    /** 14 -> 12 -> 6 -> 4 -> 2: the first dense layer sees 3 channels of 2 x 2. */
    private final DigitCnn tiny = new DigitCnn(14, 3, 2, 3, 4, Activation.IDENTITY);

    @TempDir
    private Path folder;

    private static Onnx.TensorProto tensor(String name, long... shape) {
        Onnx.TensorProto.Builder tensor =
                Onnx.TensorProto.newBuilder().setName(name).setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE);
        int length = 1;
        for (long size : shape) {
            tensor.addDims(size);
            length *= (int) size;
        }
        for (int i = 0; i < length; i++) {
            tensor.addFloatData(i);
        }
        return tensor.build();
    }

    private Path file(Onnx.TensorProto... tensors) throws IOException {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder().setName("g");
        for (Onnx.TensorProto tensor : tensors) {
            graph.addInitializer(tensor);
        }
        Path file = folder.resolve("model.onnx");
        Files.write(file, Onnx.ModelProto.newBuilder().setGraph(graph).build().toByteArray());
        return file;
    }

    @Test
    void read_putsEveryTensorInItsPlace_andTurnsDenseWeights() throws IOException {
        Path file = file(
                tensor("conv1.weight", 2, 1, 3, 3),
                tensor("conv1.bias", 2),
                tensor("conv2.weight", 3, 2, 3, 3),
                tensor("conv2.bias", 3),
                tensor("fc1.weight", 4, 12),
                tensor("fc1.bias", 4),
                tensor("fc2.weight", 10, 4),
                tensor("fc2.bias", 10));

        MultiLayerNetwork network = tiny.read(file);

        assertThat(network.getLayer("conv1").getParam("W").getFloat(1, 0, 2, 1)).isEqualTo(9 + 7);
        assertThat(network.getLayer("conv2").getParam("W").getFloat(2, 1, 0, 2)).isEqualTo(36 + 9 + 2);
        assertThat(network.getLayer("fc1").getParam("W").getFloat(5, 3)).isEqualTo(36 + 5);
        assertThat(network.getLayer("fc2").getParam("W").getFloat(1, 8)).isEqualTo(32 + 1);
        assertThat(network.getLayer("fc2").getParam("b").getFloat(9)).isEqualTo(9);
    }

    @Test
    void read_ofAnotherModel_namesWhatIsMissing() throws IOException {
        Path file = file(tensor("conv1.weight", 2, 1, 3, 3));

        assertThatThrownBy(() -> tiny.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("conv2.weight")
                .hasMessageContaining("fc2.bias");
    }

    @Test
    void read_ofTheTutorialsModel_tellsUprightDigits_andFewOthers() throws IOException {
        assumeTrue(Files.exists(TUTORIAL), "no " + TUTORIAL.toAbsolutePath());
        DigitSheet some = DigitSheet.load().part(750, 800);

        MultiLayerNetwork network = DigitCnn.TUTORIAL.read(TUTORIAL);

        assertThat(network.numParams()).isEqualTo(21_840);
        assertThat(accuracy(network, some, Look.UPRIGHT)).isGreaterThan(0.97);
        assertThat(accuracy(network, some, Look.INVERTED)).isBetween(0.15, 0.45);
        assertThat(accuracy(network, some, Look.ROTATED)).isBetween(0.1, 0.3);
    }

    private static double accuracy(MultiLayerNetwork network, DigitSheet sheet, Look look) {
        DigitSet set = DigitSet.of(sheet, look);
        return set.accuracy(set.said(network));
    }

    @Test
    void continued_hasTheSameWeights_andStartsCountingAnew() {
        MultiLayerNetwork network = tiny.create(1e-3, 10, 1);
        network.setIterationCount(7);

        MultiLayerNetwork continued = tiny.continued(network, 1e-2, 5, 2);

        INDArray input = Nd4j.ones(1, 1, 14, 14);
        assertThat(continued.output(input)).isEqualTo(network.output(input));
        assertThat(continued.getIterationCount()).isZero();
    }
}
