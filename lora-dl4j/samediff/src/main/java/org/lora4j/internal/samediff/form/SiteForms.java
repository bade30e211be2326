/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * The table of forms: every way in which a graph may spell a module.
 *
 * @apiNote Status: internal
 */
public final class SiteForms {

    /** Where a weight is used in several ways, the earlier line keeps the plain module path: tables come first. */
    private static final List<SiteForm> TABLE = List.of(
            new GatherForm(),
            new MatmulForm(),
            new MatmulLeftForm(),
            new LinearOpForm(),
            new TensordotForm(),
            new AttentionForm(),
            new ConvolutionForm(1, "conv1d"),
            new ConvolutionForm(2, "conv2d"),
            new ConvolutionForm(3, "conv3dnew"),
            new RefusedForm());

    private SiteForms() {}

    /**
     * Asks every form that looks at an op's kind.
     *
     * @return what the forms say, in the order of the table
     */
    public static List<Finding> inspect(GraphReader reader, SameDiffOp op) {
        String kind = op.getOp().opName();
        List<Finding> findings = new ArrayList<>();
        for (SiteForm form : TABLE) {
            if (form.ops().contains(kind)) {
                findings.addAll(form.inspect(reader, op));
            }
        }
        return findings;
    }

    /**
     * The place of a form in the table.
     *
     * @return 0 or more
     */
    public static int order(SiteForm form) {
        return TABLE.indexOf(form);
    }
}
