/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.serve.FloatValues;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks adapters against a base and brings them into the form that a batch is filled from. */
final class AdapterPacking {

    private final ServedBase base;
    private final Map<String, BaseModule> weights = new LinkedHashMap<>();
    private final Map<String, BaseModule> biases = new LinkedHashMap<>();

    AdapterPacking(ServedBase base) {
        this.base = base;
        for (BaseModule module : base.modules().values()) {
            weights.put(module.weightPath(), module);
            if (module.biasPath() != null) {
                biases.putIfAbsent(module.biasPath(), module);
            }
        }
    }

    /** In which forms the base keeps its matrices. */
    Set<String> storedAs() {
        return base.storedAs();
    }

    /** The values of an adapter that was never seen before. The host that would run it alone knows whether it fits. */
    ServedAdapter checked(String name, Adapter adapter) {
        return packed(name, base.plain(name, adapter));
    }

    /** The values of an adapter that has been checked once. */
    ServedAdapter again(String name, Adapter adapter) {
        boolean movesBase = adapter.config().movesBase();
        return packed(name, movesBase ? base.plain(name, adapter) : adapter);
    }

    private ServedAdapter packed(String name, Adapter plain) {
        Problems problems = new Problems();
        AdapterConfig config = plain.config();
        problems.check(
                config instanceof LoraConfig,
                "it is an adapter of " + config.peftType()
                        + ", whose updates are no products of A and B; expected plain"
                        + " LoRA. Merge it, or serve it through " + base.host());
        problems.check(
                !(config instanceof LoraConfig lora) || !lora.dora(),
                "it is a DoRA adapter, whose update depends on the weight; expected plain LoRA."
                        + " Merge it, or serve it through " + base.host());
        problems.check(
                config.targetParameters().isEmpty(),
                "it adapts parameters (targetParameters " + config.targetParameters()
                        + "); expected modules only. Serve it through " + base.host());
        Map<String, ServedUpdate> updates = new LinkedHashMap<>();
        if (problems.isEmpty()) {
            plain.modules().forEach((path, factors) -> factors(config, path, factors, updates, problems));
            plain.savedParameters().forEach((path, saved) -> saved(path, saved, updates, problems));
        }
        problems.throwIfAny("adapter \"" + name + "\" in a server");
        return new ServedAdapter(updates);
    }

    private void factors(
            AdapterConfig config,
            String path,
            Map<String, INDArray> factors,
            Map<String, ServedUpdate> updates,
            Problems problems) {
        BaseModule module = base.modules().get(path);
        String refusal = module == null ? "it is no module of the base" : module.refusal();
        if (refusal == null
                && !Set.of(LoraMethod.A, LoraMethod.B, LoraMethod.B_BIAS).containsAll(factors.keySet())) {
            refusal = "it has " + factors.keySet() + ", expected factors of a linear map";
        }
        if (refusal != null) {
            problems.add("module \"" + path + "\": " + refusal);
        } else if (module.matters()) {
            float scaling = (float) config.scalingOf(path);
            float[] up = scaled(FloatValues.of(factors.get(LoraMethod.B).transpose()), scaling);
            ServedUpdate update = new ServedUpdate(FloatValues.of(factors.get(LoraMethod.A)), up, null, null);
            INDArray bias = factors.get(LoraMethod.B_BIAS);
            updates.put(path, bias == null ? update : update.withBias(scaled(FloatValues.of(bias), scaling)));
        }
    }

    private void saved(String path, INDArray saved, Map<String, ServedUpdate> updates, Problems problems) {
        boolean isWeight = weights.containsKey(path);
        BaseModule module = isWeight ? weights.get(path) : biases.get(path);
        String refusal = module == null ? "it belongs to no linear module" : module.refusal();
        if (refusal == null && !isWeight) {
            refusal = module.biasRefusal();
        }
        if (refusal != null) {
            problems.add("parameter \"" + path + "\" saved in full: " + refusal);
        } else if (module.matters()) {
            float[] difference = isWeight
                    ? difference(saved, module.weight().get(), true)
                    : difference(
                            saved.dup('c').reshape(-1).dup('c'), module.bias().get(), false);
            ServedUpdate known = updates.getOrDefault(module.path(), ServedUpdate.NONE);
            updates.put(module.path(), isWeight ? known.withWeight(difference) : withBias(known, difference));
        }
    }

    private static ServedUpdate withBias(ServedUpdate known, float[] added) {
        return known.withBias(known.bias() == null ? added : sum(known.bias(), added));
    }

    private static float[] difference(INDArray saved, INDArray base, boolean transposed) {
        INDArray difference = saved.castTo(base.dataType()).sub(base);
        return FloatValues.of(transposed ? difference.transpose() : difference);
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
