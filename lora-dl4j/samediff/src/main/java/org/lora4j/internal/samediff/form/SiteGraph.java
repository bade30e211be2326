/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleAlgebra;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterAdd;
import org.nd4j.linalg.api.ops.impl.shape.Permute;
import org.nd4j.linalg.api.ops.impl.transforms.custom.MatrixInverse;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One use of a module in the graph being built: the arithmetic of methods on its variables, in every form of every kind of
 * module.
 *
 * @apiNote Status: internal
 */
public final class SiteGraph implements ModuleAlgebra<SDVariable> {

    private final OpContext context;
    private final Site site;
    private final List<SDVariable> inputs;
    private final SDVariable base;

    /**
     * Creates the view.
     *
     * @param inputs the inputs of the op, with replaced weights in place
     * @param base the output of the op before adapters, or null if adapters are added to the weight
     */
    public SiteGraph(OpContext context, Site site, List<SDVariable> inputs, SDVariable base) {
        this.context = context;
        this.site = site;
        this.inputs = List.copyOf(inputs);
        this.base = base;
    }

    /** The graph being built, for ops of one's own. */
    public SameDiff graph() {
        return context.graph();
    }

    @Override
    public ModuleShape shape() {
        return site.shape();
    }

    @Override
    public SDVariable input() {
        return inputs.get(site.dataInput());
    }

    @Override
    public SDVariable weight() {
        return inputs.get(site.weightInput());
    }

    /**
     * The bias that is part of {@link #base}.
     *
     * @return the bias, or null if the op adds none
     */
    public SDVariable bias() {
        for (int i = 0; i < inputs.size(); i++) {
            if (i != site.dataInput()
                    && i != site.weightInput()
                    && inputs.get(i).name().equals(site.bias())) {
                return inputs.get(i);
            }
        }
        return null;
    }

    /**
     * The output of the base module, before anything that follows within the op.
     *
     * @return the output, or null if adapters are added to the weight
     */
    public SDVariable base() {
        return base;
    }

    @Override
    public SDVariable withoutBias() {
        return withoutBias(base);
    }

    @Override
    public SDVariable applied(SDVariable x) {
        return applied(x, weight());
    }

    /**
     * Applies a module with another weight to another activation, without its bias.
     *
     * @param x an activation of the shape of {@link #input}
     * @param weight a weight as {@link #weight} has it
     */
    public SDVariable applied(SDVariable x, SDVariable weight) {
        List<SDVariable> replaced = new ArrayList<>(inputs);
        replaced.set(site.dataInput(), x);
        replaced.set(site.weightInput(), weight);
        return withoutBias(site.form().base(context, replaced));
    }

    private SDVariable withoutBias(SDVariable output) {
        return bias() == null ? output : output.sub(alongOutputs(bias()));
    }

    @Override
    public SDVariable held(SDVariable value) {
        return new StopGradient(graph(), value).outputVariable();
    }

    @Override
    public SDVariable narrow(SDVariable x, SDVariable a) {
        return site.form().narrow(context, site, x, a);
    }

    @Override
    public SDVariable widen(SDVariable thin, SDVariable b) {
        return site.form().widen(context, site, thin, b, base);
    }

    @Override
    public SDVariable update(SDVariable a, SDVariable b) {
        if (shape().kind() == ModuleShape.Kind.EXPERTS) {
            return stacked(a, b);
        }
        SameDiff graph = graph();
        return switch (site.factorLayout()) {
            case TRANSPOSED -> inputFirst() ? graph.mmul(a, b) : graph.mmul(b, a, true, true, false);
            case SAME -> shaped(inputFirst() ? graph.mmul(a, b, true, true, false) : graph.mmul(b, a));
            case WINDOW_FIRST -> {
                long rank = b.getArr().size(-2);
                SDVariable rows = graph.mmul(graph.reshape(a, -1, rank), graph.reshape(b, rank, shape().outputs()));
                yield shaped(rows);
            }
            case HEADS ->
                throw new IllegalStateException("module with weight " + MessageText.name(site.weight())
                        + ": factors cannot lie in heads; expected another layout." + " Correct the form "
                        + MessageText.name(site.form().name()) + ".");
        };
    }

    // A has expert after expert along its rows, in the columns of B the experts alternate.
    private SDVariable stacked(SDVariable a, SDVariable b) {
        SameDiff graph = graph();
        long rank = b.getArr().size(1) / shape().parts();
        SDVariable down = graph.reshape(a, shape().parts(), rank, shape().inputs());
        SDVariable up = graph.permute(graph.reshape(b, shape().outputs(), rank, shape().parts()), 2, 0, 1);
        SDVariable products = graph.mmul(up, down);
        return site.weightLayout() == Layout.TRANSPOSED ? graph.permute(products, 0, 2, 1) : products;
    }

