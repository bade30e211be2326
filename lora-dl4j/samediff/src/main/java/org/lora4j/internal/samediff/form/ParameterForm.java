/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.List;
import java.util.Set;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * A parameter that is adapted as such, whatever ops read it: the adapter is added to its value, and all readers see the
 * sum. It is no line of {@link SiteForms}, because a config names such parameters one by one.
 *
 * @apiNote Status: internal
 */
public final class ParameterForm implements SiteForm {

    private static final ParameterForm FORM = new ParameterForm();

    private ParameterForm() {}

    /**
     * A parameter as a site.
     *
     * @param leaf name of the variable that holds it
     * @param op own name of one of the ops that read it
     * @param shape the parameter seen as a module
     * @param layout how it lies
     * @return a site whose weight is the only input
     */
    public static Site site(String leaf, String op, ModuleShape shape, Layout layout) {
        return new Site(FORM, op, -1, 0, leaf, null, null, shape, layout, Layout.SAME);
    }

    @Override
    public String name() {
        return "parameter";
    }

    @Override
    public Set<String> ops() {
        return Set.of();
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        return List.of();
    }

    @Override
    public boolean fedByWeight() {
        return true;
    }
}
