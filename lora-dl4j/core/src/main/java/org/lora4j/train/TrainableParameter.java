/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Optional;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One array that learns.
 *
 * @param name name of the variable in the graph; the key of its gradient
 * @param module dotted path of the module it belongs to
 * @param kind what it is, which decides the default weight decay and the checks of the training loop
 * @param value the live array
 * @param lowRank of a factor A or B of LoRA where its rank lies and how its update is scaled; empty of all else
 * @apiNote Status: stable
 */
public record TrainableParameter(String name, String module, Kind kind, INDArray value, Optional<LowRank> lowRank) {

    /**
     * What an optimizer may know of a factor A or B.
     *
     * @param rankAxis the axis of the array along which the rank lies
     * @param scaling the factor on B·A
     * @apiNote Status: stable
     */
    public record LowRank(int rankAxis, double scaling) {}

    /**
     * A parameter that is no factor A or B of LoRA, or of which that is not known.
     *
     * @param name name of the variable in the graph
     * @param module dotted path of the module it belongs to
     * @param kind what it is
     * @param value the live array
     */
    public TrainableParameter(String name, String module, Kind kind, INDArray value) {
        this(name, module, kind, value, Optional.empty());
    }

    /**
     * What a parameter is.
     *
     * @apiNote Status: stable
     */
    public enum Kind {
        /** A low-rank factor of an adapter. */
        FACTOR,
        /** A matrix, kernel or table trained fully. */
        WEIGHT,
        /** A bias or a gain of a normalization, without weight decay by default. */
        BIAS_OR_NORM
    }

    @Override
    public String toString() {
        return "TrainableParameter[" + name + " of " + module + ", " + kind + " " + ArrayText.of(value) + "]";
    }
}
