/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A network with the adapters of a case computes what PEFT's did. */
final class NetworkChecks {

    private final ModelHost host;

    NetworkChecks(ModelHost host) {
        this.host = host;
    }

    void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        if (!host.knows(golden)) {
            return;
        }
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        INDArray yBase = golden.io().get("y_base");
        boolean deepened = golden.repeatsLayers()
                && golden.tolerance().compare(model.output(), yBase).problem() != null;
        checks.close("y_base", "without adapters", deepened ? host.outputOfBase(golden) : model.output(), yBase);
        if (deepened) {
            checks.note("PEFT repeated layers of the base itself: y_base is that of the base before");
        }
        for (Map.Entry<String, Adapter> adapter : adapters.entrySet()) {
            model.add(adapter.getKey(), adapter.getValue());
        }
        String[] active = golden.mergedAdapters().toArray(new String[0]);
        model.activate(active);
        boolean onlyMerged = new TiedHead(golden).isOnlyRightMerged(adapters);
        checks.close(
                "y_adapter", "output", model.output(), onlyMerged ? golden.mergedOutput() : golden.adaptedOutput());
        model.enable(false);
        if (!deepened) {
            checks.close("y_base", "adapters disabled", model.output(), yBase);
        }
        model.enable(true);
        checks.attempt("y_merged", () -> merged(golden, adapters, checks));
        checks.attempt("active sets", () -> activeSets(golden, model, checks));
        if (onlyMerged) {
            checks.note(
                    "PEFT's rows reach the tied head only when merged: compared with y_merged, gradients not compared");
            return;
        }
        checks.attempt("gradients", () -> gradients(golden, adapters, checks));
    }

    private void merged(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        Map<String, Adapter> asPeft = MergedAsPeft.of(golden, adapters);
        for (Map.Entry<String, Adapter> adapter : asPeft.entrySet()) {
            model.add(adapter.getKey(), adapter.getValue());
        }
        model.activate(asPeft.keySet().toArray(new String[0]));
        HostModel.Merged merged;
        try {
            merged = model.mergeAndUnload();
        } catch (IllegalStateException | IllegalArgumentException e) {
            boolean expected = !MergeChecks.isMergeable(golden);
            checks.that("y_merged", expected, CheckList.describe(e));
            return;
        }
        TiedHead tied = new TiedHead(golden);
        if (tied.isOnlyRightMerged(adapters)) {
            checks.close("y_merged", "output", merged.output(), golden.mergedOutput());
            return;
        }
        if (tied.isMergedOtherwise()) {
            checks.note(
                    "PEFT's merge changes the tied head with the table, its adapter does not: compared with y_adapter");
            checks.close("y_merged", "output", merged.output(), golden.adaptedOutput());
            return;
        }
        if (MergeChecks.isMergedInAnotherOrder(adapters)) {
            checks.close("y_merged", "output", merged.output(), golden.adaptedOutput());
            return;
        }
        // Where PEFT cannot merge, merging must at least keep the output.
        INDArray expected = MergeChecks.isMergeable(golden) ? golden.mergedOutput() : golden.adaptedOutput();
        checks.close("y_merged", "output", merged.output(), expected);
        if (MergeChecks.isMergeable(golden)) {
            MergeChecks.compare(golden, asPeft.values(), merged.weights(), "merged weights of the network", checks);
        }
    }

    private static void activeSets(GoldenCase golden, HostModel model, CheckList checks) {
        Map<String, INDArray> expected = golden.expected("y.");
        for (JsonNode set : golden.about().path("active_sets")) {
            List<String> names = GoldenCase.strings(set);
            String key = String.join("+", names);
            model.activate(names.toArray(new String[0]));
            checks.close("active sets", key, model.output(), expected.remove(key));
        }
        INDArray disabled = expected.remove("disabled");
        if (disabled != null) {
            model.enable(false);
            checks.close("active sets", "disabled", model.output(), disabled);
            model.enable(true);
        }
        INDArray mixed = expected.remove("mixed");
        if (mixed != null) {
            List<String> rows = golden.strings("mixed_batch_adapter_names");
            checks.close("active sets", "mixed", mixed(model, rows), mixed);
        }
        checks.that("active sets", expected.isEmpty(), "no active set in case.json for y." + expected.keySet());
    }

    /** Every row with its own adapter, each adapter on the whole batch. */
    private static INDArray mixed(HostModel model, List<String> rows) {
        Map<String, INDArray> outputs = new TreeMap<>();
        List<INDArray> picked = new ArrayList<>();
        for (int row = 0; row < rows.size(); row++) {
            INDArray output = outputs.computeIfAbsent(rows.get(row), name -> {
                model.activate(name.equals("__base__") ? new String[0] : new String[] {name});
                return model.output();
            });
            picked.add(output.tensorAlongDimension(row, dimensionsBut(output)).dup('c'));
        }
        return Nd4j.stack(0, picked.toArray(new INDArray[0]));
    }

    private static int[] dimensionsBut(INDArray output) {
        return java.util.stream.IntStream.range(1, output.rank()).toArray();
    }

    /** PEFT's are those of evaluation: without dropout, which a learning adapter of ours would have. */
    private void gradients(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        Map<String, INDArray> expected = golden.gradients();
        if (expected.isEmpty()) {
            return;
        }
        List<String> obstacles = adapters.values().iterator().next().config().obstaclesToTraining();
        if (!obstacles.isEmpty()) {
            checks.note("gradients not compared: " + obstacles);
            return;
        }
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        for (Map.Entry<String, Adapter> adapter : adapters.entrySet()) {
            model.add(adapter.getKey(), withoutDropout(adapter.getValue()));
        }
        List<String> active = golden.mergedAdapters();
        model.activate(active.toArray(new String[0]));
        HostModel.Gradients found = model.gradients(active.get(0));
        INDArray loss = golden.io().get(golden.io().containsKey("y_adapter_once") ? "loss_once" : "loss");
        if (loss == null) {
            INDArray y = golden.adaptedOutput();
            loss = Nd4j.scalar(y.mul(y).sumNumber().floatValue());
        }
        checks.close("loss", "loss", Nd4j.scalar((float) found.loss()), loss.reshape(new long[0]));
        expected.forEach((key, gradient) -> {
            String own = key.replace(".modules_to_save.", ".");
            if (!AdapterTensors.isCopy(own)) {
                checks.close("gradients", key, found.byKey().get(own), gradient);
            }
        });
    }

    private static Adapter withoutDropout(Adapter adapter) {
        return adapter.config().dropout() == 0
                ? adapter
                : Adapter.of(
                        adapter.loraConfig().toBuilder().dropout(0).build(),
                        adapter.modules(),
                        adapter.savedParameters());
    }
}
