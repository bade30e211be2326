/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;

/** What writes a model with adapters merged into its weights. */
abstract class MergingExport<B extends MergingExport<B>> extends CardedExport<B> {

    final List<Adapter> adapters = new ArrayList<>();

    /**
     * Adds an adapter to merge.
     *
     * @param adapter the adapter; several are merged one after the other
     * @return this builder
     */
    public B adapter(Adapter adapter) {
        adapters.add(Arguments.required(adapter, getClass().getSimpleName() + ".adapter: adapter", "one"));
        return self();
    }
}
