/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Circular convolution adaptation: {@code W' = W + C / inputs}, where C is made of circulant blocks of size s: in the block of
 * output part i and input part j the value at {@code (p, q)} is {@code K[i, j, (q - p) mod s]}.
 *
 * <p><i>Shapes</i> K {@code [outputs / s, inputs / s, s]}.
 *
 * <p>K starts uniform in {@code ±sqrt(6 / (inputs + outputs))} by PEFT's default, so that a fresh adapter does change the
 * output; {@link org.lora4j.config.Initialization#KAIMING_UNIFORM}, PEFT's {@code true}, is zero.
 *
 * <p>Of several adapters in a module each adds its update; PEFT feeds what one gives to the next.
 *
 * <p><i>Source:</i> Chen et al., "Parameter-Efficient Fine-Tuning via Circular Convolution", 2024, arXiv 2407.19342, section
 * 3.3; PEFT: {@code c3a_kernel}.
 *
 * @apiNote Status: experimental
 */
public final class C3aMethod implements AdapterMethod {

    private static final String KERNEL = "c3a_kernel";

    static final MethodTraits TRAITS =
            MethodTraits.builder("C3A", "C3A").factor(KERNEL, "K").build();

    private final int block;

    /**
     * Makes the method.
     *
     * @param block size of the blocks
     */
    public C3aMethod(int block) {
        FactorShapes.requireSizes("C3A", 1, Map.of("blockSize", block));
        this.block = block;
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder().variant("block", block).build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require("C3A", shape, 1, ModuleShape.Kind.LINEAR);
        if (shape.inputs() % block != 0 || shape.outputs() % block != 0) {
            throw new IllegalArgumentException("C3A, module of shape " + shape + ": blockSize = " + block
                    + "; expected a divisor of inputs and outputs. Set blockSize, or the entry of blockSizePattern that"
                    + " matches this module.");
        }
        return Map.of(KERNEL, new long[] {shape.outputs() / block, shape.inputs() / block, block});
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(Map.of(KERNEL, new long[] {-1, -1, block}), found);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        ModuleShape module = start.shape();
        long[] shape = factors(module, 1).get(KERNEL);
        double xavier = Math.sqrt(6.0 / (module.inputs() + module.outputs()));
        INDArray kernel = switch (start.initialization()) {
            case KAIMING_UNIFORM -> Nd4j.zeros(start.dataType(), shape);
            case GAUSSIAN -> RandomStreams.normal(start.random(), 1, start.dataType(), shape);
            case FAN_IN_UNIFORM ->
                RandomStreams.uniform(start.random(), 1 / Math.sqrt(module.inputs()), start.dataType(), shape);
            default -> RandomStreams.uniform(start.random(), xavier, start.dataType(), shape);
        };
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(KERNEL, kernel);
        return factors;
    }

    /**
     * Each vector stands 2 s - 1 times in a row, and the row is cut every 2 s - 1 values: as that is -1 modulo s, what begins
     * a line moves back by one from line to line.
     */
    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        ModuleShape shape = module.shape();
        T kernel = module.scale(factors.get(KERNEL), factors.scaling() / shape.inputs());
        long rows = shape.outputs() / block;
        long columns = shape.inputs() / block;
        long times = 2L * block - 1;
        T ones = module.constant(Nd4j.ones(module.dataType(), times, 1));
        T copies = module.matrixProduct(ones, module.reshape(kernel, 1, rows * columns * block));
        T behind = module.permute(module.reshape(copies, times, rows * columns, block), 1, 0, 2);
        T lines = module.slice(module.reshape(behind, rows * columns, block, times), 2, 0, block);
        T blocks = module.permute(module.reshape(lines, rows, columns, block, block), 0, 2, 1, 3);
        return module.asWeight(module.reshape(blocks, shape.outputs(), shape.inputs()));
    }
}
