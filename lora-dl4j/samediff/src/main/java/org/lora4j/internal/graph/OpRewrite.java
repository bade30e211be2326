/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * Builds what stands in for one op of the source in a copy.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface OpRewrite {

    /**
     * Builds the replacement.
     *
     * @param context the op, its inputs in the copy, and the ways to emit it
     * @return one variable of the copy for each output of the op; they take over the public names of the outputs
     */
    List<SDVariable> rebuild(OpContext context);
}
