/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.Optional;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseOp;
import org.nd4j.linalg.api.ops.BaseReduceOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.loss.BaseLoss;
import org.nd4j.linalg.api.ops.impl.loss.SigmoidCrossEntropyLoss;
import org.nd4j.linalg.api.ops.impl.loss.SoftmaxCrossEntropyLoss;
import org.nd4j.linalg.api.ops.impl.loss.SparseSoftmaxCrossEntropyLossWithLogits;
import org.nd4j.linalg.api.ops.impl.loss.bp.BaseLossBp;
import org.nd4j.linalg.api.ops.impl.loss.bp.SoftmaxCrossEntropyLossBp;
import org.nd4j.linalg.api.ops.impl.loss.bp.SparseSoftmaxCrossEntropyLossWithLogitsBp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.bp.MeanBp;
import org.nd4j.linalg.api.ops.impl.reduce.bp.SumBp;
import org.nd4j.linalg.api.ops.impl.reduce.floating.Mean;
import org.nd4j.linalg.api.ops.impl.reduce.floating.Norm2;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarAdd;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarDivision;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMultiplication;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarReverseDivision;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarReverseSubtraction;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarSubtraction;
import org.nd4j.linalg.api.ops.impl.scalar.comparison.ScalarEquals;
import org.nd4j.linalg.api.ops.impl.shape.Concat;
import org.nd4j.linalg.api.ops.impl.shape.ExpandDims;
import org.nd4j.linalg.api.ops.impl.shape.Gather;
import org.nd4j.linalg.api.ops.impl.shape.OneHot;
import org.nd4j.linalg.api.ops.impl.shape.Permute;
import org.nd4j.linalg.api.ops.impl.shape.Reshape;
import org.nd4j.linalg.api.ops.impl.shape.Shape;
import org.nd4j.linalg.api.ops.impl.shape.SizeAt;
import org.nd4j.linalg.api.ops.impl.shape.Slice;
import org.nd4j.linalg.api.ops.impl.shape.Split;
import org.nd4j.linalg.api.ops.impl.shape.Squeeze;
import org.nd4j.linalg.api.ops.impl.shape.Stack;
import org.nd4j.linalg.api.ops.impl.shape.StridedSlice;
import org.nd4j.linalg.api.ops.impl.shape.Tile;
import org.nd4j.linalg.api.ops.impl.shape.ZerosLike;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Max;
import org.nd4j.linalg.api.ops.impl.transforms.custom.SoftMax;
import org.nd4j.linalg.api.ops.impl.transforms.custom.XwPlusB;
import org.nd4j.linalg.api.ops.impl.transforms.dtype.Cast;
import org.nd4j.linalg.api.ops.impl.transforms.floating.Sqrt;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.TanhDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.AddOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.DivOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.MulOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.SubOp;
import org.nd4j.linalg.api.ops.impl.transforms.same.Negative;
import org.nd4j.linalg.api.ops.impl.transforms.same.Square;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Cos;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELU;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sigmoid;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sin;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Swish;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Tanh;
import org.nd4j.linalg.api.ops.random.impl.Range;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Clones the ops that graphs are mostly made of by their constructors. ND4J's own way, which writes and reads an op, gives
 * the same fields, but loads every op that there is and its tables of ops of TensorFlow and ONNX first: a second of each
 * program's start.
 *
 * <p>An op is here if its own fields are functions of its native arguments, or can be set. Some ops are here only as they usually
 * are: an axis that is a variable, for instance, leaves a sum to ND4J. So does a class that is not in the table, a subclass of one
 * that is among them.
 */
final class DirectClone {

    private static final SDVariable[] NO_INPUTS = {};

    private DirectClone() {}

    /**
     * Clones an op.
     *
     * @return an op without a graph and inputs, as ND4J's way gives it but for its own name; nothing if it is not known how
     */
    static Optional<DifferentialFunction> of(DifferentialFunction op) {
        DifferentialFunction clone = null;
        if (op instanceof DynamicCustomOp custom) {
            clone = custom(custom);
        } else if (op instanceof BaseOp legacy) {
            clone = legacy(legacy);
        }
        return Optional.ofNullable(clone);
    }

