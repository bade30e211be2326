/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.ModelHost;
import org.lora4j.method.StepRule;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Training from PEFT's start gives PEFT's losses, gradients and parameters after every step. */
final class TrainingChecks {

    private static final String NAME = "trained";

    private final ModelHost host;

    TrainingChecks(ModelHost host) {
        this.host = host;
    }

    void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        Map<String, INDArray> start = golden.expected("start.");
        if (start.isEmpty() || !host.knows(golden)) {
            return;
        }
        TrainingRecipe recipe = new TrainingRecipe(golden.about());
        HostModel model = host.build(golden, recipe.loss());
        String folder = golden.mergedAdapters().get(0);
        // A seed of PyTorch's cannot be repeated here: only without dropout are steps comparable.
        model.add(NAME, AdapterTensors.load(golden.folderOf(folder), start, config -> {
            config.put("lora_dropout", 0.0);
            if (config.path("peft_type").asText().equals("ADALORA")) {
                // Of the adapter that was saved after training.
                config.putNull("rank_pattern");
            }
        }));
        if (adapters.get(folder).config().dropout() != 0) {
            checks.note("trained without the dropout of the config");
        }
        model.activate(NAME);
        TrainingPlan plan = recipe.plan(model.keys(NAME));
        Map<String, INDArray> gradients = golden.expected("grad0.");
        Map<String, INDArray> found = new TreeMap<>(model.gradients(NAME).byKey());
        Map<String, String> keys = model.keys(NAME);
        Trainable learning = model.trainable(NAME);
        for (StepRule rule : learning.stepRules()) {
            Map<String, INDArray> values = new LinkedHashMap<>();
            learning.trainableParameters().forEach(parameter -> values.put(parameter.name(), parameter.value()));
            rule.penalty(values)
                    .gradients()
                    .forEach((name, gradient) -> found.merge(keys.get(name), gradient, INDArray::add));
        }
        gradients.forEach(
                (key, gradient) -> checks.close("grad0", key, AdapterTensors.meant(key, found, Map.of()), gradient));
        train(golden, model, plan, checks);
        if (adapters.get(folder).config() instanceof AdaLoraConfig allocated) {
            checkAllocation(adapters.get(folder), allocated, model, checks);
        }
    }

    /** What is saved after training is what PEFT saved: the rows that were kept. */
    private static void checkAllocation(Adapter stored, AdaLoraConfig allocated, HostModel model, CheckList checks) {
        Adapter trained = model.adapter(NAME);
        Map<String, List<Boolean>> kept = ((AdaLoraConfig) trained.config()).keptTriplets();
        checks.that(
                "allocation",
                kept.equals(allocated.keptTriplets()),
                "kept " + kept + ", expected " + allocated.keptTriplets());
        Map<String, INDArray> found = AdapterTensors.of(trained);
        AdapterTensors.of(stored).forEach((key, array) -> checks.close("allocation", key, found.get(key), array));
    }

    private static void train(GoldenCase golden, HostModel model, TrainingPlan plan, CheckList checks) {
        INDArray both = golden.io().get("losses");
        // AdaLoRA's have the loss alone, and with the penalty.
        INDArray losses = both.rank() == 2 ? both.getColumn(1).dup('c') : both;
        Map<String, String> keys = model.keys(NAME);
        Trainable learning = model.trainable(NAME);
        RunListener compare = new RunListener() {
            @Override
            public void onStep(StepReport report) {
                INDArray loss = Nd4j.scalar((float) report.loss());
                checks.close(
                        "losses",
                        "step " + report.step(),
                        loss,
                        losses.getScalar(report.step() - 1).reshape(new long[0]));
                String prefix = "step" + report.step() + ".";
                Map<String, INDArray> found = AdapterTensors.of(model.adapter(NAME));
                if (golden.about().has("nonzero_E")) {
                    // The adapter has what is kept so far, PEFT's values all.
                    learning.trainableParameters()
                            .forEach(parameter -> found.put(keys.get(parameter.name()), parameter.value()));
                    checkNonZero(golden.about().path("nonzero_E").get((int) report.step() - 1), found, checks);
                }
                Map<String, INDArray> expected = golden.expected(prefix);
                checks.that(
                        "steps", !expected.isEmpty() || golden.about().has("nonzero_E"), "the case has no " + prefix);
                expected.forEach((key, array) ->
                        checks.close("steps", prefix + key, AdapterTensors.meant(key, found, golden.base()), array));
            }
        };
        var result = Trainer.builder(learning)
                .plan(plan)
                .listener(compare)
                .build()
                .train(Batches.inOrder(List.of(model.batch())));
        checks.that(
                "losses",
                result.losses().size() == losses.length(),
                result.losses().size() + " steps, expected " + losses.length());
    }

    private static void checkNonZero(JsonNode expected, Map<String, INDArray> found, CheckList checks) {
        expected.properties().forEach(entry -> {
            INDArray e = found.get(entry.getKey().replaceAll("\\.default$", ""));
            int number = 0;
            for (double value : e.dup('c').data().asDouble()) {
                number += value == 0 ? 0 : 1;
            }
            checks.that(
                    "allocation",
                    number == entry.getValue().asInt(),
                    entry.getKey() + " has " + number + " values, expected " + entry.getValue());
        });
    }
}
