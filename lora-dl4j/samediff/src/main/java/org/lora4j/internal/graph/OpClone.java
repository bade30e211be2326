/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import com.google.flatbuffers.FlatBufferBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.serde.FlatBuffersMapper;
import org.nd4j.graph.FlatNode;
import org.nd4j.imports.converters.DifferentialFunctionClassHolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.summarystats.Variance;
import org.nd4j.linalg.api.ops.impl.transforms.comparison.CompareAndSet;

/**
 * Clones of ops. ND4J M2.1 clones an op by writing and reading it, which does not give all ops back:
 *
 * <ul>
 *   <li>backward ops of poolings ({@code Pooling2DDerivative}, {@code Pooling3DDerivative}) have no name before they have their
 *       configuration, so that no class is found for them; {@code SameDiff.fit} never copies them;
 *   <li>{@code OnesLike} has the library warn in the log that it finds no field for a property;
 *   <li>{@code LogSoftMax} fails on its own dimension;
 *   <li>{@code CompareAndSet} forgets what it compares by when it is read, and cannot be read the second time;
 *   <li>{@code Variance} forgets whether it divides by n or n - 1, and computes something else;
 *   <li>a scalar in BFLOAT16 comes back with its two bytes the wrong way round.
 * </ul>
 *
 * <p>It also loads all ops that there are before it reads the first. So most ops are cloned without it ({@link DirectClone}).
 */
final class OpClone {

    private static final Set<String> NOT_READABLE = Set.of("log_softmax", "ones_as");

    private OpClone() {}

    /**
     * Clones an op.
     *
     * @param indexes a number for each variable of the graph
     */
    static DifferentialFunction of(DifferentialFunction op, SameDiff source, Map<String, Integer> indexes) {
        if (op instanceof CopiedOp own) {
            return own.copied();
        }
        return DirectClone.of(op).orElseGet(() -> read(op, source, indexes));
    }

    /** ND4J's way, where it works. */
    static DifferentialFunction read(DifferentialFunction op, SameDiff source, Map<String, Integer> indexes) {
        if (op instanceof DynamicCustomOp custom && !isReadable(custom)) {
            return plain(custom);
        }
        if (op instanceof CompareAndSet set) {
            return compareAndSet(set.extraArgs());
        }
        DifferentialFunction clone = writtenAndRead(op, source, indexes);
        if (clone instanceof Variance variance) {
            variance.setBiasCorrected(((Variance) op).isBiasCorrected());
        }
        return clone;
    }

    /**
     * As {@code FlatBuffersMapper.cloneViaSerialize}, which lists all variables of the graph for each op. It looks the numbers of
     * outputs up in the list, and a node that is read has no use for them.
     */
    private static DifferentialFunction writtenAndRead(
            DifferentialFunction op, SameDiff source, Map<String, Integer> indexes) {
        FlatBufferBuilder bytes = new FlatBufferBuilder(1024);
        int node = FlatBuffersMapper.asFlatNode(
                source, op, bytes, List.of(), indexes, new HashMap<>(), new HashMap<>(), new AtomicInteger(), 0);
        bytes.finish(node);
        return FlatBuffersMapper.fromFlatNode(FlatNode.getRootAsFlatNode(bytes.dataBuffer()));
    }

    private static CompareAndSet compareAndSet(Object[] arguments) {
        CompareAndSet clone = new CompareAndSet();
        clone.setExtraArgs(arguments.clone());
        clone.setPropertiesForFunction(Map.of(
                "compare", arguments[0],
                "set", arguments[1],
                "eps", arguments[2],
                "mode", ((Number) arguments[3]).intValue()));
        return clone;
    }

    private static boolean isReadable(DynamicCustomOp op) {
        return !NOT_READABLE.contains(op.opName())
                && DifferentialFunctionClassHolder.getInstance().hasName(op.opName());
    }

    /** An op of the same name and arguments, which are all that native code knows of it. */
    private static DifferentialFunction plain(DynamicCustomOp op) {
        DynamicCustomOp clone = new DynamicCustomOp(op.opName(), (INDArray[]) null, null);
        clone.addIArgument(op.iArgs());
        clone.addTArgument(op.tArgs());
        clone.addBArgument(op.bArgs());
        clone.addDArgument(op.dArgs());
        return clone;
    }
}
