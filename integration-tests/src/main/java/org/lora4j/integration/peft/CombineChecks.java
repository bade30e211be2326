/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.io.IOException;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.integration.peft.cases.GoldenCase;

/** Combining the adapters of a case gives PEFT's updates. */
final class CombineChecks {

    private CombineChecks() {}

    static void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        if (golden.about().has("combination_type")) {
            throw new UnsupportedAdapterVersionException("combine: not part of this build");
        }
    }
}
