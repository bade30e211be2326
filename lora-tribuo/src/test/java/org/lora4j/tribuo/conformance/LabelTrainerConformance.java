/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import org.tribuo.classification.Label;

/** All rules for a trainer of labels, boosting included. */
public abstract class LabelTrainerConformance extends TrainerConformance<Label> implements BoostingRules {

    @Override
    public final Task<Label> task() {
        return new LabelTask();
    }
}
