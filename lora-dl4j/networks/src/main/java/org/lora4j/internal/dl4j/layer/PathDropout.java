/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.method.ModuleShape;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Dropout on the way to A. The mask depends on the slot's seed and on the iteration only: all passes of one iteration see the
 * same mask, and a run that is resumed sees the masks of one that was not interrupted.
 *
 * @apiNote Status: internal
 */
public final class PathDropout {

    private PathDropout() {}

    /** What is left of an update in an iteration: a factor for each output. */
    public static INDArray ofUpdate(LoraSlot slot, int iteration, DataType type, ModuleShape shape) {
        return Nd4j.createFromArray(left(slot, iteration, shape)).castTo(type);
    }

    private static double[] left(LoraSlot slot, int iteration, ModuleShape shape) {
        SplittableRandom random = RandomStreams.of(slot.seed(), slot.weight() + "/update/" + iteration);
        return slot.arithmetic().traits().updateDropout().draw(Math.toIntExact(shape.outputs()), random);
    }

    /**
     * Whether an iteration may leave nothing of an update: the update itself is left out, or the first values of the input, as
     * many as a row has, are all dropped.
     */
    public static boolean mayLeaveNothing(LoraSlot slot, int iteration, ModuleShape shape) {
        boolean leavesOut = !slot.arithmetic().traits().updateDropout().isNone();
        if (leavesOut && Arrays.stream(left(slot, iteration, shape)).allMatch(kept -> kept == 0)) {
            return true;
        }
        SplittableRandom random = ofInput(slot, iteration);
        return slot.drops(true)
                && LongStream.range(0, shape.inputs()).allMatch(value -> random.nextDouble() < slot.dropout());
    }

    private static SplittableRandom ofInput(LoraSlot slot, int iteration) {
        return RandomStreams.of(slot.seed(), slot.weight() + "/dropout/" + iteration);
    }

    /** The mask of an iteration: 0 for a dropped value, 1 / (1 - p) for a kept one. */
    public static INDArray mask(LoraSlot slot, int iteration, DataType type, long... shape) {
        SplittableRandom random = ofInput(slot, iteration);
        long length = 1;
        for (long size : shape) {
            length = Math.multiplyExact(length, size);
        }
        double[] values = new double[Math.toIntExact(length)];
        double kept = 1 / (1 - slot.dropout());
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextDouble() < slot.dropout() ? 0 : kept;
        }
        INDArray drawn = Nd4j.create(values, shape, 'c');
        INDArray mask = drawn.castTo(type);
        if (mask != drawn && drawn.closeable()) {
            drawn.close();
        }
        return mask;
    }
}
