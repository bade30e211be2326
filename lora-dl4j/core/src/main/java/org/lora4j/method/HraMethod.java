/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * HRA: the input is reflected at r hyperplanes, {@code W' = W H1 ... Hr} with {@code H = I - 2 v v^T} and v the columns of U, each
 * of length 1. With {@code applyGs} these are made orthogonal first (Gram and Schmidt).
 *
 * <p>The product of the reflections is {@code I - V T V^T} with an upper triangular T whose inverse is the upper triangle of {@code
 * V^T V} with 1/2 on its diagonal (the compact WY form), so that a step costs thin products alone. Orthogonal columns reflect at
 * the space that they span: {@code T = 2 (V^T V)^-1}.
 *
 * <p><i>Shape</i> of U: {@code [inputs * window, rank]}. Columns start in equal pairs, which undo each other; where the rank is odd
 * or columns are made orthogonal that cannot be, and the start is random, as in PEFT: such an adapter changes the output at once.
 *
 * <p><i>Source:</i> Yuan et al., "Bridging The Gap between Low-rank and Orthogonal Adaptation via Householder Reflection
 * Adaptation", 2024, arXiv 2405.17484, section 3; the form of the product: Joffrain et al., "Accumulating Householder
 * transformations, revisited", 2006.
 *
 * @apiNote Status: experimental
 */
public final class HraMethod implements ReplacingMethod {

    private static final String U = "hra_u";

    static final MethodTraits TRAITS = MethodTraits.builder("HRA", "HRA")
            .multiplies(true)
            .order(Order.FIRST_FIRST)
            .factor(U, "U")
            .build();

    private final boolean orthogonal;
    private final boolean window;

    /**
     * Makes the method.
     *
     * @param orthogonal whether columns are made orthogonal
     */
    public HraMethod(boolean orthogonal) {
        this(orthogonal, false);
    }

    private HraMethod(boolean orthogonal, boolean window) {
        this.orthogonal = orthogonal;
        this.window = window;
    }

    static HraMethod saved(MethodOptions options) {
        return new HraMethod(options.flag("orthogonal"), options.flag("window"));
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("orthogonal", orthogonal)
                .variant("window", window)
                .place(window ? Place.WEIGHT : Place.INPUT)
                .build();
    }

    @Override
    public AdapterMethod of(ModuleShape shape) {
        return new HraMethod(orthogonal, shape.fanIn() > shape.inputs());
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        boolean convolution =
                shape.kind() == ModuleShape.Kind.CONVOLUTION && shape.kernel().size() == 2 && !shape.isGrouped();
        if (shape.kind() != ModuleShape.Kind.LINEAR && !convolution) {
            throw new IllegalArgumentException("HRA, module of shape " + shape
                    + ": inputs of this kind are not reflected; expected a linear module, or a convolution over two axes of"
                    + " one group. Exclude the module.");
        }
        if (rank < 1) {
            throw new IllegalArgumentException(
                    "HRA, module of shape " + shape + ": rank = " + rank + "; expected 1 or more. Set rank.");
        }
        return Map.of(U, new long[] {shape.fanIn(), rank});
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] u = found.get(U);
        List<String> problems = new ArrayList<>();
        if (found.size() != 1 || u == null || u.length != 2 || u[1] != rank) {
            problems.add("found " + FactorShapes.text(found) + ", expected " + U + " [inputs, " + rank + "]");
        }
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        long[] shape = factors(start.shape(), start.rank()).get(U);
        boolean pairs = start.initialization() != Initialization.RANDOM && !orthogonal && shape[1] % 2 == 0;
        long columns = pairs ? shape[1] / 2 : shape[1];
        double bound = 1 / Math.sqrt(columns);
        INDArray drawn = RandomStreams.uniform(start.random(), bound, start.dataType(), shape[0], columns);
        return Map.of(U, pairs ? Nd4j.stack(2, drawn, drawn).reshape('c', shape).dup('c') : drawn);
    }

    @Override
    public <T> T input(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        return module.fromInputRows(reflected(module, factors, module.inputRows(x), true), x);
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        return module.asWeight(reflected(module, factors, module.asRows(w), false));
    }

    /** The rows times H1 ... Hr, or times Hr ... H1. */
    private <T> T reflected(WeightAlgebra<T> module, Factors<T> factors, T rows, boolean lastFirst) {
        T u = factors.get(U);
        long rank = module.size(u, 1);
        T v = module.divide(u, module.squareRoot(module.sum(module.multiply(u, u), 0)));
        T across = module.permute(v, 1, 0);
        T products = module.matrixProduct(across, v);
        T t = orthogonal ? module.scale(module.inverse(products), 2) : module.inverse(upper(module, products, rank));
        T thin = module.matrixProduct(module.matrixProduct(rows, v), lastFirst ? module.permute(t, 1, 0) : t);
        return module.subtract(rows, module.matrixProduct(thin, across));
    }

    private static <T> T upper(WeightAlgebra<T> module, T products, long rank) {
        INDArray above = Nd4j.zeros(module.dataType(), rank, rank);
        for (long row = 0; row < rank; row++) {
            for (long column = row + 1; column < rank; column++) {
                above.putScalar(row, column, 1);
            }
        }
        INDArray half = Nd4j.eye(rank).castTo(module.dataType()).muli(0.5);
        return module.add(module.multiply(products, module.constant(above)), module.constant(half));
    }
}
