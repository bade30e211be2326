/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.cases.Tolerance;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ConvertedAdapter;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter of any method becomes the plain LoRA that PEFT makes of it: config, ranks, updates, outputs, refusals. */
final class LoraConversionChecks {

    private static final String CHECK = "conversion";

    private static final Pattern REFUSED = Pattern.compile("convert_to_lora\\(rank=([0-9.]+)\\)");

    /** What says when and how a file was written, and not what is in it. */
    private static final Set<String> ABOUT_THE_FILE = Set.of("inference_mode", "peft_version");

    private final ModelHost host;

    LoraConversionChecks(ModelHost host) {
        this.host = host;
    }

    void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        JsonNode asked = golden.about().path("conversion");
        if (asked.isMissingNode()) {
            return;
        }
        Adapter adapter = adapters.get(golden.mergedAdapters().get(0));
        ConvertedAdapter converted = converted(golden, adapter, asked.path("rank"));
        asked.path("ranks")
                .properties()
                .forEach(rank -> checks.that(
                        CHECK,
                        Integer.valueOf(rank.getValue().intValue())
                                .equals(converted.ranks().get(rank.getKey())),
                        rank.getKey() + " has rank " + converted.ranks().get(rank.getKey()) + ", expected "
                                + rank.getValue()));
        AdapterTensors.inTemporaryFolder(saved -> {
            converted.adapter().save(saved);
            SaveChecks.checkConfig(
                    "converted config", golden.directory().resolve("converted"), saved, ABOUT_THE_FILE, checks);
            checks.that(CHECK, Adapter.load(saved).equals(converted.adapter()), "read again it is another adapter");
            return null;
        });
        deltas(golden, converted, checks);
        for (JsonNode refusal : golden.about().path("refusals")) {
            Matcher rank = REFUSED.matcher(refusal.path("action").asText());
            if (rank.matches()) {
                checks.that(CHECK, refuses(golden, adapter, rank.group(1)), refusal + " is not refused");
            }
        }
        if (host.knows(golden)) {
            HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
            model.add("converted", converted.adapter());
            model.activate("converted");
            INDArray expected = golden.io().get("y_converted");
            checks.close("y_converted", "output", model.output(), expected);
            checks.close("y_converted", "merged", model.mergeAndUnload().output(), expected);
        }
    }

    private static void deltas(GoldenCase golden, ConvertedAdapter converted, CheckList checks) throws IOException {
        Map<String, INDArray> merged = MergeChecks.merged(golden, List.of(converted.adapter()));
        golden.expected("converted_delta.").forEach((module, delta) -> {
            String weight = module + ".weight";
            checks.close(
                    "converted updates",
                    module,
                    merged.get(weight).sub(golden.base().get(weight)),
                    delta);
        });
        golden.expected("singular_values.").forEach((module, values) -> {
            double[] sizes = Tolerance.values(values);
            double lost = 0;
            double all = 0;
            for (int i = 0; i < sizes.length; i++) {
                all += sizes[i] * sizes[i];
                lost += i < converted.ranks().get(module) ? 0 : sizes[i] * sizes[i];
            }
            double error = converted.relativeErrors().get(module);
            checks.that(
                    CHECK,
                    Math.abs(error - Math.sqrt(lost / all)) < 1e-5,
                    module + " has the error " + error + ", expected " + Math.sqrt(lost / all));
        });
    }

    private static ConvertedAdapter converted(GoldenCase golden, Adapter adapter, JsonNode rank) throws IOException {
        AdapterConversion conversion = AdapterConversion.of(adapter);
        return (rank.isInt() ? conversion.rank(rank.intValue()) : conversion.energy(rank.doubleValue()))
                .on(ModelWeights.of(golden.base()));
    }

    private static boolean refuses(GoldenCase golden, Adapter adapter, String rank) throws IOException {
        AdapterConversion conversion = AdapterConversion.of(adapter);
        try {
            (rank.contains(".") ? conversion.energy(Double.parseDouble(rank)) : conversion.rank(Integer.parseInt(rank)))
                    .on(ModelWeights.of(golden.base()));
            return false;
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}
