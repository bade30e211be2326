/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
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
 * @param updates the leaves whose values change for every op that reads them
 */
record OpPlan(List<SitePlan> sites, LeafUpdates updates) implements OpRewrite {

    /** A leaf that is added to the graph. */
    record Leaf(String name, VariableType type, INDArray array) {

        SDVariable in(OpContext context) {
            return context.leaf(name, type, array);
        }
    }

    /**
     * One adapter at one site.
     *
     * @param start the factors whose update is taken off, because the base has given it up; mostly empty
     * @param mask name of the dropout placeholder, or null
     */
    record Attachment(
            GraphRecipe recipe, Map<String, Factor> factors, Map<String, Factor> start, double scaling, String mask) {

        /** An adapter without start and dropout. */
        Attachment(GraphRecipe recipe, Map<String, Factor> factors, double scaling) {
            this(recipe, factors, Map.of(), scaling, null);
        }

        SDVariable outputDelta(OpContext context, SiteGraph site) {
            SDVariable dropout = mask == null ? null : context.placeholder(mask, site.input());
            SDVariable delta = recipe.outputDelta(site, variables(context, factors, dropout));
            return start.isEmpty() ? delta : delta.sub(recipe.outputDelta(site, variables(context, start, null)));
        }

        SDVariable weightDelta(OpContext context, SiteGraph site) {
            SDVariable delta = recipe.weightDelta(site, variables(context, factors, null));
            return start.isEmpty() ? delta : delta.sub(recipe.weightDelta(site, variables(context, start, null)));
        }

        private SiteGraph.Factors variables(OpContext context, Map<String, Factor> tensors, SDVariable dropout) {
            Map<String, SDVariable> variables = new LinkedHashMap<>();
            tensors.forEach((suffix, factor) -> variables.put(suffix, factor.in(context)));
            return new SiteGraph.Factors(variables, scaling, dropout);
        }
    }

    /** A tensor of an adapter; of blocks for groups of channels if there is a mask that says where the blocks lie. */
    record Factor(Leaf leaf, Leaf blocks) {

        SDVariable in(OpContext context) {
            SDVariable value = leaf.in(context);
            if (blocks == null) {
                return value;
            }
            int axis = leaf.array().rank() - 2;
            SDVariable[] copies = new SDVariable
                    [(int) (blocks.array().size(axis) / leaf.array().size(axis))];
            Arrays.fill(copies, value);
            return context.graph().concat(axis, copies).mul(blocks.in(context));
        }
    }

    /**
     * One site.
     *
     * @param weight stands in for the base's weight unless it is null
     * @param settled whether what changes the leaf of the weight does not change the weight here
     * @param rows rows that are replaced in the result of a lookup
     */
    record SitePlan(Site site, Leaf weight, boolean settled, List<RowUpdate> rows, List<Attachment> attachments) {

        boolean changesResult() {
            return !rows.isEmpty() || !attachments.isEmpty();
        }
    }

    @Override
    public List<SDVariable> rebuild(OpContext context) {
        List<SDVariable> original = context.inputs();
        List<SDVariable> inputs = new ArrayList<>(original);
        boolean[] settled = new boolean[inputs.size()];
        for (SitePlan plan : sites) {
            int index = plan.site().weightInput();
            if (plan.weight() != null) {
                inputs.set(index, plan.weight().in(context));
            }
            settled[index] |= plan.settled();
        }
        for (int i = 0; i < settled.length; i++) {
            if (!settled[i]) {
                inputs.set(i, updates.apply(context, original.get(i).name(), inputs.get(i)));
            }
        }
        if (sites.stream().noneMatch(SitePlan::changesResult)) {
            return context.emit(inputs);
        }
        SiteForm form = sites.get(0).site().form();
        return form.fedByWeight() ? addToWeights(context, inputs) : List.of(addToOutput(context, form, inputs));
    }

    private SDVariable addToOutput(OpContext context, SiteForm form, List<SDVariable> inputs) {
        SDVariable adapted = form.base(context, inputs);
        for (SitePlan plan : sites) {
            for (RowUpdate update : plan.rows()) {
                adapted = update.applyToLookup(context, inputs.get(plan.site().dataInput()), adapted);
            }
            for (Attachment attachment : plan.attachments()) {
                SiteGraph site = new SiteGraph(context, plan.site(), inputs, adapted);
                adapted = adapted.add(attachment.outputDelta(context, site));
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
                adapted.set(index, adapted.get(index).add(attachment.weightDelta(context, site)));
            }
        }
        return context.emit(adapted);
    }
}
