/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import org.nd4j.autodiff.functions.DifferentialFunction;

/**
 * An op that ND4J does not know, and so cannot clone.
 *
 * @apiNote Status: internal
 */
public interface CopiedOp {

    /**
     * The same op for another graph.
     *
     * @return a new op without a graph and inputs
     */
    DifferentialFunction copied();
}
