/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.combine.DareMasks;
import org.lora4j.combine.MajoritySign;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Combining the adapters of a case, in PEFT's way and with its masks, gives PEFT's updates. */
final class CombineChecks {

    private static final String MASK = "mask.";

    private CombineChecks() {}

    static void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        if (!golden.about().has("combination_type")) {
            return;
        }
        Map<String, INDArray> expected = golden.expected("delta.");
        checks.that("combined updates", !expected.isEmpty(), "the case has no delta.*");
        Adapter stored = adapters.get(golden.mergedAdapters().get(0));
        Adapter combined = combined(golden, adapters);
        compare(golden, combined, expected, "combined updates", checks);
        compare(golden, stored, expected, "updates of the stored result", checks);
    }

    /** An update is what merging adds to the weight: that needs no knowledge of factors. */
    private static void compare(
            GoldenCase golden, Adapter adapter, Map<String, INDArray> expected, String check, CheckList checks)
            throws IOException {
        Map<String, INDArray> merged = MergeChecks.merged(golden, List.of(adapter));
        expected.forEach((module, update) -> {
            String weight = module + ".weight";
            INDArray base = golden.base().get(weight);
            checks.close(check, module, merged.getOrDefault(weight, base).sub(base), update);
        });
        merged.keySet()
                .forEach(weight -> checks.that(
                        check,
                        expected.containsKey(weight.replaceAll("\\.weight$", ""))
                                || adapter.savedParameters().containsKey(weight),
                        weight + " changes and is not in the case"));
    }

    private static Adapter combined(GoldenCase golden, Map<String, Adapter> adapters) {
        JsonNode about = golden.about();
        List<String> names = golden.strings("adapters");
        JsonNode arguments = about.path("args");
        Combine combine = Combine.of(names.stream().map(adapters::get).toList())
                .weights(StreamSupport.stream(about.path("weights").spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .toArray())
                .algorithm(CombineAlgorithm.valueOf(
                        about.path("combination_type").asText().toUpperCase(Locale.ROOT)))
                .peftCompatible();
        // PEFT ignores an argument that the kind has no use for; we refuse it.
        String kind = about.path("combination_type").asText();
        if (arguments.hasNonNull("density") && kind.matches("(ties|dare|magnitude).*")) {
            combine.density(arguments.get("density").asDouble());
        }
        if (arguments.hasNonNull("majority_sign_method") && kind.contains("ties")) {
            combine.majoritySign(MajoritySign.valueOf(
                    arguments.get("majority_sign_method").asText().toUpperCase(Locale.ROOT)));
        }
        if (arguments.hasNonNull("svd_rank") && kind.endsWith("svd")) {
            combine.rank(arguments.get("svd_rank").asInt());
        }
        if (arguments.hasNonNull("svd_clamp") && kind.endsWith("svd")) {
            combine.clampQuantile(arguments.get("svd_clamp").asDouble());
        }
        if (!golden.expected(MASK).isEmpty()) {
            combine.masks((module, part, adapter) -> {
                INDArray mask = mask(golden, module, part, names.get(adapter));
                // PEFT prunes the update as the weight lies, and lets inputs be rows where the config says so.
                boolean turned = part == DareMasks.Part.UPDATE
                        && adapters.get(names.get(adapter)).config().fanInFanOut();
                return turned ? mask.transpose().dup('c') : mask;
            });
        } else if (kind.startsWith("dare")) {
            // With a density of 1 nothing is drawn.
            combine.seed(0);
        }
        return combine.combine();
    }

    /** {@code mask.<module>.<part>.<adapter>}; where the part is called otherwise, the only mask that it can be. */
    private static INDArray mask(GoldenCase golden, String module, DareMasks.Part part, String adapter) {
        Map<String, INDArray> masks = golden.expected(MASK);
        String embedding = part.peftName().replace("lora_", "lora_embedding_");
        for (String name : List.of(part.peftName(), embedding)) {
            INDArray mask = masks.get(module + "." + name + "." + adapter);
            if (mask != null) {
                return mask;
            }
        }
        List<String> possible = masks.keySet().stream()
                .filter(key -> key.startsWith(module + ".") && key.endsWith("." + adapter))
                .toList();
        if (possible.size() != 1) {
            throw new IllegalArgumentException("the case has the masks " + masks.keySet() + "; expected one for the "
                    + part.peftName() + " of \"" + module + "\" and adapter \"" + adapter + "\"");
        }
        return masks.get(possible.get(0));
    }
}
