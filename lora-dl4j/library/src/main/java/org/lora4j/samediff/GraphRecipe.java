/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;

/**
 * How a method of adaptation looks in a SameDiff graph: the counterpart of its class in {@code method}, written once for
 * all kinds and forms of modules.
 *
 * @apiNote Status: experimental
 */
public interface GraphRecipe {

    /**
     * Emits what the adapter adds to the output of the module.
     *
     * @param site the module; {@link SiteGraph#base} is the output that the result is added to
     * @param factors the factors
     * @return a variable of the shape of the output
     */
    SDVariable outputDelta(SiteGraph site, SiteGraph.Factors factors);

    /**
     * Emits what the adapter adds to the weight of the module.
     *
     * @param site the module
     * @param factors the factors; there is no dropout in this form
     * @return a variable of the shape of the weight
     */
    SDVariable weightDelta(SiteGraph site, SiteGraph.Factors factors);
}
