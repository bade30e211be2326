/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.Nf4;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.StoredWeight;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class StoredProductTest {

    /** Sums of 64 products of numbers below 1 in F32. */
    private static final double ROUNDING = 1e-5;

    private static INDArray random(long seed, long rows, long columns) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) (rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-0.5, 0.5);
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    private static void assertProduct(StoredWeight w, boolean ofX, boolean ofW, double kept, long buffer) {
        long inputs = ofW ? w.columns() : w.rows();
        long outputs = ofW ? w.rows() : w.columns();
        INDArray x = ofX ? random(1, inputs, 5) : random(1, 5, inputs);
        INDArray z = random(2, 5, outputs);
        INDArray exactX = (ofX ? x.transpose() : x).castTo(DataType.DOUBLE);
        INDArray exactW = (ofW ? w.dequantized().transpose() : w.dequantized()).castTo(DataType.DOUBLE);
        INDArray expected = exactX.mmul(exactW).add(z.castTo(DataType.DOUBLE).mul(kept));

        for (Multiplier multiplier : List.of(Multiplier.nd4j(), OneDnn.orNd4j())) {
            INDArray found = z.dup('c');

            StoredProduct.multiply(multiplier, new Factor(x, ofX, false), w, ofW, found, kept, buffer);

            assertThat(found.castTo(DataType.DOUBLE).sub(expected).amaxNumber().doubleValue())
                    .as("%s, %s", w, multiplier.description())
                    .isCloseTo(0, within(ROUNDING));
        }
    }

    // Buffers for the whole weight, for 3 of its 32 rows (the last piece is shorter), and for less than one.
    @ParameterizedTest
    @CsvSource({"100000", "72", "1"})
    void multiply_withAnyBuffer_givesTheProduct(long buffer) {
        List<StoredWeight> weights = List.of(
                HalfPrecision.of(random(3, 32, 24), DataType.BFLOAT16),
                HalfPrecision.of(random(3, 32, 24), DataType.FLOAT16),
                Int8.of(random(3, 32, 24), 1),
                Int8.of(random(3, 32, 24), 0),
                Nf4.of(random(4, 32, 24), true));
        for (StoredWeight weight : weights) {
            for (int kept = 0; kept < 2; kept++) {
                assertProduct(weight, false, false, kept, buffer);
                assertProduct(weight, true, false, kept, buffer);
                assertProduct(weight, false, true, kept, buffer);
                assertProduct(weight, true, true, kept, buffer);
            }
        }
    }

    @Test
    void fuse_ofProductsWithStoredWeights_computesNoWeight() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.constant("x", random(1, 6, 16));
        SDVariable bias = graph.constant("bias", random(2, 1, 24).reshape(24));
        SDVariable first =
                x.mmul(graph.constant("one.weight", random(3, 16, 24))).add(bias);
        graph.mmul("y", first, graph.constant("two.weight", random(4, 8, 24)), false, true, false);
        SameDiff small = Quantization.nf4()
                .apply(graph, name -> name.endsWith(".weight"))
                .graph();
        INDArray expected = small.output(Map.of(), "y").get("y");

        SameDiff fused = Kernels.fuseProducts(small, new ArrayShapes(small), List.of("y"));
        SameDiff forOutputs = Kernels.fuseStoredWeights(small);

        for (SameDiff each : List.of(fused, forOutputs)) {
            assertThat(GraphOrder.ancestors(each, List.of("y"))).doesNotContain("one.weight", "two.weight");
            assertThat(FusedProductsTest.run(each, "y")
                            .sub(expected)
                            .amaxNumber()
                            .doubleValue())
                    .isLessThan(ROUNDING);
        }
        assertThat(Kernels.fuseStoredWeights(graph)).isSameAs(graph);
    }

    @Test
    void fuse_ofAStoredWeightAndAnAdapterThatIsScaledAtItsEnd_keepsTheFactor() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.constant("x", random(1, 6, 16));
        SDVariable update = x.mmul(graph.var("a", random(2, 16, 2)))
                .mmul(graph.var("b", random(3, 2, 24)))
                .mul(3);
        x.mmul(graph.constant("one.weight", random(4, 16, 24))).add("y", update);
        SameDiff small = Quantization.int8()
                .apply(graph, name -> name.endsWith(".weight"))
                .graph();

        SameDiff fused = Kernels.fuseProducts(small, new ArrayShapes(small), List.of("y"));

        assertThat(FusedProductsTest.run(fused, "y")
                        .sub(small.output(Map.of(), "y").get("y"))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(ROUNDING);
        assertThat(fused.getOps().values())
                .extracting(op -> op.getOp().opName())
                .doesNotContain("add");
    }
}
