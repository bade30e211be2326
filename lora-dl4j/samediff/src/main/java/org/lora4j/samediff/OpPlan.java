/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.internal.graph.OpRewrite;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.internal.samediff.form.SiteForm;
import org.lora4j.internal.samediff.form.SiteGraph;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.Place;
import org.lora4j.method.Factors;
import org.lora4j.method.MethodTraits;
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
     * @param acts where the method acts in the module
     * @param start the factors whose update is taken off, because the base has given it up; mostly empty
     * @param mask name of the dropout placeholder, or null
     * @param kept name of the placeholder for what is left of the update, or null
     * @param gate weighs the parts of the rank, or null
     */
    record Attachment(
            AdapterMethod method,
            Place acts,
            Map<String, Factor> factors,
            Map<String, Factor> start,
            double scaling,
            String mask,
            String kept,
            RankGate gate) {

        /** Where the adapter acts in an op of a form. */
        Place place(SiteForm form) {
            boolean beside = form.knowsInputAxis() || acts == method.traits().place() && acts != Place.INPUT;
            if (form.fedByWeight() || !beside) {
                return Place.WEIGHT;
            }
            return dropsBesideWeight() ? Place.OUTPUT : acts;
        }

        /** The update of a weight that sees another input than the weight is multiplied on its own. */
        private boolean dropsBesideWeight() {
            return mask != null && acts == Place.WEIGHT;
        }

        SDVariable input(OpContext context, SiteGraph site, SDVariable x) {
            return method.input(site, variables(context, site, factors, null), x);
        }

        SDVariable output(OpContext context, SiteGraph site, SDVariable y) {
            SDVariable dropout = mask == null ? null : context.placeholder(mask, site.input());
            SiteFactors now = variables(context, site, factors, dropout);
            if (acts == Place.WEIGHT) {
                return y.add(site.applied(now.drop(site.input()), method.weightUpdate(site, now)));
            }
            if (start.isEmpty()) {
                return method.output(site, now, y);
            }
            SDVariable given = method.outputUpdate(site, variables(context, site, start, null));
            return y.add(method.outputUpdate(site, now).sub(given));
        }

        SDVariable weight(OpContext context, SiteGraph site, SDVariable w) {
            SiteFactors now = variables(context, site, factors, null);
            if (start.isEmpty()) {
                return method.weight(site, now, w);
            }
            SDVariable given = method.weightUpdate(site, variables(context, site, start, null));
            return w.add(method.weightUpdate(site, now).sub(given));
        }

        SDVariable bias(OpContext context, SiteGraph site, SDVariable bias) {
            return method.bias(site, variables(context, site, factors, null), bias);
        }

        private SiteFactors variables(
                OpContext context, SiteGraph site, Map<String, Factor> tensors, SDVariable dropout) {
            Map<String, SDVariable> variables = new LinkedHashMap<>();
            tensors.forEach((suffix, factor) -> variables.put(suffix, factor.in(context)));
            SDVariable shares = gate == null ? null : gate.shares(context, site);
            SDVariable left = kept == null
                    ? null
                    : context.placeholder(kept, variables.values().iterator().next());
            return new SiteFactors(variables, scaling, dropout, left, shares);
        }
    }

    /** The variables of one adapter; {@code dropout} and {@code shares} are multiplied onto activations, or null. */
    private record SiteFactors(
            Map<String, SDVariable> bySuffix, double scaling, SDVariable dropout, SDVariable kept, SDVariable shares)
            implements Factors<SDVariable> {

        @Override
        public SDVariable get(String suffix) {
            return bySuffix.get(suffix);
        }

        @Override
        public boolean drops() {
            return dropout != null;
        }

        @Override
        public SDVariable drop(SDVariable x) {
            return dropout == null ? x : x.mul(dropout);
        }

        @Override
        public SDVariable gated(SDVariable thin) {
            return shares == null ? thin : thin.mul(shares);
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

        /** In the order in which they change a weight. */
        SitePlan {
            attachments = MethodTraits.ordered(attachments, Attachment::method);
        }

        boolean changesResult() {
            return !rows.isEmpty() || !attachments.isEmpty();
        }

        /** Where an adapter acts in an op of a form: behind one that scales the output, it adds to the output as well. */
        Place place(Attachment attachment, SiteForm form) {
            Place own = attachment.place(form);
            boolean scaled = attachments.subList(0, attachments.indexOf(attachment)).stream()
                    .anyMatch(before -> before.method().traits().scalesOthers() && before.place(form) == Place.OUTPUT);
            return scaled && own == Place.WEIGHT ? Place.OUTPUT : own;
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
        return form.fedByWeight()
                ? context.emit(beforeTheOp(context, form, inputs))
                : List.of(addToOutput(context, form, inputs));
    }

    private SDVariable addToOutput(OpContext context, SiteForm form, List<SDVariable> inputs) {
        SDVariable adapted = form.base(context, beforeTheOp(context, form, inputs));
        for (SitePlan plan : sites) {
            for (RowUpdate update : plan.rows()) {
                adapted = update.applyToLookup(context, inputs.get(plan.site().dataInput()), adapted);
            }
            for (Attachment attachment : plan.attachments()) {
                if (plan.place(attachment, form) == Place.OUTPUT) {
                    SiteGraph site = new SiteGraph(context, plan.site(), inputs, adapted);
                    adapted = attachment.output(context, site, adapted);
                }
            }
        }
        return form.finish(context, adapted);
    }

    /** The inputs of the op with what changes its activation and its weights. */
    private List<SDVariable> beforeTheOp(OpContext context, SiteForm form, List<SDVariable> inputs) {
        List<SDVariable> adapted = new ArrayList<>(inputs);
        for (SitePlan plan : sites) {
            SiteGraph site = new SiteGraph(context, plan.site(), inputs, null);
            int data = plan.site().dataInput();
            int weight = plan.site().weightInput();
            for (Attachment attachment : plan.attachments()) {
                if (plan.place(attachment, form) == Place.WEIGHT) {
                    adapted.set(weight, attachment.weight(context, site, adapted.get(weight)));
                }
            }
            // What changes the weight last is what the input meets first.
            for (int i = plan.attachments().size() - 1; i >= 0; i--) {
                Attachment attachment = plan.attachments().get(i);
                if (plan.place(attachment, form) == Place.INPUT) {
                    adapted.set(data, attachment.input(context, site, adapted.get(data)));
                }
            }
        }
        return adapted;
    }
}
