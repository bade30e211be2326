/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Scaling;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter that PEFT turned into plain LoRA computes what it computed on the base that its start had reduced. */
final class ConversionChecks {

    private ConversionChecks() {}

    static void run(GoldenCase golden, Adapter converted, CheckList checks) throws IOException {
        Map<String, INDArray> trained = golden.expected("trained.");
        String folder = golden.mergedAdapters().get(0);
        Adapter before =
                AdapterTensors.load(golden.folderOf(folder), trained, config -> edit(golden, converted, config));
        List<Adapter> merged = List.of(before);
        MergeChecks.compare(
                golden, merged, MergeChecks.merged(golden, merged), "merged weights before the conversion", checks);
    }

    /** The conversion doubles the ranks and keeps the scalings. */
    private static void edit(GoldenCase golden, Adapter converted, ObjectNode config) {
        boolean stabilized = converted.loraConfig().scalingRule() == Scaling.RANK_STABILIZED;
        config.put("r", converted.loraConfig().rank() / 2);
        config.put("lora_alpha", converted.loraConfig().alpha() / (stabilized ? Math.sqrt(2) : 2));
        // PEFT refuses to convert patterns with rank-stabilized scaling.
        halve(config.path("rank_pattern"), converted.loraConfig().rankPattern(), rank -> IntNode.valueOf(rank / 2));
        halve(
                config.path("alpha_pattern"),
                converted.loraConfig().alphaPattern(),
                alpha -> DoubleNode.valueOf(alpha / 2));
        config.put("init_lora_weights", golden.features().contains("olora") ? "olora" : "pissa");
    }

    private static <T> void halve(JsonNode pattern, Map<String, T> values, Function<T, JsonNode> half) {
        if (pattern instanceof ObjectNode fields) {
            values.forEach((key, value) -> fields.set(key, half.apply(value)));
        }
    }
}
