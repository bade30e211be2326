/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.SplittableRandom;
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
        SplittableRandom random = RandomStreams.of(slot.seed(), slot.weight() + "/update/" + iteration);
        double[] kept = slot.arithmetic().updateDropout().draw(Math.toIntExact(shape.outputs()), random);
        return Nd4j.createFromArray(kept).castTo(type);
    }

    /** The mask of an iteration: 0 for a dropped value, 1 / (1 - p) for a kept one. */
    public static INDArray mask(LoraSlot slot, int iteration, DataType type, long... shape) {
        SplittableRandom random = RandomStreams.of(slot.seed(), slot.weight() + "/dropout/" + iteration);
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
