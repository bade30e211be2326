/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import org.lora4j.internal.engine.autodiff.rules.RuleContext;
import org.lora4j.internal.graph.CopiedOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * An op that stands for several ops of a graph. It goes into a graph when it is known what is asked of it, so that whoever
 * looks at graphs before sees stock ops.
 */
abstract class FusedOp extends OwnOp implements CopiedOp {

    /** For a copy, {@code graph} is null, and there are no inputs. */
    FusedOp(int outputs, SameDiff graph, SDVariable... inputs) {
        super(outputs, graph, inputs);
    }

    /** Adds the backward ops, as a gradient rule does; what is a backward op itself has none. */
    void differentiate(RuleContext c) {
        throw new UnsupportedOperationException(opName());
    }
}
