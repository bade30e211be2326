/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * {@link LoraMethod} in a graph: {@code y + (x A * scaling) B}, or {@code W + (A * scaling) B} where the adapter is added
 * to the weight. The scale sits on the thin side. With B = 0 zeros are added, so the output equals the base's in every
 * value.
 */
final class LoraRecipe implements GraphRecipe {

    @Override
    public SDVariable outputDelta(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable a = factors.get(LoraMethod.down(site.shape()));
        SDVariable b = factors.get(LoraMethod.up(site.shape()));
        SDVariable delta = site.widen(factors.scale(site.narrow(factors.drop(site.input()), a)), b);
        SDVariable bias = factors.get(LoraMethod.B_BIAS);
        return bias == null ? delta : delta.add(site.alongOutputs(factors.scale(bias)));
    }

    @Override
    public SDVariable weightDelta(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable a = factors.get(LoraMethod.down(site.shape()));
        SDVariable b = factors.get(LoraMethod.up(site.shape()));
        return site.product(factors.scale(a), b);
    }
}
