/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.graph.OpContext;
import org.lora4j.graph.OpRewrite;
import org.lora4j.samediff.form.Site;
import org.lora4j.samediff.form.SiteForm;
import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What becomes of one op of the base: other weights in place of the base's, and adapters attached.
 *
 * @param sites the modules that the op applies and that change, in the order of their weights
 */
record OpPlan(List<SitePlan> sites) implements OpRewrite {

    /** A leaf that is added to the graph. */
    record Leaf(String name, VariableType type, INDArray array) {

        SDVariable in(OpContext context) {
            return context.leaf(name, type, array);
        }
    }

    /** One adapter at one site; {@code mask} is the name of its dropout placeholder or null. */
    record Attachment(GraphRecipe recipe, Map<String, Leaf> factors, double scaling, String mask) {}

    /** One site; {@code weight} stands in for the base's weight unless it is null. */
    record SitePlan(Site site, Leaf weight, List<Attachment> attachments) {}

    @Override
    public List<SDVariable> rebuild(OpContext context) {
        List<SDVariable> inputs = new ArrayList<>(context.inputs());
        for (SitePlan plan : sites) {
            if (plan.weight() != null) {
                inputs.set(plan.site().weightInput(), plan.weight().in(context));
            }
        }
        if (sites.stream().allMatch(plan -> plan.attachments().isEmpty())) {
            return context.emit(inputs);
        }
        SiteForm form = sites.get(0).site().form();
        return form.fedByWeight() ? addToWeights(context, inputs) : List.of(addToOutput(context, form, inputs));
    }

    private SDVariable addToOutput(OpContext context, SiteForm form, List<SDVariable> inputs) {
        SDVariable adapted = form.base(context, inputs);
        for (SitePlan plan : sites) {
            for (Attachment attachment : plan.attachments()) {
                SiteGraph site = new SiteGraph(context, plan.site(), inputs, adapted);
                adapted = adapted.add(attachment.recipe().outputDelta(site, factors(context, attachment, site)));
            }
        }
        return form.finish(context, adapted);
    }

    private List<SDVariable> addToWeights(OpContext context, List<SDVariable> inputs) {
        List<SDVariable> adapted = new ArrayList<>(inputs);
        for (SitePlan plan : sites) {
            int index = plan.site().weightInput();
            for (Attachment attachment : plan.attachments()) {
                SiteGraph site = new SiteGraph(context, plan.site(), inputs, null);
                SDVariable delta = attachment.recipe().weightDelta(site, factors(context, attachment, null));
                adapted.set(index, adapted.get(index).add(delta));
            }
        }
        return context.emit(adapted);
    }

    private static SiteGraph.Factors factors(OpContext context, Attachment attachment, SiteGraph masked) {
        Map<String, SDVariable> variables = new LinkedHashMap<>();
        attachment.factors().forEach((suffix, leaf) -> variables.put(suffix, leaf.in(context)));
        SDVariable mask = attachment.mask() == null ? null : context.placeholder(attachment.mask(), masked.input());
        return new SiteGraph.Factors(variables, attachment.scaling(), mask);
    }
}
