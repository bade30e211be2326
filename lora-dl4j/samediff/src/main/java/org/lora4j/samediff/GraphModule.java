/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Objects;
import org.lora4j.internal.samediff.form.Layout;
import org.lora4j.internal.samediff.form.ModuleSites;
import org.lora4j.internal.samediff.form.ParameterForm;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;

/**
 * A module of a SameDiff graph: one weight, read in one way by one or more ops.
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: stable
 */
public final class GraphModule implements AdaptableModule {

    static {
        ModuleSites.answeredBy(module -> ((GraphModule) module).sites());
    }

    private final String path;
    private final List<Site> sites;

    /** A module by its dotted path, which is unique within the graph, and its uses: one or more, all of the same form. */
    GraphModule(String path, List<Site> sites) {
        this.path = path;
        this.sites = List.copyOf(sites);
    }

    @Override
    public String path() {
        return path;
    }

    List<Site> sites() {
        return sites;
    }

    @Override
    public ModuleShape shape() {
        return sites.get(0).shape();
    }

    /**
     * The leaf that holds the weight.
     *
     * @return name of a variable of the graph
     */
    public String weight() {
        return sites.get(0).weight();
    }

    /**
     * The leaf that holds the bias.
     *
     * @return name of a variable of the graph, or null
     */
    public String bias() {
        return sites.stream()
                .map(Site::bias)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /**
     * How the graph spells the module.
     *
     * @return name of the form
     */
    public String form() {
        return sites.get(0).form().name();
    }

    /**
     * The ops that apply the module.
     *
     * @return own names of ops
     */
    public List<String> uses() {
        return sites.stream().map(Site::op).toList();
    }

    /**
     * Whether adapters are added to the weight and not to the output, because the op is one piece.
     *
     * @return true for the projections of attention ops; dropout is not possible there
     */
    public boolean fedByWeight() {
        return sites.get(0).form().fedByWeight();
    }

    /**
     * The path under which adapters save the weight when it is trained fully.
     *
     * @return path of the weight as a parameter
     */
    public String weightPath() {
        return isParameter() && !isAttentionInput() ? path : ModulePaths.parameter(path, weight(), "weight");
    }

    /**
     * The path under which adapters save the bias when it is trained fully.
     *
     * @return path of the bias as a parameter, whether or not there is one
     */
    public String biasPath() {
        return ModulePaths.parameter(path, weight(), "bias");
    }

    /**
     * Whether this is the input projection of a torch.nn.MultiheadAttention, whose output projection is a module of its
     * own but adapted with it.
     */
    boolean isAttentionInput() {
        return ModulePaths.isInProjection(weight()) && !ModulePaths.isInProjection(path);
    }

    /** Whether adapters change the value of the weight, for all ops that read it. */
    boolean isParameter() {
        return sites.get(0).form() instanceof ParameterForm;
    }

    Layout weightLayout() {
        return sites.get(0).weightLayout();
    }

    Layout factorLayout() {
        return sites.get(0).factorLayout();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GraphModule module && path.equals(module.path) && sites.equals(module.sites);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, sites);
    }

    @Override
    public String toString() {
        return path + ": " + shape() + " (" + form() + ", weight \"" + weight() + "\", ops " + uses() + ")";
    }
}
