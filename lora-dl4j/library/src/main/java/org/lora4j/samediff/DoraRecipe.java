/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.method.DoraMethod;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * {@link DoraMethod} in a graph. The output of the base becomes {@code (m / |V|) * (W x + s * B A x)} without a bias;
 * expressed as what is added, {@code (m / |V| - 1) * W x + (m / |V|) * s * B A x}. Lengths are held constant in the
 * gradient and count as 1 where they are 0.
 *
 * <p>Beside other adapters of the same module V has the weight without them, while their updates are scaled too; merging
 * one of them changes the weight that the lengths are taken of. PEFT does the same.
 *
 * <p>With dropout both terms see the dropped activation while the base does not, as in PEFT.
 */
final class DoraRecipe implements GraphRecipe {

    @Override
    public SDVariable outputDelta(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable scale = site.alongOutputs(scale(site, factors));
        SDVariable x = factors.drop(site.input());
        SDVariable base = factors.dropoutMask() == null ? site.withoutBias() : site.applied(x);
        SDVariable thin = factors.scale(site.narrow(x, factors.get(LoraMethod.down(site.shape()))));
        SDVariable update = site.widen(thin, factors.get(LoraMethod.up(site.shape())));
        return base.mul(scale.sub(1)).add(update.mul(scale));
    }

    @Override
    public SDVariable weightDelta(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable direction = direction(site, factors);
        return direction.mul(site.alongWeight(scale(site, factors, direction))).sub(site.weight());
    }

    private static SDVariable scale(SiteGraph site, SiteGraph.Factors factors) {
        return scale(site, factors, direction(site, factors));
    }

    private static SDVariable scale(SiteGraph site, SiteGraph.Factors factors, SDVariable direction) {
        SDVariable lengths = site.normPerOutput(direction);
        SDVariable isZero = lengths.eq(0).castTo(lengths.dataType());
        SDVariable magnitude = site.graph()
                .reshape(factors.get(DoraMethod.MAGNITUDE), site.shape().outputs());
        return magnitude.div(site.held(lengths.add(isZero)));
    }

    private static SDVariable direction(SiteGraph site, SiteGraph.Factors factors) {
        SDVariable a = factors.get(LoraMethod.down(site.shape()));
        SDVariable b = factors.get(LoraMethod.up(site.shape()));
        return site.weight().add(site.product(factors.scale(a), b));
    }
}