    /** An op of native arguments, from which it sets its own fields. */
    private static DynamicCustomOp custom(DynamicCustomOp op) {
        DynamicCustomOp clone = withIntegers(op);
        if (clone == null || clone.getClass() != op.getClass()) {
            return null;
        }
        clone.addTArgument(op.tArgs());
        if (clone.numBArguments() == 0) {
            clone.addBArgument(op.bArgs());
        }
        clone.addDArgument(op.dArgs());
        clone.addSArgument(op.sArgs());
        if (clone instanceof LayerNorm || clone instanceof Split) {
            clone.setPropertiesForFunction(op.propertiesForFunction());
        }
        if (clone instanceof OneHot && op.numIArguments() > 0) {
            clone.setDimensions(new int[] {op.getIArgument(0).intValue()});
        }
        clone.configureFromArguments();
        return clone;
    }

    private static DynamicCustomOp withIntegers(DynamicCustomOp op) {
        long[] integers = op.iArgs();
        return switch (op.opName()) {
            // What these keep of their arguments, only their constructors set.
            case "softmax" ->
                integers.length == 1 ? new SoftMax((SameDiff) null, NO_INPUTS, Math.toIntExact(integers[0])) : null;
            case "reduce_sum_bp" ->
                isOneAxis(op) ? new SumBp((SameDiff) null, null, null, op.bArgs()[0], axes(integers)) : null;
            case "reduce_mean_bp" ->
                isOneAxis(op) ? new MeanBp((SameDiff) null, null, null, op.bArgs()[0], axes(integers)) : null;
            case "concat" -> integers.length == 1 ? concat(op, Math.toIntExact(integers[0])) : null;
            default -> {
                DynamicCustomOp clone = plain(op);
                if (clone != null) {
                    clone.addIArgument(integers);
                }
                yield clone;
            }
        };
    }

    /** Or all of them. Of several, ND4J's way gives a field only the first. */
    private static boolean isOneAxis(DynamicCustomOp op) {
        long[] axes = op.iArgs();
        return op.numBArguments() == 1 && (axes.length == 0 || axes.length == 1 && axes[0] != Integer.MAX_VALUE);
    }

    private static int[] axes(long[] integers) {
        return integers.length == 0 ? null : new int[] {Math.toIntExact(integers[0])};
    }

    private static Concat concat(DynamicCustomOp op, int axis) {
        boolean stays =
                op instanceof Concat && op.propertiesForFunction().equals(new Concat(axis).propertiesForFunction());
        return stays ? new Concat(axis) : null;
    }

    private static DynamicCustomOp plain(DynamicCustomOp op) {
        return switch (op.opName()) {
            case "add" -> new AddOp();
            case "subtract" -> new SubOp();
            case "multiply" -> new MulOp();
            case "divide" -> new DivOp();
            case "maximum" -> new Max();
            case "matmul" -> new Mmul();
            case "xw_plus_b" -> new XwPlusB();
            case "reshape" -> new Reshape();
            case "permute" -> new Permute();
            case "expand_dims" -> new ExpandDims();
            case "squeeze" -> new Squeeze();
            case "gather" -> new Gather();
            case "slice" -> new Slice();
            case "strided_slice" -> new StridedSlice();
            case "split" -> new Split();
            case "stack" -> new Stack();
            case "tile" -> new Tile();
            case "shape_of" -> new Shape();
            case "size_at" -> new SizeAt();
            case "range" -> new Range();
            case "onehot" -> new OneHot();
            case "zeroslike" -> new ZerosLike();
            case "tanh_bp" -> new TanhDerivative();
            case "cast" -> new Cast();
            case "stop_gradient" -> new StopGradient();
            // ND4J reads the order of the axes as what says that there is no bias, which matters if it is not the usual
            // one.
            case "layer_norm_bp" -> isOnlyFalse(op.bArgs()) ? new LayerNormBp() : null;
            case "layer_norm" -> op.iArgs().length > 0 ? new LayerNorm() : null;
            case "sparse_softmax_cross_entropy_loss_with_logits" -> new SparseSoftmaxCrossEntropyLossWithLogits();
            case "sparse_softmax_cross_entropy_loss_with_logits_grad" ->
                new SparseSoftmaxCrossEntropyLossWithLogitsBp();
            case "softmax_cross_entropy_loss" -> reduced(new SoftmaxCrossEntropyLoss(), op);
            case "softmax_cross_entropy_loss_grad" -> reduced(new SoftmaxCrossEntropyLossBp(), op);
            case "sigm_cross_entropy_loss" -> reduced(new SigmoidCrossEntropyLoss(), op);
            default -> null;
        };
    }

