/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import java.util.stream.Stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch of matrix products of operands that are reshaped and permuted first, and whose result is permuted and reshaped
 * afterwards: attention, head by head. The matrix library takes and leaves matrices wherever they lie, so none is moved.
 *
 * <p>An op of our own, which only {@link KernelSession} can run and no copy of a graph can carry.
 */
final class ViewProduct extends OwnOp {

    /**
     * What is multiplied, and how.
     *
     * @param x view of the first operand
     * @param w view of the second operand
     * @param z what becomes of the result: first permuted, then reshaped
     * @param transposeX whether the matrices of x are transposed
     * @param transposeW whether the matrices of w are transposed
     */
    record Spec(View x, View w, View z, boolean transposeX, boolean transposeW) {}

    private final Spec spec;

    ViewProduct(SameDiff graph, Spec spec, SDVariable x, SDVariable w) {
        super(
                1,
                graph,
                Stream.of(
                                List.of(x, w),
                                spec.x().inputs(graph),
                                spec.w().inputs(graph),
                                spec.z().inputs(graph))
                        .flatMap(List::stream)
                        .toArray(SDVariable[]::new));
        this.spec = spec;
    }

    @Override
    public String opName() {
        return "lora4j_view_product";
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        long[] shape = spec.z().permuted(productShape(in));
        if (spec.z().isReshaped()) {
            long length = 1;
            for (long size : shape) {
                length *= size;
            }
            shape = spec.z().shapeOf(length, sizesOfZ(in));
        }
        return List.of(shape);
    }

    private long[] productShape(List<INDArray> in) {
        INDArray x = x(in);
        INDArray w = w(in);
        int rank = x.rank();
        long[] shape = x.shape().clone();
        shape[rank - 2] = x.size(spec.transposeX() ? rank - 1 : rank - 2);
        shape[rank - 1] = w.size(spec.transposeW() ? rank - 2 : rank - 1);
        return shape;
    }

    private INDArray x(List<INDArray> in) {
        return spec.x().of(in.get(0), sizes(in, spec.x(), 2));
    }

    private INDArray w(List<INDArray> in) {
        return spec.w().of(in.get(1), sizes(in, spec.w(), 2 + count(spec.x())));
    }

    private INDArray sizesOfZ(List<INDArray> in) {
        return sizes(in, spec.z(), 2 + count(spec.x()) + count(spec.w()));
    }

    private static INDArray sizes(List<INDArray> in, View view, int at) {
        return count(view) == 0 ? null : in.get(at);
    }

    private static int count(View view) {
        return view.shapeVariable() == null ? 0 : 1;
    }

    @Override
    long multiplications(List<long[]> in, List<long[]> out) {
        return Multiplications.product(in.get(0), in.get(1), out.get(0));
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernel.of((in, out) -> run(in, out.get(0), multiplier));
    }

    private void run(List<INDArray> in, INDArray out, Multiplier multiplier) {
        INDArray z = out;
        if (spec.z().isReshaped()) {
            z = z.reshape('c', spec.z().permuted(productShape(in)));
        }
        if (spec.z().isPermuted()) {
            z = z.permute(spec.z().inverseOrder());
        }
        multiplier.multiply(
                new Factor(x(in), spec.transposeX(), false), new Factor(w(in), spec.transposeW(), false), z, 0);
    }
}
