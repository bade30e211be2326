/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.export.ExportReport;
import org.lora4j.export.OnnxExport;
import org.lora4j.pretrained.OnnxInitializers;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The CNN of Tribuo's tutorial: Conv and Gemm, nodes without names. */
class OnnxCnnTest {

    private static final Path BASE =
            Path.of(System.getProperty("lora4j.shared"), "data/mnist-cnn/pytorch_cnn_mnist.onnx");

    private static final float TOLERANCE = 1e-5f;

    @TempDir
    private Path folder;

    @Test
    void convolutionsAndDenseLayers_giveWhatWeightsByHandGive() throws IOException, OrtException {
        assumeTrue(Files.exists(BASE), "skipped: no " + BASE);
        Map<String, INDArray> weights = OnnxInitializers.read(BASE)
                .require(Map.of(
                        "conv1.weight", new long[] {10, 1, 5, 5},
                        "conv2.weight", new long[] {20, 10, 5, 5},
                        "fc1.weight", new long[] {50, 320},
                        "fc2.weight", new long[] {10, 50}));
        Adapter adapter = adapter(weights);
        Path target = folder.resolve("tuned");

        ExportReport report = OnnxExport.of(BASE).adapter(adapter).write(target);

        assertThat(report.changed()).containsExactlyInAnyOrderElementsOf(weights.keySet());
        Map<String, INDArray> written =
                OnnxInitializers.read(target.resolve(OnnxExport.MODEL)).require(shapes(weights));
        weights.forEach((name, before) -> {
            Map<String, INDArray> factors =
                    adapter.modules().get(name.substring(0, name.length() - ".weight".length()));
            INDArray a = factors.get("lora_A.weight").reshape(2, -1);
            INDArray b = factors.get("lora_B.weight").reshape(-1, 2);
            INDArray expected = before.add(b.mmul(a).reshape(before.shape()));
            assertThat(Transforms.abs(expected.sub(written.get(name)))
                            .maxNumber()
                            .doubleValue())
                    .as(name)
                    .isLessThan(1e-6);
        });
        float[] image = new float[28 * 28];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < image.length; i++) {
            image[i] = (float) random.nextDouble();
        }
        assertThat(run(target.resolve(OnnxExport.MODEL), image))
                .containsExactly(byHand(written, OnnxInitializers.read(BASE), image), within(TOLERANCE));
    }

    private static Map<String, long[]> shapes(Map<String, INDArray> weights) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        weights.forEach((name, weight) -> shapes.put(name, weight.shape()));
        return shapes;
    }

    private static Adapter adapter(Map<String, INDArray> weights) {
        SplittableRandom random = new SplittableRandom(3);
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        weights.forEach((name, weight) -> {
            long[] a = weight.shape().clone();
            a[0] = 2;
            long[] b = new long[weight.rank()];
            Arrays.fill(b, 1);
            b[0] = weight.size(0);
            b[1] = 2;
            modules.put(
                    name.substring(0, name.length() - ".weight".length()),
                    Map.of("lora_A.weight", numbers(random, a), "lora_B.weight", numbers(random, b)));
        });
        return Adapter.of(
                LoraConfig.builder()
                        .rank(2)
                        .alpha(2)
                        .targetModules(ModuleSelector.suffixes("conv1", "conv2", "fc1", "fc2"))
                        .build(),
                modules,
                Map.of());
    }

    private static INDArray numbers(SplittableRandom random, long... shape) {
        INDArray array = Nd4j.create(shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, 0.2 * (random.nextDouble() - 0.5));
        }
        return array;
    }

    private static float[] run(Path model, float[] image) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(model.toString());
                OnnxTensor input =
                        OnnxTensor.createTensor(environment, FloatBuffer.wrap(image), new long[] {1, 1, 28, 28});
                OrtSession.Result result = session.run(Map.of("input_image", input))) {
            return ((OnnxTensor) result.get(0)).getFloatBuffer().array();
        }
    }

    private static float[] byHand(Map<String, INDArray> weights, OnnxInitializers base, float[] image)
            throws IOException {
        Map<String, INDArray> biases = base.require(Map.of(
                "conv1.bias", new long[] {10},
                "conv2.bias", new long[] {20},
                "fc1.bias", new long[] {50},
                "fc2.bias", new long[] {10}));
        double[][][] x = {square(image)};
        for (String layer : List.of("conv1", "conv2")) {
            x = pooled(convolved(x, weights.get(layer + ".weight"), biases.get(layer + ".bias")));
        }
        int side = x[0].length;
        double[] flat = new double[x.length * side * side];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = x[i / (side * side)][i / side % side][i % side];
        }
        for (String layer : List.of("fc1", "fc2")) {
            flat = dense(flat, weights.get(layer + ".weight"), biases.get(layer + ".bias"));
        }
        double sum = Arrays.stream(flat).map(Math::exp).sum();
        float[] result = new float[flat.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) (flat[i] - Math.log(sum));
        }
        return result;
    }

    private static double[][] square(float[] image) {
        double[][] rows = new double[28][28];
        for (int i = 0; i < image.length; i++) {
            rows[i / 28][i % 28] = image[i];
        }
        return rows;
    }

    private static double[][][] convolved(double[][][] x, INDArray weight, INDArray bias) {
        int side = x[0].length - 4;
        double[][][] y = new double[(int) weight.size(0)][side][side];
        for (int out = 0; out < y.length; out++) {
            for (int row = 0; row < side; row++) {
                for (int column = 0; column < side; column++) {
                    double sum = bias.getDouble(out);
                    for (int in = 0; in < x.length; in++) {
                        for (int k = 0; k < 25; k++) {
                            sum += weight.getDouble(out, in, k / 5, k % 5) * x[in][row + k / 5][column + k % 5];
                        }
                    }
                    y[out][row][column] = sum;
                }
            }
        }
        return y;
    }

    /** The maximum of 2 x 2, rectified. */
    private static double[][][] pooled(double[][][] x) {
        int side = x[0].length / 2;
        double[][][] y = new double[x.length][side][side];
        for (int channel = 0; channel < y.length; channel++) {
            for (int row = 0; row < 2 * side; row++) {
                for (int column = 0; column < 2 * side; column++) {
                    y[channel][row / 2][column / 2] =
                            Math.max(y[channel][row / 2][column / 2], x[channel][row][column]);
                }
            }
        }
        return y;
    }

    private static double[] dense(double[] x, INDArray weight, INDArray bias) {
        double[] y = new double[(int) weight.size(0)];
        for (int out = 0; out < y.length; out++) {
            double sum = bias.getDouble(out);
            for (int in = 0; in < x.length; in++) {
                sum += weight.getDouble(out, in) * x[in];
            }
            y[out] = Math.max(0, sum);
        }
        return y;
    }
}
