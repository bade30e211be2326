/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.cases.Tolerance;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Fresh adapters start as PEFT's do: equal where the start is determined, alike where it is random. */
final class StartChecks {

    private static final String FRESH = "fresh";

    private static final String START = "init_lora_weights";

    private static final long SEED = 7;

    /** What a sample of n numbers may be off: six standard errors, which chance exceeds once in 5e8 samples. */
    private static final double ERRORS = 6;

    /** Of a bound that is itself rounded to single precision. */
    private static final double ROUNDING = 1e-6;

    private final ModelHost host;

    StartChecks(ModelHost host) {
        this.host = host;
    }

    void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        Map<String, INDArray> init = golden.expected("init.");
        if (init.isEmpty()) {
            return;
        }
        String name = golden.mergedAdapters().get(0);
        if (!golden.expected("trained.").isEmpty()) {
            ConversionChecks.run(golden, adapters.get(name), checks);
            return;
        }
        LoraConfig config = adapters.get(name).loraConfig();
        // Those of ours that start from data are compared by DataStartChecks.
        boolean fromData = DataStartChecks.include(golden);
        if (!fromData && adapters.get(name).extras().containsKey(START)) {
            checks.unsupported("fresh adapters with " + START + " = "
                    + adapters.get(name).extras().get(START) + " (everything else of the case was checked)");
        } else if (!fromData && host.knows(golden)) {
            fresh(golden, config, init, checks);
        }
        if (host.knows(golden)) {
            HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
            model.add(FRESH, AdapterTensors.load(golden.folderOf(name), init, json -> {}));
            model.activate(FRESH);
            checks.close(
                    "y_init", "PEFT's start values", model.output(), golden.io().get("y_init"));
        }
    }

    private void fresh(GoldenCase golden, LoraConfig config, Map<String, INDArray> init, CheckList checks)
            throws IOException {
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        model.addFresh(FRESH, config, SEED);
        Adapter fresh = model.adapter(FRESH);
        Map<String, INDArray> tensors = AdapterTensors.of(fresh);
        // PEFT writes adapted tables and heads along; a fresh adapter of ours belongs to the base that there is.
        Map<String, INDArray> expected = new TreeMap<>(init);
        expected.keySet().removeIf(key -> key.endsWith(".base_layer.weight") && !tensors.containsKey(key));
        checks.that(
                "start values",
                tensors.keySet().equals(expected.keySet()),
                "keys are " + tensors.keySet() + ", expected " + expected.keySet());
        expected.forEach((key, array) -> checks.that(
                "start values",
                tensors.containsKey(key)
                        && Arrays.equals(array.shape(), tensors.get(key).shape()),
                key + " is missing or has another shape than " + Arrays.toString(array.shape())));
        fresh.modules().forEach((path, factors) -> module(golden, config, path, factors, init, checks));
        if (config.initialization() != Initialization.RANDOM) {
            model.activate(FRESH);
            checks.close(
                    "y_init",
                    "start values of ours",
                    model.output(),
                    golden.io().get("y_init"));
        }
    }

    private static void module(
            GoldenCase golden,
            LoraConfig config,
            String path,
            Map<String, INDArray> factors,
            Map<String, INDArray> init,
            CheckList checks) {
        boolean embedding = factors.containsKey("lora_embedding_A");
        INDArray a = factors.get(embedding ? "lora_embedding_A" : "lora_A.weight");
        INDArray b = factors.get(embedding ? "lora_embedding_B" : "lora_B.weight");
        String key = "base_model.model." + path;
        INDArray theirA = init.get(key + (embedding ? ".lora_embedding_A" : ".lora_A.weight"));
        INDArray theirB = init.get(key + (embedding ? ".lora_embedding_B" : ".lora_B.weight"));
        switch (config.initialization()) {
            case KAIMING_UNIFORM, GAUSSIAN -> {
                boolean gaussian = config.initialization() == Initialization.GAUSSIAN;
                zero(path, embedding ? a : b, checks);
                double deviation = gaussian ? 1.0 / a.size(0) : uniform(a);
                spread(path, embedding ? b : a, embedding ? 1 : deviation, checks);
                double bound = embedding || gaussian ? Double.POSITIVE_INFINITY : Math.sqrt(3) * deviation;
                checks.that(
                        "start values",
                        largest(a) <= bound * (1 + ROUNDING),
                        path + ": A reaches " + largest(a) + ", expected at most " + bound);
            }
            case RANDOM -> {
                spread(path, a, embedding ? 1 : uniform(a), checks);
                spread(path, b, embedding ? 1 : uniform(b), checks);
            }
            case ORTHOGONAL -> {
                checks.that("start values", largest(a) > 0 && largest(b) > 0, path + ": a factor is zero");
                INDArray product = product(a, b);
                checks.close("start values", path + ": B A", product, product.mul(0));
            }
            case MICA -> {
                // B is orthonormal, and what it spans does not depend on signs.
                zero(path, a, checks);
                checks.close("start values", path + ": B B^T", b.mmul(b.transpose()), theirB.mmul(theirB.transpose()));
            }
            default -> {
                INDArray product = product(a, b);
                checks.close("start values", path + ": B A", product, product(theirA, theirB));
                boolean turned = embedding || config.fanInFanOut();
                INDArray update = (turned ? product.transpose() : product).mul(config.scalingOf(path));
                String weight = path + ".weight";
                INDArray base = golden.base().get(weight);
                INDArray residual = base.sub(update.dup('c').reshape(base.shape()));
                checks.close(
                        "residual", weight, residual, golden.expected("resid.").get(weight));
            }
        }
    }

    /** Deviation of a uniform start within one over the root of the inputs. */
    private static double uniform(INDArray factor) {
        return 1 / Math.sqrt(3.0 * factor.length() / factor.size(0));
    }

    /** B A as a matrix, whatever the window. */
    private static INDArray product(INDArray a, INDArray b) {
        return b.reshape('c', b.size(0), -1).mmul(a.reshape('c', a.size(0), -1));
    }

    private static void zero(String path, INDArray array, CheckList checks) {
        checks.that("start values", largest(array) == 0, path + ": a factor is not zero");
    }

    private static double largest(INDArray array) {
        return Arrays.stream(Tolerance.values(array)).map(Math::abs).max().orElseThrow();
    }

    private static void spread(String path, INDArray array, double deviation, CheckList checks) {
        double[] values = Tolerance.values(array);
        double mean = 0;
        double square = 0;
        for (double value : values) {
            mean += value / values.length;
            square += value * value / values.length;
        }
        double off = ERRORS / Math.sqrt(values.length);
        checks.that(
                "start values",
                Math.abs(mean) <= deviation * off && Math.abs(Math.sqrt(square) / deviation - 1) <= off,
                path + ": mean " + mean + " and deviation " + Math.sqrt(square) + ", expected 0 and " + deviation);
    }
}
