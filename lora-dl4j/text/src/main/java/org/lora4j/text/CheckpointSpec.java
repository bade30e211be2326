/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.Optional;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.pretrained.PretrainedHead;

/** A task that can begin with the head of a checkpoint. */
interface CheckpointSpec<I, E, P, R> extends TaskSpec<I, E, P, R> {

    /** What that head tells, which this task reads. */
    Targets<I, E, P> targets(PretrainedHead head);

    /** What examples to learn from ask for, if that is what the head tells; empty if they need another one. */
    Optional<Targets<I, E, P>> targets(PretrainedHead head, List<E> train);

    /** The last layer of that head, as it gives the numbers of targets that it can tell. */
    default LinearHead start(PretrainedHead head, Targets<I, E, P> targets) {
        return LinearHead.of(head.last().orElseThrow());
    }
}
