/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients, or values, of an adapter by PEFT's key and in PEFT's layout. */
final class PeftGradients {

    private PeftGradients() {}

    static Map<String, INDArray> of(LiveAdapter adapter, Map<String, INDArray> byVariable) {
        Map<String, INDArray> byKey = new LinkedHashMap<>();
        adapter.modules()
                .values()
                .forEach(part -> part.factors().forEach((suffix, live) -> {
                    INDArray gradient = byVariable.get(live.variable());
                    byKey.put(
                            PeftKeys.factor(
                                    part.target().path(),
                                    PeftTensor.ofSuffix(suffix).orElseThrow()),
                            part.target()
                                    .layout(suffix)
                                    .toPeft(gradient, part.module().shape()));
                }));
        adapter.tokens()
                .forEach((path, tokens) -> byKey.put(
                        PeftKeys.factor(path, PeftTensor.TOKEN_ROWS),
                        byVariable.get(tokens.live().variable())));
        Set<String> adapted = adapter.modules().values().stream()
                .map(part -> part.target().path())
                .collect(Collectors.toSet());
        adapter.copies()
                .forEach((path, copy) -> byKey.put(
                        PeftKeys.saved(path, adapted),
                        copy.parameter().toPeft(byVariable.get(copy.live().variable()))));
        return byKey;
    }
}
