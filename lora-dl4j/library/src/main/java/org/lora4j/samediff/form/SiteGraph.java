/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff.form;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;

/**
 * One use of a module in the graph being built, as a method of adaptation sees it: every form of every kind of module
 * through the same few operations.
 *
 * @apiNote Status: experimental
 */
public final class SiteGraph {

    private final OpContext context;
    private final Site site;
    private final List<SDVariable> inputs;
    private final SDVariable base;

    /**
     * Creates the view.
     *
     * @param context the op
     * @param site the module
     * @param inputs the inputs of the op, with replaced weights in place
     * @param base the output of the op before adapters, or null if adapters are added to the weight
     */
    public SiteGraph(OpContext context, Site site, List<SDVariable> inputs, SDVariable base) {
        this.context = context;
        this.site = site;
        this.inputs = List.copyOf(inputs);
        this.base = base;
    }

    /**
     * The graph being built, for ops of one's own.
     *
     * @return the graph
     */
    public SameDiff graph() {
        return context.graph();
    }

    /**
     * The module.
     *
     * @return its kind and sizes
     */
    public ModuleShape shape() {
        return site.shape();
    }

    /**
     * The activation that the module is applied to.
     *
     * @return input of the op; indices for a lookup
     */
    public SDVariable input() {
        return inputs.get(site.dataInput());
    }

    /**
     * The frozen weight.
     *
     * @return the weight as it lies in the graph
     */
    public SDVariable weight() {
        return inputs.get(site.weightInput());
    }

    /**
     * The bias that is part of {@link #base}.
     *
     * @return the bias, or null if the op adds none
     */
    public SDVariable bias() {
        for (int i = 0; i < inputs.size(); i++) {
            if (i != site.dataInput()
                    && i != site.weightInput()
                    && inputs.get(i).name().equals(site.bias())) {
                return inputs.get(i);
            }
        }
        return null;
    }

    /**
     * The output of the base module, before anything that follows within the op.
     *
     * @return the output, or null if adapters are added to the weight
     */
    public SDVariable base() {
        return base;
    }

    /**
     * The output of the base module without its bias.
     *
     * @return {@link #base}, less the bias where the op adds one
     */
    public SDVariable withoutBias() {
        return withoutBias(base);
    }

    /**
     * Applies the base module to another activation, without its bias.
     *
     * @param x an activation of the shape of {@link #input}
     * @return the output for that activation
     */
    public SDVariable applied(SDVariable x) {
        List<SDVariable> replaced = new ArrayList<>(inputs);
        replaced.set(site.dataInput(), x);
        return withoutBias(site.form().base(context, replaced));
    }

    private SDVariable withoutBias(SDVariable output) {
        return bias() == null ? output : output.sub(alongOutputs(bias()));
    }

    /**
     * Holds a value constant in the gradient.
     *
     * @param value any variable
     * @return its value, of which nothing is differentiated
     */
    public SDVariable held(SDVariable value) {
        return new StopGradient(graph(), value).outputVariable();
    }

    /**
     * Applies a module of the same kind with {@code rank} outputs.
     *
     * @param x the activation, {@link #input} or made from it
     * @param a the factor next to the input
     * @return the thin activation
     */
    public SDVariable narrow(SDVariable x, SDVariable a) {
        return site.form().narrow(context, site, x, a);
    }

    /**
     * Applies a linear map at every position.
     *
     * @param thin the result of {@link #narrow}
     * @param b the factor next to the output
     * @return an activation of the shape of {@link #base}
     */
    public SDVariable widen(SDVariable thin, SDVariable b) {
        return site.form().widen(context, site, thin, b, base);
    }

    /**
     * The product of both factors.
     *
     * @param a the factor next to the input
     * @param b the factor next to the output
     * @return B A in the layout of {@link #weight}
     */
    public SDVariable product(SDVariable a, SDVariable b) {
        if (shape().kind() == ModuleShape.Kind.EXPERTS) {
            return stacked(a, b);
        }
        SameDiff graph = graph();
        return switch (site.factorLayout()) {
            case TRANSPOSED -> inputFirst() ? graph.mmul(a, b) : graph.mmul(b, a, true, true, false);
            case SAME -> asWeight(inputFirst() ? graph.mmul(a, b, true, true, false) : graph.mmul(b, a));
            case WINDOW_FIRST -> {
                long rank = b.getArr().size(-2);
                SDVariable rows = graph.mmul(graph.reshape(a, -1, rank), graph.reshape(b, rank, shape().outputs()));
                yield asWeight(rows);
            }
            case HEADS ->
                throw new IllegalStateException("module with weight " + MessageText.name(site.weight())
                        + ": factors cannot lie in heads; expected another layout." + " Correct the form "
                        + MessageText.name(site.form().name()) + ".");
        };
    }

