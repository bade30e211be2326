/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;
import org.lora4j.samediff.CordaStart;
import org.lora4j.samediff.EvaStart;
import org.lora4j.samediff.LoraGaStart;
import org.lora4j.samediff.LoraStart;
import org.lora4j.samediff.StartedAdapter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Starts that come from data are PEFT's: directions, ranks, what the base gives up. Where a saved adapter belongs to a base
 * that no file holds, it is refused by name, and its conversion to plain LoRA acts instead.
 */
final class DataStartChecks {

    private static final String CHECK = "start from data";

    private static final Map<String, LoraGaStart.Direction> DIRECTIONS = Map.of(
            "ArB2r", LoraGaStart.Direction.A_R_B_2R,
            "A2rBr", LoraGaStart.Direction.A_2R_B_R,
            "ArBr", LoraGaStart.Direction.A_R_B_R);

    private static final Map<String, LoraGaStart.Scale> SCALES = Map.of(
            "stable", LoraGaStart.Scale.STABLE,
            "gd_scale", LoraGaStart.Scale.DIVIDED_BY_SCALING,
            "weight_svd", LoraGaStart.Scale.OF_WEIGHT,
            "unit", LoraGaStart.Scale.UNIT);

    private final ModelHost host;

    DataStartChecks(ModelHost host) {
        this.host = host;
    }

    /** The data that a case shows, by the name of the start. */
    static boolean include(GoldenCase golden) {
        return golden.io().keySet().stream().anyMatch(key -> key.matches("(eva|corda|lora_ga)\\.batch\\.0"));
    }

    private static boolean isConverted(GoldenCase golden) {
        return golden.directory().resolve("converted").toFile().exists();
    }

    /** Whether a case says nothing of a host without starts from data. */
    static boolean needsStart(GoldenCase golden) {
        return include(golden) && golden.family().equals("lora-init-data") && !isConverted(golden);
    }

    /** What needs no start of ours: the conversion, if there is one. */
    void runConverted(GoldenCase golden, CheckList checks) throws IOException {
        if (isConverted(golden)) {
            converted(golden, checks);
        }
    }

    void run(GoldenCase golden, CheckList checks) throws IOException {
        runConverted(golden, checks);
        JsonNode file = new ObjectMapper()
                .readTree(golden.directory().resolve("adapter_config.json").toFile());
        String name = file.path("init_lora_weights").asText();
        Map<String, INDArray> init = golden.expected("init.");
        LoraConfig config = AdapterTensors.load(golden.directory(), init, DataStartChecks::plain)
                .loraConfig();
        if (name.equals("eva")) {
            // The ranks in the file are those that it found.
            config = config.toBuilder().rankPattern(Map.of()).build();
        }
        HostModel model = host.build(golden, name.equals("lora_ga") ? Loss.MEAN_SQUARED_ERROR : Loss.SUM_OF_SQUARES);
        StartedAdapter started = model.addStarted("started", start(name, file), config, batches(golden, name));
        model.activate("started");
        checks.close("y_init", "start of ours", model.output(), golden.io().get("y_init"));
        started.factors().forEach((path, factors) -> {
            INDArray a = factors.get("lora_A.weight");
            INDArray b = factors.get("lora_B.weight");
            INDArray theirA = init.get("base_model.model." + path + ".lora_A.weight");
            INDArray theirB = init.get("base_model.model." + path + ".lora_B.weight");
            signed(path + ": A", a, theirA, checks);
            signed(path + ": B", b.transpose().dup('c'), theirB.transpose().dup('c'), checks);
            INDArray residual = golden.expected("resid.").get(path + ".weight");
            checks.that(
                    CHECK,
                    (residual == null) == started.givenUp().isEmpty(),
                    "the base gives up " + started.givenUp().keySet());
            if (residual != null && !name.equals("lora_ga")) {
                // Signs of LoRA-GA's products are free as well.
                INDArray left = golden.base()
                        .get(path + ".weight")
                        .sub(b.mmul(a).mul(started.config().scalingOf(path)));
                checks.close("residual", path, left, residual);
            }
        });
        checks.that(
                CHECK,
                started.factors().size() * 2 == init.size(),
                "modules are " + started.factors().keySet());
    }

    private static void plain(ObjectNode config) {
        config.put("init_lora_weights", true);
    }

    private static LoraStart start(String name, JsonNode file) throws UnsupportedAdapterVersionException {
        return switch (name) {
            case "eva" ->
                new EvaStart(
                        file.at("/eva_config/rho").asDouble(),
                        file.at("/eva_config/tau").asDouble(),
                        file.at("/eva_config/whiten").asBoolean(),
                        file.at("/eva_config/adjust_scaling_factors").asBoolean());
            case "corda" ->
                new CordaStart(
                        file.at("/corda_config/corda_method").asText().equals("ipm")
                                ? CordaStart.Mode.INSTRUCTION_PREVIEWED
                                : CordaStart.Mode.KNOWLEDGE_PRESERVED);
            default ->
                new LoraGaStart(
                        DIRECTIONS.get(known(DIRECTIONS, file, "direction")),
                        SCALES.get(known(SCALES, file, "scale")),
                        file.at("/lora_ga_config/stable_gamma").asDouble());
        };
    }

    private static String known(Map<String, ?> table, JsonNode file, String field)
            throws UnsupportedAdapterVersionException {
        String value = file.path("lora_ga_config").path(field).asText();
        if (!table.containsKey(value)) {
            throw new UnsupportedAdapterVersionException("LoRA-GA with " + field + " = " + value);
        }
        return value;
    }

    private static List<Map<String, INDArray>> batches(GoldenCase golden, String name) {
        List<Map<String, INDArray>> batches = new ArrayList<>();
        for (int i = 0; golden.io().containsKey(name + ".batch." + i); i++) {
            Map<String, INDArray> batch = new LinkedHashMap<>();
            batch.put("x", golden.io().get(name + ".batch." + i));
            INDArray target = golden.io().get(name + ".target." + i);
            if (target != null) {
                batch.put("target", target);
            }
            batches.add(batch);
        }
        return batches;
    }

    /** Singular vectors are equal up to their sign. */
    private static void signed(String item, INDArray found, INDArray expected, CheckList checks) {
        INDArray turned = found.dup('c');
        for (long row = 0; row < Math.min(found.size(0), expected.size(0)); row++) {
            double along =
                    found.getRow(row).mul(expected.getRow(row)).sumNumber().doubleValue();
            turned.getRow(row).muli(along < 0 ? -1 : 1);
        }
        checks.close(CHECK, item, turned, expected);
    }

    /** The saved adapter has no base that could be had; what PEFT made of it has. */
    private void converted(GoldenCase golden, CheckList checks) throws IOException {
        try {
            Adapter.load(golden.directory());
            checks.that(CHECK, false, "the adapter is loaded, though its base is in no file");
        } catch (UnsupportedAdapterVersionException e) {
            checks.note("refused, and its conversion checked: " + CheckList.oneLine(e.getMessage()));
        }
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        model.add("converted", Adapter.load(golden.directory().resolve("converted")));
        model.activate("converted");
        INDArray expected = golden.io().get("y_converted");
        checks.close("y_converted", "output", model.output(), expected);
        checks.close("y_converted", "merged", model.mergeAndUnload().output(), expected);
        checks.close("y_converted", "y_adapter", golden.io().get("y_adapter"), expected);
    }
}
