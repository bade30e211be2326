/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters with factors for the pooler of a ViT, of Python's {@code ViTModel}. */
class ImagePoolerTest {

    private static final Path MODEL = ImageGoldenTest.MODELS.resolve("vit-embed");
    private static final String POOLER = "pooler.dense";
    private static final int RANK = 2;
    private static final double SCALE = 1.5;

    /** Sums of a few dozen terms in FLOAT, in another order. */
    private static final double NEAR = 1e-5;

    private static ImageWeights weights() throws IOException {
        return ImageWeights.read(MODEL, ImageConfig.read(MODEL.resolve(ImageConfig.FILE)));
    }

    private static INDArray numbers(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble() - 0.5);
        }
        return array;
    }

    private static Adapter adapter(int width) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(SCALE * RANK)
                .targetModules(POOLER)
                .build();
        return Adapter.of(
                config,
                Map.of(
                        POOLER,
                        Map.of("lora_A.weight", numbers(1, RANK, width), "lora_B.weight", numbers(2, width, RANK))),
                Map.of());
    }

    @Test
    void adapterOfThePooler_isComputed_andAllLinearTakesIt_asPeftDoes() throws IOException {
        ImageWeights weights = weights();
        int size = weights.config().imageHeight();
        AdaptedSameDiff model = AdaptedSameDiff.of(ImageGraph.encoder(weights, size, size));
        int width = weights.config().hidden();
        Map<String, INDArray> images =
                Map.of(ImageGraph.PIXELS, numbers(5, 2, weights.config().channels(), size, size));
        double[][] first =
                model.output(images, ImageGraph.POOLED).get(ImageGraph.POOLED).toDoubleMatrix();

        model.addAdapter("default", adapter(width));
        model.activate("default");

        double[][] a = numbers(1, RANK, width).toDoubleMatrix();
        double[][] b = numbers(2, width, RANK).toDoubleMatrix();
        double[][] w = model.base().getVariable(POOLER + ".weight").getArr().toDoubleMatrix();
        INDArray bias = model.base().getVariable(POOLER + ".bias").getArr();
        double[][] found = model.output(images, ImageGraph.POOLER_OUTPUT)
                .get(ImageGraph.POOLER_OUTPUT)
                .toDoubleMatrix();
        for (int row = 0; row < 2; row++) {
            for (int out = 0; out < width; out++) {
                double sum = bias.getDouble(out);
                for (int in = 0; in < width; in++) {
                    double update = 0;
                    for (int k = 0; k < RANK; k++) {
                        update += b[out][k] * a[k][in];
                    }
                    sum += (w[in][out] + SCALE * update) * first[row][in];
                }
                assertThat(found[row][out]).isCloseTo(Math.tanh(sum), within(NEAR));
            }
        }
        model.addAdapter(
                "all",
                LoraConfig.builder().targetModules(ModuleSelector.allLinear()).build(),
                1);
        assertThat(model.adapter("all").modules()).containsKey(POOLER);
    }

    @Test
    void adapterOfThePooler_loadsWhereAHeadReadsTheFirstToken() throws IOException {
        ImageWeights weights = weights();
        int size = weights.config().imageHeight();
        SameDiff graph = ImageGraph.forHead(weights, size, size, ImageFamily.HeadInput.FIRST);
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);

        model.addAdapter("default", adapter(weights.config().hidden()));
        model.addAdapter("dense", LoraConfig.builder().targetModules("dense").build(), 1);

        assertThat(List.copyOf(model.adapter("default").modules().keySet())).containsExactly(POOLER);
        assertThat(model.adapter("dense").modules()).doesNotContainKey(POOLER);
    }
}