    private static boolean isOnlyFalse(boolean[] values) {
        return values.length == 1 && !values[0];
    }

    private static BaseLoss reduced(BaseLoss clone, DynamicCustomOp op) {
        clone.setLossReduce(reduction(op));
        return clone;
    }

    private static BaseLossBp reduced(BaseLossBp clone, DynamicCustomOp op) {
        clone.setLossReduce(reduction(op));
        return clone;
    }

    private static LossReduce reduction(DynamicCustomOp op) {
        return LossReduce.values()[Math.toIntExact(op.iArgs()[0])];
    }

    /** An op from before there were native arguments. */
    private static BaseOp legacy(BaseOp op) {
        if (op.getExtraArgs() != null && op.getExtraArgs().length > 0) {
            return null;
        }
        BaseOp clone = switch (op.opName()) {
            case "mul_scalar" -> new ScalarMultiplication();
            case "add_scalar" -> new ScalarAdd();
            case "sub_scalar" -> new ScalarSubtraction();
            case "div_scalar" -> new ScalarDivision();
            case "rsub_scalar" -> new ScalarReverseSubtraction();
            case "rdiv_scalar" -> new ScalarReverseDivision();
            case "equals_scalar" -> new ScalarEquals();
            case "relu" -> new RectifiedLinear();
            case "erf" -> new Erf();
            case "gelu" -> new GELU();
            case "tanh" -> new Tanh();
            case "sigmoid" -> new Sigmoid();
            case "swish" -> new Swish();
            case "exp" -> new Exp();
            case "sin" -> new Sin();
            case "cos" -> new Cos();
            case "sqrt" -> new Sqrt();
            case "square" -> new Square();
            case "neg" -> new Negative();
            case "reduce_sum" -> new Sum();
            case "reduce_mean" -> new Mean();
            case "reduce_norm2" -> new Norm2();
            default -> null;
        };
        if (clone == null || clone.getClass() != op.getClass()) {
            return null;
        }
        boolean done;
        if (clone instanceof ScalarOp scalar) {
            done = op.dimensions() == null && copyScalar(((ScalarOp) op).scalar(), scalar);
        } else if (clone instanceof BaseReduceOp reduction) {
            done = copyAxes((BaseReduceOp) op, reduction);
        } else {
            done = op.dimensions() == null;
        }
        return done ? clone : null;
    }

    private static boolean copyScalar(INDArray scalar, ScalarOp clone) {
        if (scalar == null || scalar.rank() != 0) {
            return false;
        }
        switch (scalar.dataType()) {
            case FLOAT -> clone.setScalar(Nd4j.scalar(scalar.getFloat(0)));
            case DOUBLE -> clone.setScalar(Nd4j.scalar(scalar.getDouble(0)));
            default -> clone.setScalar(scalar.dup());
        }
        return true;
    }

    private static boolean copyAxes(BaseReduceOp op, BaseReduceOp clone) {
        if (op.getDimensionVariable() != null || op.getDimensions() == null || op.dimensions() == null) {
            return false;
        }
        clone.setDimensions(op.getDimensions().clone());
        clone.setDimensionz(Nd4j.createFromArray(op.dimensions().toIntVector()));
        clone.setKeepDims(op.isKeepDims());
        clone.setComplex(op.isComplex());
        clone.setEmptyReduce(op.isEmptyReduce());
        return true;
    }
}
