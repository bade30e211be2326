/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.ModelHost;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
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
        model.add(NAME, AdapterTensors.load(golden.folderOf(folder), start, config -> config.put("lora_dropout", 0.0)));
        if (adapters.get(folder).config().dropout() != 0) {
            checks.note("trained without the dropout of the config");
        }
        model.activate(NAME);
        TrainingPlan plan = recipe.plan(model.keys(NAME));
        Map<String, INDArray> gradients = golden.expected("grad0.");
        Map<String, INDArray> found = model.gradients(NAME).byKey();
        gradients.forEach((key, gradient) -> checks.close("grad0", key, found.get(key), gradient));
        train(golden, model, plan, checks);
    }

    private static void train(GoldenCase golden, HostModel model, TrainingPlan plan, CheckList checks) {
        INDArray losses = golden.io().get("losses");
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
                Map<String, INDArray> expected = golden.expected(prefix);
                checks.that("steps", !expected.isEmpty(), "the case has no " + prefix);
                expected.forEach((key, array) -> checks.close("steps", prefix + key, found.get(key), array));
            }
        };
        var result = Trainer.builder(model.trainable(NAME))
                .plan(plan)
                .listener(compare)
                .build()
                .train(Batches.inOrder(List.of(model.batch())));
        checks.that(
                "losses",
                result.losses().size() == losses.length(),
                result.losses().size() + " steps, expected " + losses.length());
    }
}
