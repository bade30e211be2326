/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.function.IntFunction;
import java.util.function.ObjIntConsumer;
import org.lora4j.exec.LossAndGradients;

/**
 * Who computes the parts of a batch: this machine all of them, or each of several workers its share.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface PartSharing {

    /** This machine, one part after the other. */
    PartSharing ALONE = (count, compute, take) -> {
        for (int part = 0; part < count; part++) {
            take.accept(compute.apply(part), part);
        }
    };

    /**
     * Computes parts, and gives all of them in their order, whoever computed them.
     *
     * @param count how many there are
     * @param compute a part by its number: a loss, which may be 0, and arrays by name
     * @param take gets each part with its number; its arrays belong to it
     */
    void each(int count, IntFunction<LossAndGradients> compute, ObjIntConsumer<LossAndGradients> take);
}
