/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.internal.graph.OpContext;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * One way in which a SameDiff graph spells a module: how to recognize it, how its weight lies, how to apply another
 * weight of the same kind in its place.
 *
 * <p>To add a form write one class and add its line to {@link SiteForms}. Methods of adaptation are written against
 * {@link SiteGraph} and never see a form.
 *
 * @apiNote Status: internal
 */
public interface SiteForm {

    /** The name of the form in reports. */
    String name();

    /** The kinds of ops ({@code opName}) that this form looks at. */
    Set<String> ops();

    /**
     * Looks at one op.
     *
     * @param op an op of one of {@link #ops}
     * @return a {@link Site} for each module that the op applies, a {@link RefusedWeight} for each weight that cannot be
     *     adapted; empty if the op has no weight
     */
    List<Finding> inspect(GraphReader reader, SameDiffOp op);

    /**
     * Whether the adapter is added to the weight, because the op does more than apply it.
     *
     * @return false if the adapter is added to the output of the op
     */
    default boolean fedByWeight() {
        return false;
    }

    /**
     * Emits the module with the given inputs, up to the place where an adapter is added.
     *
     * @param inputs the inputs, with replaced weights in place
     * @return the output before anything that follows within the op, such as an activation function
     */
    default SDVariable base(OpContext context, List<SDVariable> inputs) {
        return context.emit(inputs).get(0);
    }

    /**
     * Emits what follows within the op.
     *
     * @param adapted the output of {@link #base} with the adapters added
     */
    default SDVariable finish(OpContext context, SDVariable adapted) {
        return adapted;
    }

    /**
     * Emits a module of the same kind with {@code rank} outputs and no bias.
     *
     * @param a the factor, in the site's factor layout
     * @return the thin activation
     * @throws UnsupportedOperationException if adapters are added to the weight
     */
    default SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        throw noOutput(site);
    }

    /**
     * Emits a linear map at every position.
     *
     * @param thin the result of {@link #narrow}
     * @param b the factor, in the site's factor layout
     * @param like a variable of the wanted shape
     * @return an activation of the shape of {@code like}
     * @throws UnsupportedOperationException if adapters are added to the weight
     */
    default SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        throw noOutput(site);
    }

    private static UnsupportedOperationException noOutput(Site site) {
        return new UnsupportedOperationException(
                "op " + MessageText.name(site.op()) + ", weight " + MessageText.name(site.weight()) + ": form "
                        + MessageText.name(site.form().name())
                        + " has no output of its own to add to; expected an adapter on the weight."
                        + " Use AdapterMethod.weight.");
    }

    /** Reshapes a vector with one value for each output so that it broadcasts over the output of the op. */
    default SDVariable alongOutputs(OpContext context, Site site, SDVariable perOutput) {
        return perOutput;
    }

    /**
     * An activation as a matrix with a row for each position.
     *
     * @return the matrix {@code [positions, inputs]}
     */
    default SDVariable inputRows(OpContext context, Site site, SDVariable x) {
        return x;
    }

    /**
     * What {@link #inputRows} undoes.
     *
     * @param x an activation of the wanted shape
     * @return the numbers as the activation has them
     */
    default SDVariable fromInputRows(OpContext context, Site site, SDVariable rows, SDVariable x) {
        return rows;
    }

    /**
     * An output of {@link #base} as a matrix with a row for each position.
     *
     * @return the matrix {@code [positions, outputs]}
     */
    default SDVariable outputRows(OpContext context, Site site, SDVariable y) {
        return y;
    }

    /**
     * What {@link #outputRows} undoes.
     *
     * @param y an output of the wanted shape
     * @return the numbers as the output has them
     */
    default SDVariable fromOutputRows(OpContext context, Site site, SDVariable rows, SDVariable y) {
        return rows;
    }

    /**
     * Whether {@link #alongInputs} and {@link #inputRows} know the axis of the inputs. Where they do not, methods that
     * change inputs change the weight.
     *
     * @return true unless the form says otherwise
     */
    default boolean knowsInputAxis() {
        return true;
    }

    /** Reshapes a vector with one value for each input so that it broadcasts over the activation. */
    default SDVariable alongInputs(OpContext context, Site site, SDVariable perInput) {
        return perInput;
    }
}
