/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import org.lora4j.method.ModuleShape;

/**
 * One place in a graph where a module is applied.
 *
 * @param form how the graph spells it
 * @param op own name of the op
 * @param dataInput position of the activation among the op's inputs
 * @param weightInput position of the weight among the op's inputs
 * @param weight name of the leaf that holds the weight
 * @param bias name of the leaf that holds the bias, or null
 * @param role name of the module within the op where one op has several, for instance {@code q_proj}; else null
 * @param weightLayout how the weight lies
 * @param factorLayout how the factors lie
 * @apiNote Status: internal
 */
public record Site(
        SiteForm form,
        String op,
        int dataInput,
        int weightInput,
        String weight,
        String bias,
        String role,
        ModuleShape shape,
        Layout weightLayout,
        Layout factorLayout)
        implements Finding {

    /**
     * Whether another site spells the same module: the same weight, read in the same way.
     *
     * @return true if both can share one set of factors
     */
    public boolean sameModule(Site other) {
        return weight.equals(other.weight)
                && form == other.form
                && shape.equals(other.shape)
                && weightLayout == other.weightLayout
                && factorLayout == other.factorLayout;
    }
}
