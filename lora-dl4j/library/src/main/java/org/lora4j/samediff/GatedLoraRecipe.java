/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * {@link LoraRecipe} with a gate on the thin activation: {@code ((x A) * (softmax(z) R) * scaling) B}, where R repeats the
 * share of an expert for each of its rows. Both factors of all experts stay one product each.
 */
record GatedLoraRecipe(ExpertGate.Input input) implements GraphRecipe {

    /** The gate among the factors. */
    static final String GATE = "gate";

    /** R {@code [experts, rank]} among the factors: row e is 1 where the rank belongs to expert e, else 0. */
    static final String SPREAD = "gate.spread";

    @Override
    public SDVariable outputDelta(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable gate = factors.get(GATE);
        SDVariable z = input == ExpertGate.Input.ACTIVATION ? site.narrow(site.input(), gate) : gate;
        SDVariable shares = site.graph().nn().softmax(z, -1);
        SDVariable thin = site.narrow(factors.drop(site.input()), factors.get(LoraMethod.down(site.shape())));
        SDVariable gated = thin.mul(site.graph().mmul(shares, factors.get(SPREAD)));
        return site.widen(factors.scale(gated), factors.get(LoraMethod.up(site.shape())));
    }

    @Override
    public SDVariable weightDelta(SiteGraph site, SiteGraph.Factors factors) {
        throw new IllegalStateException("gate: an adapter with a gate was added to a weight; expected only modules with"
                + " an activation. This is a mistake in lora4j: please report it.");
    }
}
