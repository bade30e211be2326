/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Several adapters of PEFT in one model. */
class PeftMultiTest {

    private static AdaptedSameDiff load(PeftCase golden, String... names) throws IOException {
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        for (String name : names) {
            model.addAdapter(name, Adapter.load(golden.adapter(name)));
        }
        return model;
    }

    private static INDArray output(PeftCase golden, AdaptedSameDiff model) {
        return model.output(golden.inputs(), "y").get("y");
    }

    @Test
    void everySetOfActiveAdapters_computesWhatPeftComputes() throws IOException {
        PeftCase golden = PeftCase.open("multi-two-adapters");
        AdaptedSameDiff model = load(golden, "default", "other");

        for (List<String> active : List.of(List.of("default"), List.of("other"), List.of("default", "other"))) {
            model.activate(active.toArray(new String[0]));
            golden.assertClose(output(golden, model), golden.io.get("y." + String.join("+", active)));
        }
        model.disable();
        golden.assertClose(output(golden, model), golden.io.get("y.disabled"));
    }

    @Test
    void bothMerged_giveTheWeightsOfPeft() throws IOException {
        PeftCase golden = PeftCase.open("multi-two-adapters");
        AdaptedSameDiff model = load(golden, "default", "other");
        model.activate("default", "other");

        Map<String, INDArray> outputs = model.mergeAndUnload().output(golden.inputs(), "y");
        model.merge();

        golden.assertClose(outputs.get("y"), golden.io.get("y_merged"));
        golden.assertClose(output(golden, model), golden.io.get("y_merged"));
        INDArray weight = model.mergeAndUnload().getVariable("fc1.weight").getArr();
        golden.assertClose(weight, golden.io.get("merged.fc1.weight"));
    }

    @Test
    void adaptersWithACopyOfTheSameModule_areActiveOneAtATime() throws IOException {
        PeftCase golden = PeftCase.open("multi-modules-to-save");
        AdaptedSameDiff model = load(golden, "a", "b");

        for (String name : List.of("a", "b")) {
            model.activate(name);
            golden.assertClose(output(golden, model), golden.io.get("y." + name));
        }
        assertThatThrownBy(() -> model.activate("a", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both hold a fully trained copy of \"fc3.weight\"");
        // Not y_merged: PEFT merged the update of b there while the copy of a was active.
        golden.assertClose(model.mergeAndUnload().output(golden.inputs(), "y").get("y"), golden.io.get("y.b"));
        assertThat(model.activeAdapters()).containsExactly("b");
    }
}
