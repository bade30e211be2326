/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.error.Problems;
import org.lora4j.model.AdaptedModel;

/** Adapters that are in a model for the time of a trial. Whatever happens, the model is then as it was before. */
record AdapterTrials(AdaptedModel model) {

    private static final String NAME = "advice";

    /** Refuses a model of which no other adapter can act. */
    void check(Problems problems) {
        problems.check(
                model.mergedAdapters().isEmpty(),
                Problems.quoted(model.mergedAdapters())
                        + " is merged into the weights, expected no merged adapter; call unmerge() first");
    }

    /**
     * Does something while one adapter acts alone.
     *
     * @param add adds it under the name given
     * @param work is told the name
     */
    <R> R during(Consumer<String> add, Function<String, R> work) {
        String name = freeName();
        List<String> active = model.activeAdapters();
        boolean enabled = model.isEnabled();
        add.accept(name);
        try {
            model.activate(name);
            model.enable();
            return work.apply(name);
        } finally {
            model.activate(active.toArray(new String[0]));
            if (!enabled) {
                model.disable();
            }
            model.removeAdapter(name);
        }
    }

    private String freeName() {
        List<String> taken = model.adapterNames();
        String name = NAME;
        for (int i = 2; taken.contains(name); i++) {
            name = NAME + i;
        }
        return name;
    }
}