    // [in, out] and not [out, in]; PEFT's tables are the former, its linear weights the latter.
    private boolean inputFirst() {
        return site.weightLayout() != Layout.HEADS && site.weightLayout().outputAxis(shape()) == 1;
    }

    private SDVariable shaped(SDVariable matrix) {
        return site.weightLayout() == Layout.HEADS || site.weightLayout() == Layout.WINDOW_FIRST
                ? graph().reshape(matrix, weight().getArr().shape())
                : matrix;
    }

    @Override
    public SDVariable lengthPerOutput(SDVariable weight) {
        SDVariable matrix = switch (site.weightLayout()) {
            case SAME, TRANSPOSED -> weight;
            case HEADS -> graph().reshape(weight, shape().outputs(), -1);
            case WINDOW_FIRST -> graph().reshape(weight, -1, shape().outputs());
        };
        boolean last = site.weightLayout() == Layout.WINDOW_FIRST || inputFirst();
        return graph().norm2(matrix, last ? 0 : 1);
    }

    @Override
    public SDVariable alongOutputs(SDVariable perOutput) {
        return site.form().alongOutputs(context, site, perOutput);
    }

    @Override
    public SDVariable alongWeight(SDVariable perOutput) {
        if (site.weightLayout() == Layout.HEADS) {
            long[] heads = weight().getArr().shape();
            return graph().reshape(perOutput, heads[0], heads[1], 1);
        }
        boolean last = site.weightLayout() == Layout.WINDOW_FIRST || inputFirst();
        return last ? perOutput : graph().reshape(perOutput, -1, 1);
    }

    @Override
    public SDVariable alongWeightInputs(SDVariable perInput) {
        boolean inputsLast =
                site.weightLayout() == Layout.HEADS || (site.weightLayout() != Layout.WINDOW_FIRST && !inputFirst());
        return inputsLast ? perInput : graph().reshape(perInput, shape().inputs(), 1);
    }

    @Override
    public SDVariable alongInputs(SDVariable perInput) {
        return site.form().alongInputs(context, site, perInput);
    }

    @Override
    public SDVariable inputRows(SDVariable x) {
        return site.form().inputRows(context, site, x);
    }

    @Override
    public SDVariable fromInputRows(SDVariable rows, SDVariable x) {
        return site.form().fromInputRows(context, site, rows, x);
    }

    @Override
    public SDVariable patchRows(SDVariable x) {
        return site.form() instanceof ConvolutionForm form
                ? form.patchRows(context, site, x)
                : ModuleAlgebra.super.patchRows(x);
    }

    @Override
    public SDVariable fromPatchRows(SDVariable rows, SDVariable x) {
        return site.form() instanceof ConvolutionForm form
                ? form.fromPatchRows(context, site, rows, x)
                : ModuleAlgebra.super.fromPatchRows(rows, x);
    }

    @Override
    public SDVariable outputRows(SDVariable y) {
        return site.form().outputRows(context, site, y);
    }

    @Override
    public SDVariable fromOutputRows(SDVariable rows, SDVariable y) {
        return site.form().fromOutputRows(context, site, rows, y);
    }

    @Override
    public SDVariable atMost(SDVariable a, double limit) {
        return held(graph().math().min(a, constant(Nd4j.scalar(a.dataType(), limit))));
    }

    @Override
    public SDVariable asWeight(SDVariable rows) {
        ModuleShape module = shape();
        SDVariable peft = module.kind() == ModuleShape.Kind.CONVOLUTION ? graph().reshape(rows, module.weight()) : rows;
        return switch (site.weightLayout()) {
            case SAME, TRANSPOSED -> inputFirst() ? graph().permute(peft, 1, 0) : peft;
            case HEADS -> graph().reshape(peft, weight().getArr().shape());
            case WINDOW_FIRST ->
                graph().permute(peft, Layout.windowFirst(module.kernel().size()));
        };
    }

    @Override
    public SDVariable thin(SDVariable peft) {
        return switch (site.factorLayout()) {
            case TRANSPOSED -> graph().permute(peft, 1, 0);
            case WINDOW_FIRST ->
                graph().permute(peft, Layout.windowFirst(shape().kernel().size()));
            case SAME, HEADS -> peft;
        };
    }

    @Override
    public SDVariable add(SDVariable a, SDVariable b) {
        return a.add(b);
    }

    @Override
    public SDVariable subtract(SDVariable a, SDVariable b) {
        return a.sub(b);
    }

    @Override
    public SDVariable multiply(SDVariable a, SDVariable b) {
        return a.mul(b);
    }

    @Override
    public SDVariable divide(SDVariable a, SDVariable b) {
        return a.div(b);
    }

