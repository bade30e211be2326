/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;

/** Damaged files are refused, when they are loaded or when they meet their base. */
final class MalformedChecks {

    private static final String PICKLE = "adapter_model.bin";

    private MalformedChecks() {}

    static void run(GoldenCase golden, ModelHost host, CheckList checks) {
        String expect = golden.about().path("expect").asText();
        boolean loadable = isLoadable(expect);
        if (!loadable && !expect.startsWith("reject")) {
            checks.that("expect", false, "\"" + expect + "\" is unknown to the harness");
            return;
        }
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        if (refuses("load", expect, checks, () -> {
            for (String name : golden.adapters()) {
                adapters.put(name, Adapter.load(golden.folderOf(name)));
            }
        })) {
            return;
        }
        boolean refused =
                refuses("merge", expect, checks, () -> MergeChecks.merged(golden, List.copyOf(adapters.values())));
        boolean runnable = golden.io().containsKey("x") || golden.io().containsKey("ids");
        if (runnable && host.knows(golden)) {
            refused = refuses("network", expect, checks, () -> add(golden, host, adapters)) && refused;
        }
        checks.that("refusal", refused || loadable, "loaded and applied without a refusal, expected: " + expect);
    }

    /** Whether loading is an answer, too: "load with a tensor-only pickle reader, or reject naming the file". */
    private static boolean isLoadable(String expect) {
        return expect.startsWith("load");
    }

    private static void add(GoldenCase golden, ModelHost host, Map<String, Adapter> adapters) throws IOException {
        HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
        for (Map.Entry<String, Adapter> adapter : adapters.entrySet()) {
            model.add(adapter.getKey(), adapter.getValue());
        }
    }

    private static boolean refuses(String stage, String expect, CheckList checks, CheckList.Action action) {
        try {
            action.run();
            return false;
        } catch (AdapterFormatException e) {
            boolean named = !expect.contains("naming the file")
                    || String.valueOf(e.getMessage()).contains(PICKLE);
            checks.that("refusal", expect.contains("reject"), "refused, expected: " + expect + "; " + e.getMessage());
            checks.note("refused: " + CheckList.oneLine(e.getMessage()));
            checks.that("refusal", named, "does not name " + PICKLE + ": " + e.getMessage());
        } catch (Exception e) {
            checks.that(stage, false, "refused by " + CheckList.describe(e) + ", expected an AdapterFormatException");
        }
        return true;
    }
}
