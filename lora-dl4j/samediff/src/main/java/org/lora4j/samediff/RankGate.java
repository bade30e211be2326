/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.internal.graph.OpContext;
import org.lora4j.internal.samediff.form.SiteGraph;
import org.lora4j.samediff.OpPlan.Leaf;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * A gate on the thin activation of an adapter: {@code ((x A) * (softmax(z) R) * scaling) B}, where R repeats the share of an
 * expert for each of its rows. Both factors of all experts stay one product each.
 *
 * @param input what z is made from
 * @param gate the weight of the gate, or z itself
 * @param spread R {@code [experts, rank]}: row e is 1 where the rank belongs to expert e, else 0
 */
record RankGate(ExpertGate.Input input, Leaf gate, Leaf spread) {

    /** What the parts of the rank are multiplied by. */
    SDVariable shares(OpContext context, SiteGraph site) {
        SDVariable weight = gate.in(context);
        SDVariable z = input == ExpertGate.Input.ACTIVATION ? site.narrow(site.input(), weight) : weight;
        return site.graph().mmul(site.graph().nn().softmax(z, -1), spread.in(context));
    }
}