    @Override
    public SDVariable plus(SDVariable a, double number) {
        return a.add(number);
    }

    @Override
    public SDVariable scale(SDVariable a, double factor) {
        return factor == 1 ? a : a.mul(factor);
    }

    // A matrix that was only transposed is multiplied as it was, which moves nothing.
    @Override
    public SDVariable matrixProduct(SDVariable a, SDVariable b) {
        SDVariable ofA = transposed(a);
        SDVariable ofB = transposed(b);
        return graph().mmul(ofA == null ? a : ofA, ofB == null ? b : ofB, ofA != null, ofB != null, false);
    }

    private SDVariable transposed(SDVariable matrix) {
        String producer = GraphOrder.producer(graph(), matrix.name());
        SameDiffOp op = producer == null ? null : graph().getOps().get(producer);
        return op != null && op.getOp() instanceof Permute permute && Arrays.equals(permute.iArgs(), new long[] {1, 0})
                ? graph().getVariable(GraphOrder.inputs(op).get(0))
                : null;
    }

    @Override
    public long size(SDVariable factor, int axis) {
        return factor.getArr().size(axis);
    }

    @Override
    public SDVariable reshape(SDVariable a, long... shape) {
        return graph().reshape(a, shape);
    }

    @Override
    public SDVariable permute(SDVariable a, int... axes) {
        return graph().permute(a, axes);
    }

    @Override
    public SDVariable oneForZero(SDVariable a) {
        return a.add(a.eq(0).castTo(a.dataType()));
    }

    @Override
    public SDVariable asRows(SDVariable weight) {
        ModuleShape module = shape();
        return switch (site.weightLayout()) {
            case SAME, TRANSPOSED, HEADS ->
                inputFirst() ? graph().permute(weight, 1, 0) : graph().reshape(weight, module.outputs(), -1);
            case WINDOW_FIRST -> {
                int axes = module.kernel().size();
                int[] back = IntStream.concat(IntStream.of(axes + 1, axes), IntStream.range(0, axes))
                        .toArray();
                yield graph().reshape(graph().permute(weight, back), module.outputs(), -1);
            }
        };
    }

    @Override
    public DataType dataType() {
        return weight().dataType();
    }

    @Override
    public SDVariable slice(SDVariable a, int axis, long from, long to) {
        SDIndex[] indices = new SDIndex[axis + 1];
        Arrays.fill(indices, SDIndex.all());
        indices[axis] = SDIndex.interval(from, to);
        return a.get(indices);
    }

    @Override
    public SDVariable concatenate(int axis, List<SDVariable> parts) {
        return parts.size() == 1 ? parts.get(0) : graph().concat(axis, parts.toArray(SDVariable[]::new));
    }

    @Override
    public SDVariable sum(SDVariable a, int axis) {
        return graph().sum(a, true, axis);
    }

    @Override
    public SDVariable squareRoot(SDVariable a) {
        return graph().math().sqrt(a);
    }

    @Override
    public SDVariable sine(SDVariable a) {
        return graph().math().sin(a);
    }

    @Override
    public SDVariable cosine(SDVariable a) {
        return graph().math().cos(a);
    }

    /**
     * One step of Newton from the inverse, held constant: the same value, and the gradient that the op itself lacks. With Y
     * the inverse of X, {@code d(2 Y - Y X Y) = -Y dX Y}.
     */
    @Override
    public SDVariable inverse(SDVariable a) {
        SDVariable inverse = held(new MatrixInverse(graph(), a, false).outputVariable());
        return inverse.mul(2).sub(graph().mmul(inverse, graph().mmul(a, inverse)));
    }

    @Override
    public SDVariable placed(SDVariable values, long[] places, long... shape) {
        long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        SDVariable zeros = constant(Nd4j.zeros(values.dataType(), length, 1));
        SDVariable rows = constant(Nd4j.createFromArray(places).castTo(DataType.INT32));
        SDVariable flat =
                new ScatterAdd(graph(), zeros, rows, graph().reshape(values, places.length, 1)).outputVariable();
        return graph().reshape(flat, shape);
    }

    // Where the weight lies turned, at turned places: turning the whole would be a pass over it, and one over its
    // gradient.
    @Override
    public SDVariable placedInWeight(SDVariable values, long[] outputs, long[] inputs) {
        if (!inputFirst()) {
            return ModuleAlgebra.super.placedInWeight(values, outputs, inputs);
        }
        long[] places = new long[outputs.length];
        Arrays.setAll(places, i -> inputs[i] * shape().outputs() + outputs[i]);
        return placed(values, places, shape().inputs(), shape().outputs());
    }

    @Override
    public SDVariable constant(INDArray value) {
        return graph().constant(value);
    }

    @Override
    public INDArray known(SDVariable factor) {
        return factor.getArr();
    }
}
