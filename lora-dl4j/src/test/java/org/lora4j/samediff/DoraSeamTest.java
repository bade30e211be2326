/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.array.RandomStreams;
import org.lora4j.graph.GraphCopy;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.OpPlan.Attachment;
import org.lora4j.samediff.OpPlan.Leaf;
import org.lora4j.samediff.OpPlan.SitePlan;
import org.lora4j.samediff.form.Site;
import org.lora4j.samediff.form.SiteGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a site offers is enough for a method that rescales outputs by the lengths of the adapted weight: DoRA (Liu et al.,
 * 2024, arXiv 2402.09353, equation 5), written here as a recipe alone, on every form.
 */
class DoraSeamTest {

    private static final String MAGNITUDE = "lora_magnitude_vector";
    private static final double SCALING = 0.75;

    /** {@code W' = m * V / |V|} with {@code V = W + s B A}, in both places where an adapter may be added. */
    private static final class Recipe implements GraphRecipe {

        private static SDVariable rescale(SiteGraph site, SiteGraph.Factors factors) {
            SDVariable norms = site.normPerOutput(site.weight().add(update(site, factors)));
            return factors.get(MAGNITUDE).div(norms);
        }

        private static SDVariable update(SiteGraph site, SiteGraph.Factors factors) {
            SDVariable a = factors.get(LoraMethod.down(site.shape()));
            SDVariable b = factors.get(LoraMethod.up(site.shape()));
            return site.product(factors.scale(a), b);
        }

        @Override
        public SDVariable outputDelta(SiteGraph site, SiteGraph.Factors factors) {
            SDVariable a = factors.get(LoraMethod.down(site.shape()));
            SDVariable b = factors.get(LoraMethod.up(site.shape()));
            SDVariable scale = site.alongOutputs(rescale(site, factors));
            SDVariable plain = site.bias() == null ? site.base() : site.base().sub(site.alongOutputs(site.bias()));
            SDVariable low = site.widen(factors.scale(site.narrow(site.input(), a)), b);
            return plain.mul(scale.sub(1)).add(low.mul(scale));
        }

        @Override
        public SDVariable weightDelta(SiteGraph site, SiteGraph.Factors factors) {
            SDVariable scale = site.alongWeight(rescale(site, factors));
            return site.weight().add(update(site, factors)).mul(scale).sub(site.weight());
        }
    }

    static List<FormCase> forms() {
        return FormCase.all();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void recipe_computesWhatTheMergedWeightComputes(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        GraphCopy adapted = GraphCopy.of(m.sd);
        GraphCopy merged = GraphCopy.of(m.sd);
        Map<String, List<SitePlan>> plans = new LinkedHashMap<>();

        for (GraphModule module : GraphModules.find(m.sd).modules()) {
            Map<String, INDArray> factors = factors(module);
            INDArray weight = m.sd.getVariable(module.weight()).getArr();
            merged.leaf(module.weight(), VariableType.CONSTANT, merge(module, weight, factors));
            for (Site site : module.sites()) {
                plans.computeIfAbsent(site.op(), op -> new ArrayList<>())
                        .add(new SitePlan(site, null, List.of(attachment(module, factors))));
            }
        }
        plans.forEach((op, sites) -> adapted.rewrite(op, new OpPlan(sites)));

        INDArray y = output(adapted.build(), m);
        assertThat(y.sub(output(merged.build(), m)).amaxNumber().doubleValue()).isLessThan(1e-10);
        assertThat(y.sub(m.output()).amaxNumber().doubleValue()).isGreaterThan(1e-3);
    }

    private static Map<String, INDArray> factors(GraphModule module) {
        var random = RandomStreams.of(3, module.path());
        Map<String, INDArray> factors = new LinkedHashMap<>();
        new LoraMethod()
                .factors(module.shape(), 2)
                .forEach((suffix, shape) ->
                        factors.put(suffix, RandomStreams.uniform(random, 1, DataType.DOUBLE, shape)));
        factors.put(
                MAGNITUDE,
                RandomStreams.uniform(random, 1, DataType.DOUBLE, module.shape().outputs()));
        return factors;
    }

    private static INDArray merge(GraphModule module, INDArray weight, Map<String, INDArray> factors) {
        INDArray peft = module.weightLayout().toPeft(weight, module.shape());
        INDArray sum = new LoraMethod().mergedWeight(module.shape(), peft, factors, SCALING);
        boolean columns = module.shape().kind() == org.lora4j.method.ModuleShape.Kind.EMBEDDING;
        INDArray rows = columns
                ? sum.transpose().dup('c')
                : sum.dup('c').reshape(module.shape().outputs(), -1);
        for (int i = 0; i < rows.rows(); i++) {
            double length = rows.getRow(i).norm2Number().doubleValue();
            rows.getRow(i).muli(factors.get(MAGNITUDE).getDouble(i) / length);
        }
        INDArray scaled = columns ? rows.transpose() : rows.reshape(peft.shape());
        return module.weightLayout().fromPeft(scaled, weight.shape());
    }

    private static Attachment attachment(GraphModule module, Map<String, INDArray> factors) {
        Map<String, Leaf> leaves = new LinkedHashMap<>();
        factors.forEach((suffix, array) -> leaves.put(
                suffix,
                new Leaf(
                        module.path() + "." + suffix,
                        VariableType.VARIABLE,
                        module.factorLayout().factorFromPeft(array))));
        return new Attachment(new Recipe(), leaves, SCALING, null);
    }

    private static INDArray output(SameDiff graph, FormCase.Maker m) {
        return graph.output(m.inputs, "y").get("y");
    }
}
