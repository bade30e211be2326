/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.cases.Tolerance;
import org.lora4j.integration.peft.host.Dl4jHost;
import org.lora4j.integration.peft.host.HostModel;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.integration.peft.host.ModelHost;
import org.lora4j.integration.peft.host.SameDiffHost;

/** Runs all checks of a case. */
final class CaseRunner {

    /** What is checked of a sound case. */
    @FunctionalInterface
    private interface CaseCheck {
        void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws Exception;
    }

    private final ModelHost host;

    /** Without a network first, so that a host that lacks something leaves the rest to be seen. */
    private final Map<String, CaseCheck> table = new LinkedHashMap<>();

    private final boolean onlyNetworks;

    private CaseRunner(ModelHost host, boolean onlyNetworks) {
        this.host = host;
        this.onlyNetworks = onlyNetworks;
        if (onlyNetworks) {
            table.put("save", this::saveFromNetwork);
        } else {
            table.put("save", SaveChecks::run);
            table.put("merged weights", MergeChecks::run);
            table.put("combine", CombineChecks::run);
        }
        table.put("network", new NetworkChecks(host)::run);
        table.put("conversion", new LoraConversionChecks(host)::run);
        table.put("start values", new StartChecks(host)::run);
        table.put("training", new TrainingChecks(host)::run);
    }

    /** Everything there is to check of a case, its networks in one host. */
    static CaseRunner of(ModelHost host) {
        return new CaseRunner(host, false);
    }

    /** What a host adds to what was checked before: a case without a network in it is one that it does not support. */
    static CaseRunner ofNetworks(ModelHost host) {
        return new CaseRunner(host, true);
    }

    /** The hosts, the first with everything. */
    static List<CaseRunner> ofAllHosts() {
        return List.of(of(new SameDiffHost()), ofNetworks(new Dl4jHost()));
    }

    ModelHost host() {
        return host;
    }

    CaseResult run(Path folder) {
        CheckList checks = new CheckList(new Tolerance(0, 0));
        String name = folder.getFileName().toString();
        String family = "unknown";
        boolean required = true;
        try {
            GoldenCase golden = GoldenCase.read(folder);
            name = golden.name();
            family = golden.family();
            required = Requirements.include(golden)
                    && (!onlyNetworks || host.lacks(golden).isEmpty() && !DataStartChecks.needsStart(golden));
            checks = new CheckList(golden.tolerance());
            if (onlyNetworks && host.lacks(golden).isPresent()) {
                checks.unsupported(host.lacks(golden).get());
            } else if (family.equals(GoldenCase.MALFORMED)) {
                MalformedChecks.run(golden, host, checks);
            } else {
                sound(golden, checks);
            }
        } catch (IOException e) {
            checks.that("read the case", false, CheckList.describe(e));
        }
        return CaseResult.of(name, family, folder, checks, required);
    }

    private void sound(GoldenCase golden, CheckList checks) throws IOException {
        if (DataStartChecks.include(golden) && host.knows(golden)) {
            DataStartChecks data = new DataStartChecks(host);
            if (onlyNetworks) {
                checks.note("starts from data are for SameDiff graphs");
                if (DataStartChecks.needsStart(golden)) {
                    checks.unsupported("a start from data, and no conversion of it");
                }
                checks.attempt("start from data", () -> data.runConverted(golden, checks));
            } else {
                checks.attempt("start from data", () -> data.run(golden, checks));
            }
            if (golden.family().equals("lora-init-data")) {
                return;
            }
        }
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        for (String name : names(golden)) {
            boolean loaded = checks.attempt("load", () -> {
                adapters.put(name, golden.load(golden.folderOf(name)));
                checks.that("load", true, "");
            });
            if (!loaded) {
                return;
            }
        }
        table.forEach((name, check) -> checks.attempt(name, () -> check.run(golden, adapters, checks)));
        if (!host.knows(golden)) {
            checks.note("network not built: unknown model '" + golden.model() + "'");
        }
        List<String> unknown = golden.io().keySet().stream()
                .filter(key -> !IoKeys.isKnown(key))
                .toList();
        if (!unknown.isEmpty() && !onlyNetworks) {
            checks.note("not checked, unknown to the harness: " + unknown);
        }
    }

    /** What a network that acts hands out is what it got. */
    private void saveFromNetwork(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks)
            throws IOException {
        Map<String, Adapter> handedOut = new LinkedHashMap<>();
        for (Map.Entry<String, Adapter> adapter : adapters.entrySet()) {
            HostModel model = host.build(golden, Loss.SUM_OF_SQUARES);
            model.add(adapter.getKey(), adapter.getValue());
            model.activate(adapter.getKey());
            model.output();
            handedOut.put(adapter.getKey(), model.adapter(adapter.getKey()));
        }
        SaveChecks.run(golden, handedOut, checks);
    }

    private static List<String> names(GoldenCase golden) throws IOException {
        List<String> names = new ArrayList<>(golden.adapters());
        golden.mergedAdapters().stream().filter(name -> !names.contains(name)).forEach(names::add);
        return names;
    }
}