    // A has expert after expert along its rows, in the columns of B the experts alternate.
    private SDVariable stacked(SDVariable a, SDVariable b) {
        SameDiff graph = graph();
        long rank = b.getArr().size(1) / shape().parts();
        SDVariable down = graph.reshape(a, shape().parts(), rank, shape().inputs());
        SDVariable up = graph.permute(graph.reshape(b, shape().outputs(), rank, shape().parts()), 2, 0, 1);
        SDVariable products = graph.mmul(up, down);
        return site.weightLayout() == Layout.TRANSPOSED ? graph.permute(products, 0, 2, 1) : products;
    }

    // [in, out] and not [out, in]; PEFT's tables are the former, its linear weights the latter.
    private boolean inputFirst() {
        return site.weightLayout() != Layout.HEADS && site.weightLayout().outputAxis(shape()) == 1;
    }

    private SDVariable asWeight(SDVariable matrix) {
        return site.weightLayout() == Layout.HEADS || site.weightLayout() == Layout.WINDOW_FIRST
                ? graph().reshape(matrix, weight().getArr().shape())
                : matrix;
    }

    /**
     * The Euclidean length of the part of a weight that makes each output.
     *
     * @param weight a variable in the layout of {@link #weight}
     * @return a vector {@code [outputs]}
     */
    public SDVariable normPerOutput(SDVariable weight) {
        SDVariable matrix = switch (site.weightLayout()) {
            case SAME, TRANSPOSED -> weight;
            case HEADS -> graph().reshape(weight, shape().outputs(), -1);
            case WINDOW_FIRST -> graph().reshape(weight, -1, shape().outputs());
        };
        boolean last = site.weightLayout() == Layout.WINDOW_FIRST || inputFirst();
        return graph().norm2(matrix, last ? 0 : 1);
    }

    /**
     * Reshapes a value for each output so that it broadcasts over {@link #base}.
     *
     * @param perOutput a vector {@code [outputs]}
     * @return the vector, broadcastable
     */
    public SDVariable alongOutputs(SDVariable perOutput) {
        return site.form().alongOutputs(context, site, perOutput);
    }

    /**
     * Reshapes a value for each output so that it broadcasts over {@link #weight}.
     *
     * @param perOutput a vector {@code [outputs]}
     * @return the vector, broadcastable
     */
    public SDVariable alongWeight(SDVariable perOutput) {
        if (site.weightLayout() == Layout.HEADS) {
            long[] heads = weight().getArr().shape();
            return graph().reshape(perOutput, heads[0], heads[1], 1);
        }
        boolean last = site.weightLayout() == Layout.WINDOW_FIRST || inputFirst();
        return last ? perOutput : graph().reshape(perOutput, -1, 1);
    }

    /**
     * The factors of one adapter in this module.
     *
     * @param bySuffix the variables by PEFT's suffix, in the site's factor layout
     * @param scaling factor on the update
     * @param dropoutMask multiplied onto the activation that the first factor sees; null without dropout
     */
    public record Factors(Map<String, SDVariable> bySuffix, double scaling, SDVariable dropoutMask) {

        /**
         * One factor.
         *
         * @param suffix PEFT's suffix
         * @return the variable
         */
        public SDVariable get(String suffix) {
            return bySuffix.get(suffix);
        }

        /**
         * Scales an activation or a factor.
         *
         * @param variable the thinner of the two at hand
         * @return the variable times {@link #scaling}; itself if that is 1
         */
        public SDVariable scale(SDVariable variable) {
            return scaling == 1 ? variable : variable.mul(scaling);
        }

        /**
         * Applies dropout.
         *
         * @param x the activation
         * @return the activation times the mask; itself without dropout
         */
        public SDVariable drop(SDVariable x) {
            return dropoutMask == null ? x : x.mul(dropoutMask);
        }
    }
}
