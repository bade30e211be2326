/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.array.DenseArray;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.graph.GraphOrder;
import org.lora4j.method.LoraMethod;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModule;
import org.lora4j.samediff.form.Site;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks adapters against a base and brings them into the form that a batch is filled from. */
final class Packing {

    private final SameDiff base;
    private final AdaptedSameDiff checker;
    private final ServableModules servable;
    private final Map<String, GraphModule> weights = new LinkedHashMap<>();
    private final Map<String, GraphModule> biases = new LinkedHashMap<>();

    Packing(SameDiff base, AdaptedSameDiff checker, ServableModules servable) {
        this.base = base;
        this.checker = checker;
        this.servable = servable;
        for (GraphModule module : checker.modules()) {
            weights.put(module.weightPath(), module);
            if (module.bias() != null) {
                biases.putIfAbsent(module.biasPath(), module);
            }
        }
    }

    /** The values of an adapter that was never seen before. */
    ServedAdapter checked(String name, Adapter adapter) {
        return packed(name, plain(name, adapter));
    }

    /** The values of an adapter that has been checked once. */
    ServedAdapter again(String name, Adapter adapter) {
        return packed(name, movesBase(adapter) ? plain(name, adapter) : adapter);
    }

    private static boolean movesBase(Adapter adapter) {
        return adapter.config().initialization().movesBase();
    }

    // The host that would run the adapter alone knows best whether it fits.
    private synchronized Adapter plain(String name, Adapter adapter) {
        checker.addAdapter(name, adapter);
        try {
            return movesBase(adapter) ? checker.plainAdapter(name) : adapter;
        } finally {
            checker.removeAdapter(name);
        }
    }

    private ServedAdapter packed(String name, Adapter plain) {
        Problems problems = new Problems();
        LoraConfig config = plain.config();
        problems.check(
                !config.dora(),
                "it is a DoRA adapter, whose update depends on the weight; expected plain LoRA."
                        + " Merge it, or serve it through AdaptedSameDiff");
        problems.check(
                config.targetParameters().isEmpty(),
                "it adapts parameters (targetParameters " + config.targetParameters()
                        + "); expected modules only. Serve it through AdaptedSameDiff");
        Map<String, ModuleUpdate> updates = new LinkedHashMap<>();
        if (problems.isEmpty()) {
            plain.modules().forEach((path, factors) -> factors(config, path, factors, updates, problems));
            plain.savedParameters().forEach((path, saved) -> saved(path, saved, updates, problems));
        }
        problems.throwIfAny("adapter \"" + name + "\" in a server");
        return new ServedAdapter(updates);
    }

    private void factors(
            LoraConfig config,
            String path,
            Map<String, INDArray> factors,
            Map<String, ModuleUpdate> updates,
            Problems problems) {
        GraphModule module = checker.graphModules().get(path);
        String refusal = servable.refusal(path);
        if (refusal != null
                || !Set.of(LoraMethod.A, LoraMethod.B, LoraMethod.B_BIAS).containsAll(factors.keySet())) {
            problems.add("module \"" + path + "\": "
                    + (refusal == null
                            ? "it has " + factors.keySet() + ", expected factors of a linear map"
                            : refusal));
        } else if (servable.matters(path)) {
            float scaling = (float) config.scalingOf(path);
            float[] up = scaled(values(factors.get(LoraMethod.B).transpose()), scaling);
            ModuleUpdate update = new ModuleUpdate(values(factors.get(LoraMethod.A)), up, null, null);
            INDArray bias = factors.get(LoraMethod.B_BIAS);
            updates.put(module.path(), bias == null ? update : update.withBias(scaled(values(bias), scaling)));
        }
    }

    private void saved(String path, INDArray saved, Map<String, ModuleUpdate> updates, Problems problems) {
        boolean isWeight = weights.containsKey(path);
        GraphModule module = isWeight ? weights.get(path) : biases.get(path);
        String refusal = module == null ? "it belongs to no linear module" : servable.refusal(module.path());
        if (refusal == null && !isWeight) {
            refusal = biasProblem(module);
        }
        if (refusal != null) {
            problems.add("parameter \"" + path + "\" saved in full: " + refusal);
            return;
        }
        if (servable.matters(module.path())) {
            updates.merge(
                    module.path(),
                    isWeight
                            ? ModuleUpdate.NONE.withWeight(values(difference(module, saved)))
                            : ModuleUpdate.NONE.withBias(values(biasDifference(module, saved))),
                    isWeight ? (known, added) -> known.withWeight(added.weight()) : Packing::withBias);
        }
    }

    private static ModuleUpdate withBias(ModuleUpdate known, ModuleUpdate added) {
        return known.withBias(known.bias() == null ? added.bias() : sum(known.bias(), added.bias()));
    }

    // A bias that is used elsewhere, too, would change there as well in an adapted graph.
    private String biasProblem(GraphModule module) {
        boolean everywhere =
                module.sites().stream().allMatch(site -> module.bias().equals(site.bias()));
        int readers = GraphOrder.consumers(base, module.bias()).size();
        return everywhere && readers <= module.sites().size()
                ? null
                : "the bias \"" + module.bias() + "\" is not added behind each use of module \"" + module.path()
                        + "\" and there only";
    }

    private INDArray difference(GraphModule module, INDArray saved) {
        Site site = module.sites().get(0);
        INDArray weight = site.weightLayout().toPeft(array(module.weight()), module.shape());
        return saved.castTo(weight.dataType()).sub(weight).transpose();
    }

    private INDArray biasDifference(GraphModule module, INDArray saved) {
        INDArray bias = array(module.bias()).dup('c').reshape(-1).dup('c');
        return saved.castTo(bias.dataType()).dup('c').reshape(-1).sub(bias);
    }

    private INDArray array(String variable) {
        return base.getVariable(variable).getArr();
    }

    static float[] values(INDArray array) {
        float[] values = new float[Math.toIntExact(array.length())];
        try (DenseArray dense = DenseArray.rowMajor(array.castTo(DataType.FLOAT))) {
            dense.read(0L, values, values.length);
        }
        return values;
    }

    private static float[] scaled(float[] values, float scaling) {
        float[] scaled = Arrays.copyOf(values, values.length);
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= scaling;
        }
        return scaled;
    }

    private static float[] sum(float[] one, float[] other) {
        float[] sum = Arrays.copyOf(one, one.length);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += other[i];
        }
        return sum;
    }
}
